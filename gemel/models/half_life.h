// The knob `half_life_days`, a number of days or "none", of every model that lets the past fade.
#pragma once

#include <cmath>
#include <string>
#include <string_view>

#include "gemel/base/config.h"
#include "gemel/data/decayed_counts.h"

namespace gemel {

// Days, > 0; kNoDecay for "none".
inline double read_half_life(ConfigTable& table, std::string_view key, double fallback) {
  if (!table.is_text(key)) {
    const double days = table.number(key, fallback, 0);
    if (days == 0) table.reject(key, "expected more than 0 days or \"none\", found 0");
    return days;
  }
  if (const std::string text = table.text(key); text != "none") {
    table.reject(key, concat("expected a number of days or \"none\", found '", text, "'"));
  }
  return kNoDecay;
}

inline std::string half_life_to_toml(double days) { return days == kNoDecay ? "\"none\"" : concat(days); }

// What an event of this age still counts: 2^-(age / half-life).
inline double decay(TimePoint now, TimePoint then, double half_life_days) {
  const double age_days = std::chrono::duration<double, std::ratio<86400>>(now - then).count();
  return half_life_days == kNoDecay ? 1 : std::exp2(-age_days / half_life_days);
}

}  // namespace gemel
