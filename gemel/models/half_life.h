// The knobs `half_life_days` and `half_life_events`, a number or "none", of every model that lets the past fade.
#pragma once

#include <cmath>
#include <string>
#include <string_view>

#include "gemel/base/config.h"
#include "gemel/data/decayed_counts.h"

namespace gemel {

// > 0; kNoDecay for "none".
inline double read_half_life(ConfigTable& table, std::string_view key, double fallback, std::string_view unit = "days") {
  if (!table.is_text(key)) {
    const double half_life = table.number(key, fallback, 0);
    if (half_life == 0) table.reject(key, concat("expected more than 0 ", unit, " or \"none\", found 0"));
    return half_life;
  }
  if (const std::string text = table.text(key); text != "none") {
    table.reject(key, concat("expected a number of ", unit, " or \"none\", found '", text, "'"));
  }
  return kNoDecay;
}

inline std::string half_life_to_toml(double half_life) { return half_life == kNoDecay ? "\"none\"" : concat(half_life); }

// What an event of this age still counts: 2^-(age / half-life).
inline double decay(TimePoint now, TimePoint then, double half_life_days) {
  const double age_days = std::chrono::duration<double, std::ratio<86400>>(now - then).count();
  return half_life_days == kNoDecay ? 1 : std::exp2(-age_days / half_life_days);
}

// What an event still counts that so many followed.
inline double decay_by_place(std::size_t num_later, double half_life_events) {
  return half_life_events == kNoDecay ? 1 : std::exp2(-static_cast<double>(num_later) / half_life_events);
}

}  // namespace gemel
