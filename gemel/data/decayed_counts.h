// Decayed counts of products as of a day: what popularity, the popularity prior and the bundle's state stand on.
// A product's count for half-life h as of day D is the sum over its target-action events before D of weight * 2^-(D - day(event)) / h),
// in days, the weight being the action's of shop.toml; an infinite half-life counts all alike. Nothing of day D itself is known.
// Where the Dataset has no days (TimeKind::kNone, kOrder), every known event counts in full.
// Thread safety: const methods by any number of threads; roll by one.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "gemel/data/dataset.h"
#include "gemel/data/ids.h"

namespace gemel {

inline constexpr double kFadedTotal = 1e-200;  // a total this small is of sales so long ago that they say nothing: shares are 0
inline constexpr double kNoDecay = std::numeric_limits<double>::infinity();  // half-life of a plain count

class DecayedCounts {
 public:
  DecayedCounts() = default;
  // half_lives in days, each > 0, or kNoDecay.
  DecayedCounts(std::vector<double> half_life_days, std::size_t num_items);

  // Moves forward to the start of `day`, adding the target events of [counted events, num_events) that lie before it. Days only go forward.
  void roll(const Dataset& dataset, std::size_t num_events, Day day);

  Day day() const { return day_; }
  std::size_t num_items() const { return num_items_; }
  const std::vector<double>& half_life_days() const { return half_life_days_; }
  std::span<const double> counts(std::size_t half_life) const;  // [num_items], as of day()
  double total(std::size_t half_life) const { return totals_[half_life]; }

  // log(share + 0.1 / num_items) of one count: the popularity prior of DESIGN section 3. -> [num_items]
  void log_shares(std::size_t half_life, std::span<float> out) const;

  // Day of each product's first counted event, since 1970; kNeverSold without one. [num_items]
  static constexpr std::int32_t kNeverSold = std::numeric_limits<std::int32_t>::max();
  std::span<const std::int32_t> first_days() const { return first_days_; }

  // For bundles.
  struct Snapshot {
    std::vector<double> half_life_days;
    std::vector<double> counts;  // [half_lives, num_items]
    Day day;
    std::size_t num_events;
    std::vector<std::int32_t> first_days = {};  // empty: not kept
  };
  Snapshot snapshot() const;
  static DecayedCounts from_snapshot(Snapshot snapshot, std::size_t num_items);

 private:
  std::vector<double> half_life_days_;
  std::size_t num_items_ = 0;
  Day day_{};
  bool started_ = false;
  std::size_t num_events_ = 0;  // events [0, this) of the Dataset are counted
  std::vector<double> counts_;  // [half_lives, num_items]
  std::vector<double> totals_;  // [half_lives]
  std::vector<std::int32_t> first_days_;  // [num_items]
};

}  // namespace gemel
