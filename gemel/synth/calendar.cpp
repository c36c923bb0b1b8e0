#include "gemel/synth/calendar.h"

#include <algorithm>
#include <cmath>

namespace gemel::synth {
namespace {

constexpr double kWeekdays[] = {1.2, 1.05, .95, .95, 1.0, .9, .95};  // Sunday first
constexpr double kGrowth = .1;                                     // of the log, over the year
// Nobody comes between 22 and 6, so that a visit is over before the day is. A hump at noon, a higher one in the evening.
constexpr double kHours[24] = {0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 6.5, 6, 5, 5, 5.5, 6, 7, 8.5, 9.5, 8, 0, 0};

double bump(double day, double peak, double width, double height) {
  const double away = (day - peak) / width;
  return height * std::exp(-away * away / 2);
}

}  // namespace

Calendar::Calendar() {
  for (std::size_t day = 0; day < kNumDays; ++day) {
    const auto at = static_cast<double>(day);
    const std::chrono::weekday weekday{kFirstDay + std::chrono::days(day)};
    const double log_visits = kGrowth * at / kNumDays + bump(at, 344, 14, .4) + bump(at, 331, 1.5, .6) - bump(at, 358, 1.5, .8);
    cumulative_[day + 1] = cumulative_[day] + kWeekdays[weekday.c_encoding()] * std::exp(log_visits);
  }
  for (std::size_t hour = 0; hour < 24; ++hour) hours_[hour + 1] = hours_[hour] + kHours[hour];
}

Second Calendar::draw(std::size_t first_day, Rng& rng) const {
  const double wanted = cumulative_[first_day] + rng.uniform() * (cumulative_[kNumDays] - cumulative_[first_day]);
  const auto after = std::upper_bound(cumulative_.begin() + static_cast<std::ptrdiff_t>(first_day), cumulative_.end() - 1, wanted);
  const std::ptrdiff_t day = after - cumulative_.begin() - 1;
  const auto hour = std::upper_bound(hours_.begin(), hours_.end() - 1, rng.uniform() * hours_.back()) - hours_.begin() - 1;
  return day * kSecondsADay + hour * 3600 + static_cast<Second>(rng.below(3600));
}

}  // namespace gemel::synth
