// Decayed counts of every product as of every day of the training period, sparse: the popularity prior of a training example is the
// state of the counters at the end of the day before it. The same numbers as DecayedCounts rolled to that day, for many days at once.
// Memory: an entry for each (product, day with a sale) and half-life; no [days, num_items] table.
// Thread safety: const after construction.
#pragma once

#include <span>
#include <vector>

#include "gemel/data/split.h"
#include "gemel/numerics/matrix.h"
#include "gemel/numerics/thread_pool.h"

namespace gemel {

class PopularityTimeline {
 public:
  // The target events of the view. half_life_days > 0 each (kNoDecay allowed).
  PopularityTimeline(const TrainView& view, std::vector<double> half_life_days);

  // Of groups in place of products: group_of_item [num_items] names the group, below num_groups, that a sale counts for.
  PopularityTimeline(const TrainView& view, std::vector<double> half_life_days, std::span<const std::uint32_t> group_of_item,
                     std::size_t num_groups);

  std::size_t num_half_lives() const { return half_life_days_.size(); }

  // out[h](r, c) = log(share + 0.1 / num_items) of items[c] for half-life h as of the start of days[r]; days ascending. out [half-lives]
  // is resized to [days, items] each.
  void log_shares(std::span<const Day> days, std::span<const std::uint32_t> items, std::vector<Matrix>& out, ThreadPool& pool) const;

  // As DecayedCounts::first_days, of the whole view: what lies at or after the day that is looked at is not known by then.
  std::int32_t first_day(std::uint32_t item) const;

 private:
  double total(std::size_t half_life, std::int32_t day) const;

  std::vector<double> half_life_days_;
  std::size_t num_items_ = 0;
  // An entry stands for a product's day with a sale; by product, then day.
  std::vector<std::uint32_t> offsets_;            // [num_items + 1]
  std::vector<std::int32_t> entry_days_;          // [entries], since 1970
  std::vector<std::vector<float>> log2_counts_;   // [half_lives][entries], decayed to that day, its own sales included
  std::int32_t first_day_ = 0;
  std::vector<std::vector<double>> totals_;       // [half_lives][days]: as of the start of first_day_ + i
};

}  // namespace gemel
