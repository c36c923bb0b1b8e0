// Times as shops write them. A column has one format: given in shop.toml, or told from its first rows.
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "gemel/data/ids.h"
#include "gemel/data/row_source.h"

namespace gemel {

enum class TimeFormat { kIso, kSeconds, kMilliseconds, kMicroseconds };  // ISO 8601, or epoch counts (whole or with a fraction)

std::optional<TimeFormat> to_time_format(std::string_view text);  // "iso", "s", "ms", "us"

// The format of a column by a sample of it: ISO where most readable values are; otherwise by the median count, reading 1e11 and more as
// milliseconds (as seconds it would be the year 5138) and 1e14 and more as microseconds. Nothing when no value is readable.
std::optional<TimeFormat> detect_time_format(std::span<const Cell> sample);

// UTC. Nothing when the cell does not hold a time of this format, or one outside the years 1 to 9999. Cells of kind kTime need no format.
std::optional<TimePoint> parse_time(const Cell& cell, TimeFormat format);

// YYYY-MM-DD, then optionally T or a space, HH:MM[:SS[.fraction]], then optionally Z, UTC or an offset (+02:00, +0200, +02). No offset is
// UTC.
std::optional<TimePoint> parse_iso_time(std::string_view text);

inline bool is_whole_day(TimePoint at) { return TimePoint(day_of(at)) == at; }

}  // namespace gemel
