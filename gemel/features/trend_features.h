// What recent sales say of a product on a day, as numbers that a small network makes a bias of: how well it sells and which way that
// goes, how old it is, how its brand or category sells, the season. With half-lives 0 .. H-1, shares relative to a uniform one:
//
//   level         log share of the longest half-life
//   acceleration  log share of half-life h - that of h + 1, for each h < H - 1: above 0 where sales rise
//   the same of each group that the product belongs to
//   age           log(1 + days since the first sale); whether it was sold at all
//   without id    1 where the towers have no embedding of its own for it
//   season        the year as a sine and a cosine
//
// Training asks a PopularityTimeline, serving DecayedCounts; both go through fill().
// Thread safety: const.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "gemel/data/decayed_counts.h"
#include "gemel/features/popularity_timeline.h"
#include "gemel/numerics/matrix.h"

namespace gemel {

// Products that share a value of a feature, such as the brand.
struct TrendGroup {
  std::string name;
  std::vector<std::uint32_t> group_of_item;  // [num_items]
  std::uint32_t num_groups = 0;
};

class TrendFeatures {
 public:
  TrendFeatures() = default;
  // half_life_days ascending.
  TrendFeatures(std::vector<double> half_life_days, std::size_t num_items, std::vector<TrendGroup> groups);

  std::size_t num_inputs() const { return num_inputs_; }
  const std::vector<TrendGroup>& groups() const { return groups_; }

  // Of all products as of the day of the counters. without_id [num_items]. -> [num_items, num_inputs]
  void of_counts(const DecayedCounts& counts, std::span<const std::uint8_t> without_id, Matrix& out) const;

  // The same for `items` as of each of `days` (ascending), out of the training period. group_timelines: make_group_timelines();
  // log_shares [half-lives] of [days, items]: what timeline.log_shares gave. -> [days x items, num_inputs], by day
  void of_days(const PopularityTimeline& timeline, std::span<const PopularityTimeline> group_timelines, std::span<const Day> days,
               std::span<const std::uint32_t> items, std::span<const Matrix> log_shares, std::span<const std::uint8_t> without_id,
               Matrix& out, ThreadPool& pool) const;
  std::vector<PopularityTimeline> make_group_timelines(const TrainView& view) const;

 private:
  // As of the start of a day; spans by half-life.
  struct Moment {
    Day day;
    std::vector<std::span<const float>> log_shares;  // of [items]
    std::vector<std::vector<std::span<const float>>> group_log_shares;  // [groups] of [half-lives] of [num_groups]
  };
  void fill(const Moment& moment, std::span<const std::uint32_t> items, std::span<const std::int32_t> first_days,
            std::span<const std::uint8_t> without_id, MatrixView out) const;

  std::vector<double> half_life_days_;
  std::size_t num_items_ = 0, num_inputs_ = 0;
  std::vector<TrendGroup> groups_;
};

}  // namespace gemel
