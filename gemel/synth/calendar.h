// When customers come: the rhythm of the year, the week and the day. Thread safety: const after construction.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "gemel/data/ids.h"
#include "gemel/numerics/rng.h"
#include "gemel/synth/world_rules.h"

namespace gemel::synth {

// Seconds since the start of the year: what the simulation counts in. A visit never passes midnight.
using Second = std::int64_t;
inline constexpr Second kSecondsADay = 86'400;

inline TimePoint time_of(Second second) { return TimePoint(kFirstDay) + std::chrono::seconds(second); }
inline Second second_of(TimePoint at) { return std::chrono::floor<std::chrono::seconds>(at - TimePoint(kFirstDay)).count(); }
inline std::size_t day_of_second(Second second) { return static_cast<std::size_t>(second / kSecondsADay); }

class Calendar {
 public:
  Calendar();
  // How many visits a day has compared with the others: week, growth over the year, the weeks before Christmas, a sale in November.
  double visits(std::size_t day) const { return cumulative_[day + 1] - cumulative_[day]; }
  // Share of the year's visits from `day` on.
  double share_from(std::size_t day) const { return 1 - cumulative_[day] / cumulative_[kNumDays]; }
  // A moment of a visit's beginning, from the start of `first_day` on.
  Second draw(std::size_t first_day, Rng& rng) const;

 private:
  std::array<double, kNumDays + 1> cumulative_{};
  std::array<double, 25> hours_{};  // cumulative
};

}  // namespace gemel::synth
