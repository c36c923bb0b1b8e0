#include "gemel/data/decayed_counts.h"

#include <algorithm>
#include <cmath>

namespace gemel {
namespace {

// What is left of a count after some days.
double decay(double days, double half_life_days) { return std::isinf(half_life_days) ? 1 : std::exp2(-days / half_life_days); }

double days_between(Day from, Day to) { return static_cast<double>((to - from).count()); }

}  // namespace

DecayedCounts::DecayedCounts(std::vector<double> half_life_days, std::size_t num_items)
    : half_life_days_(std::move(half_life_days)), num_items_(num_items) {
  for (const double half_life : half_life_days_) GEMEL_CHECK(half_life > 0);
  counts_.assign(half_life_days_.size() * num_items_, 0);
  totals_.assign(half_life_days_.size(), 0);
  first_days_.assign(num_items_, kNeverSold);
}

void DecayedCounts::roll(const Dataset& dataset, std::size_t num_events, Day day) {
  GEMEL_CHECK(num_events <= dataset.num_events() && dataset.num_items() <= num_items_);
  GEMEL_CHECK(!started_ || day >= day_, "days only go forward");
  // Without days nothing grows old, and what is known counts.
  const bool ages = has_days(dataset.time_kind());
  std::size_t end = num_events_;
  while (end < num_events && (!ages || day_of(dataset.times()[end]) < day)) ++end;

  for (std::size_t h = 0; h < half_life_days_.size(); ++h) {
    const std::span<double> counts(counts_.data() + h * num_items_, num_items_);
    const double kept = started_ && ages ? decay(days_between(day_, day), half_life_days_[h]) : 1;
    if (kept != 1)
      for (double& count : counts) count *= kept;
    for (std::size_t event = num_events_; event < end; ++event) {
      const ActionIndex action = dataset.actions()[event];
      if (!dataset.is_target(action)) continue;
      const double age = ages ? days_between(day_of(dataset.times()[event]), day) : 0;
      counts[to_size(dataset.items()[event])] += dataset.action_weight(action) * decay(age, half_life_days_[h]);
    }
    totals_[h] = 0;
    for (const double count : counts) totals_[h] += count;
  }
  for (std::size_t event = num_events_; event < end; ++event) {
    if (!dataset.is_target(dataset.actions()[event])) continue;
    std::int32_t& first = first_days_[to_size(dataset.items()[event])];
    first = std::min(first, static_cast<std::int32_t>(day_of(dataset.times()[event]).time_since_epoch().count()));
  }
  day_ = day;
  started_ = true;
  num_events_ = std::max(num_events_, end);
}

std::span<const double> DecayedCounts::counts(std::size_t half_life) const {
  GEMEL_CHECK(half_life < half_life_days_.size());
  return {counts_.data() + half_life * num_items_, num_items_};
}

void DecayedCounts::log_shares(std::size_t half_life, std::span<float> out) const {
  GEMEL_CHECK(out.size() == num_items_);
  const auto counts = this->counts(half_life);
  const double per_count = totals_[half_life] > kFadedTotal ? 1 / totals_[half_life] : 0;
  const double floor = 0.1 / static_cast<double>(std::max<std::size_t>(num_items_, 1));
  for (std::size_t item = 0; item < num_items_; ++item) out[item] = static_cast<float>(std::log(counts[item] * per_count + floor));
}

DecayedCounts::Snapshot DecayedCounts::snapshot() const { return {half_life_days_, counts_, day_, num_events_, first_days_}; }

DecayedCounts DecayedCounts::from_snapshot(Snapshot snapshot, std::size_t num_items) {
  DecayedCounts counts(std::move(snapshot.half_life_days), num_items);
  GEMEL_CHECK(snapshot.counts.size() == counts.counts_.size());
  counts.counts_ = std::move(snapshot.counts);
  counts.day_ = snapshot.day;
  counts.num_events_ = snapshot.num_events;
  counts.started_ = true;
  if (!snapshot.first_days.empty()) counts.first_days_ = std::move(snapshot.first_days);
  GEMEL_CHECK(counts.first_days_.size() == num_items);
  for (std::size_t h = 0; h < counts.half_life_days_.size(); ++h)
    for (const double count : counts.counts(h)) counts.totals_[h] += count;
  return counts;
}

}  // namespace gemel
