#include "gemel/features/personal_counts.h"

#include <cmath>

#include "gemel/base/check.h"
#include "gemel/numerics/kernels.h"

namespace gemel {
namespace {
constexpr std::size_t kAgesKept = 2048;  // days whose decay is looked up: training asks for millions
constexpr float kCountsPerUnit = 10;     // 1 / 0.1
}  // namespace

PersonalCounts::PersonalCounts(std::vector<double> half_life_days, std::vector<std::uint8_t> is_counted, std::size_t num_items)
    : half_life_days_(std::move(half_life_days)), is_counted_(std::move(is_counted)), num_items_(num_items) {
  for (const std::uint8_t counted : is_counted_) {
    first_value_.push_back(static_cast<std::uint32_t>(num_counted_ * half_life_days_.size()));
    num_counted_ += counted != 0;
  }
  for (const double half_life : half_life_days_) {
    GEMEL_CHECK(half_life > 0);
    auto& decays = decay_of_age_.emplace_back();
    for (std::size_t age = 0; age < kAgesKept; ++age)
      decays.push_back(static_cast<float>(std::exp2(-static_cast<double>(age) / half_life)));
  }
}

float PersonalCounts::decay(std::size_t half_life, std::int64_t age_days) const {
  const auto age = static_cast<std::size_t>(age_days);
  if (age < kAgesKept) return decay_of_age_[half_life][age];
  return static_cast<float>(std::exp2(-static_cast<double>(age_days) / half_life_days_[half_life]));
}

void PersonalCounts::count(std::span<const HistoryItem> history, TimePoint at, std::span<const std::uint32_t> wanted, Scratch& scratch,
                           Of& out) const {
  out.items.clear();
  out.values.clear();
  if (num_values() == 0) return;
  auto& place_of_item = scratch.place_of_item_;
  place_of_item.resize(num_items_, 0);
  const Day today = day_of(at);
  for (const HistoryItem& past : history) {
    const std::size_t item = to_size(past.item), action = to_size(past.action);
    if (!is_counted_[action] || (!wanted.empty() && wanted[item] == 0)) continue;
    if (place_of_item[item] == 0) {
      out.items.push_back(static_cast<std::uint32_t>(item));
      out.values.resize(out.values.size() + num_values(), 0.0f);
      place_of_item[item] = static_cast<std::uint32_t>(out.items.size());
    }
    float* counts = out.values.data() + (place_of_item[item] - 1) * num_values() + first_value_[action];
    const std::int64_t age_days = (today - day_of(past.at)).count();
    for (std::size_t h = 0; h < half_life_days_.size(); ++h) counts[h] += decay(h, age_days);
  }
  for (const std::uint32_t item : out.items) place_of_item[item] = 0;
  kernels().log_one_plus(kCountsPerUnit, out.values.data(), out.values.size());
}

}  // namespace gemel
