// Times as shops write them. A column has one format: given in shop.toml, or told from its first rows.
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "gemel/data/ids.h"
#include "gemel/data/row_source.h"

namespace gemel {

enum class TimeFormat {
  kIso,  // ISO 8601
  kSeconds,
  kMilliseconds,
  kMicroseconds,  // epoch counts, whole or with a fraction
  kCompactDay,    // 20171231, whole days
  kDayFirst,      // 31/12/2017, 31.12.2017 18:05, 31-Dec-2017
  kMonthFirst,    // 12/31/2017, 12-31-2017 18:05:00
};

std::optional<TimeFormat> to_time_format(std::string_view text);  // "iso", "s", "ms", "us", "ymd", "dmy", "mdy"
std::string_view to_text(TimeFormat format);                      // its inverse

// The format of a column by a sample of it: the one that most values can be read in. Epoch counts by their median, reading 1e11 and more as
// milliseconds (as seconds it would be the year 5138) and 1e14 and more as microseconds; eight digits that are a day of 1900 to 2099
// in nine of ten values are a day. Dates that may begin with the day or the month as well are read day first. Nothing when no value is
// readable.
std::optional<TimeFormat> detect_time_format(std::span<const Cell> sample);

// UTC. Nothing when the cell does not hold a time of this format, or one outside the years 1 to 9999. Cells of kind kTime need no format.
std::optional<TimePoint> parse_time(const Cell& cell, TimeFormat format);

// YYYY-MM-DD, then optionally T or a space, HH:MM[:SS[.fraction]], then optionally Z, UTC or an offset (+02:00, +0200, +02). No offset is
// UTC.
std::optional<TimePoint> parse_iso_time(std::string_view text);

// Day, month (number or English name, "Dec" or "December") and year of four digits, / . or - between them; then optionally a blank and
// HH:MM[:SS[.fraction]] with what parse_iso_time allows after it. With `month_first` month, day, year.
std::optional<TimePoint> parse_written_date(std::string_view text, bool month_first);

// Eight digits, a day of 1900 to 2099: 20171231.
std::optional<TimePoint> parse_compact_day(std::string_view text);

inline bool is_whole_day(TimePoint at) { return TimePoint(day_of(at)) == at; }

}  // namespace gemel
