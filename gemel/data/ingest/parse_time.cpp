#include "gemel/data/ingest/parse_time.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "gemel/data/ingest/cell_text.h"
#include "gemel/data/ingest/parse_number.h"

namespace gemel {
namespace {
using namespace std::chrono;

constexpr TimePoint kFirstTime{sys_days{year{1} / 1 / 1}};
constexpr TimePoint kEndOfTime{sys_days{year{10000} / 1 / 1}};

// Takes characters off the front of a text.
struct Reader {
  std::string_view rest;

  bool skip(char letter) {
    if (rest.empty() || rest.front() != letter) return false;
    rest.remove_prefix(1);
    return true;
  }
  // One or two digits.
  bool short_number(int min, int max, int& value) {
    const bool has_two = rest.size() > 1 && rest[1] >= '0' && rest[1] <= '9';
    return number(has_two ? 2 : 1, min, max, value);
  }
  // Exactly num_digits digits, value in [min, max].
  bool number(int num_digits, int min, int max, int& value) {
    if (rest.size() < static_cast<std::size_t>(num_digits)) return false;
    value = 0;
    for (int i = 0; i < num_digits; ++i) {
      if (rest[i] < '0' || rest[i] > '9') return false;
      value = value * 10 + (rest[i] - '0');
    }
    rest.remove_prefix(num_digits);
    return value >= min && value <= max;
  }
};

// Digits after the point; those past the microsecond are cut off.
bool read_fraction(Reader& reader, microseconds& fraction) {
  std::int64_t scale = 100'000;
  std::int64_t value = 0;
  int num_digits = 0;
  for (int digit = 0; reader.number(1, 0, 9, digit); ++num_digits, scale /= 10) value += digit * scale;
  fraction = microseconds(value);
  return num_digits > 0;
}

bool read_clock(Reader& reader, microseconds& clock) {
  int hour = 0, minute = 0, second = 0;
  microseconds fraction{0};
  if (!reader.number(2, 0, 23, hour) || !reader.skip(':') || !reader.number(2, 0, 59, minute)) return false;
  if (reader.skip(':')) {
    if (!reader.number(2, 0, 59, second)) return false;
    if (reader.skip('.') && !read_fraction(reader, fraction)) return false;
  }
  clock = hours(hour) + minutes(minute) + seconds(second) + fraction;
  return true;
}

bool read_offset(Reader& reader, minutes& offset) {
  while (reader.skip(' ')) {
  }
  if (reader.rest.empty() || reader.rest == "Z" || reader.rest == "z" || reader.rest == "UTC") {
    reader.rest = {};
    return true;
  }
  const bool is_west = reader.rest.front() == '-';
  int hour = 0, minute = 0;
  if (!reader.skip(is_west ? '-' : '+') || !reader.number(2, 0, 23, hour)) return false;
  const bool has_colon = reader.skip(':');
  if ((has_colon || !reader.rest.empty()) && !reader.number(2, 0, 59, minute)) return false;
  offset = (hours(hour) + minutes(minute)) * (is_west ? -1 : 1);
  return reader.rest.empty();
}

std::optional<double> epoch_count(const Cell& cell) {
  switch (cell.kind) {
    case Cell::Kind::kInteger: return static_cast<double>(cell.integer);
    case Cell::Kind::kNumber: return std::isfinite(cell.number) ? std::optional(cell.number) : std::nullopt;
    case Cell::Kind::kText: return parse_number(cell.text);
    default: return std::nullopt;
  }
}

std::int64_t microseconds_per_count(TimeFormat format) {
  return format == TimeFormat::kSeconds ? 1'000'000 : format == TimeFormat::kMilliseconds ? 1'000 : 1;
}

constexpr std::array<std::pair<std::string_view, TimeFormat>, 7> kFormats{{{"iso", TimeFormat::kIso},
                                                                           {"s", TimeFormat::kSeconds},
                                                                           {"ms", TimeFormat::kMilliseconds},
                                                                           {"us", TimeFormat::kMicroseconds},
                                                                           {"ymd", TimeFormat::kCompactDay},
                                                                           {"dmy", TimeFormat::kDayFirst},
                                                                           {"mdy", TimeFormat::kMonthFirst}}};

char lower(char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter; }

// "Dec" or "December", in any case.
bool read_month_name(Reader& reader, int& month_number) {
  constexpr std::array<std::string_view, 12> kNames{"january", "february", "march",     "april",   "may",      "june",
                                                    "july",    "august",   "september", "october", "november", "december"};
  std::size_t length = 0;
  while (length < reader.rest.size() && lower(reader.rest[length]) >= 'a' && lower(reader.rest[length]) <= 'z') ++length;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    const std::string_view name = kNames[i];
    if (length != 3 && length != name.size()) continue;
    if (!std::equal(name.begin(), name.begin() + static_cast<std::ptrdiff_t>(length), reader.rest.begin(),
                    [](char a, char b) { return a == lower(b); }))
      continue;
    reader.rest.remove_prefix(length);
    month_number = static_cast<int>(i) + 1;
    return true;
  }
  return false;
}

// The rest of a text after its date: nothing, or a clock.
std::optional<TimePoint> read_clock_after(Reader& reader, sys_days date) {
  if (reader.rest.empty()) return TimePoint(date);
  microseconds clock{0};
  minutes offset{0};
  if (!reader.skip('T') && !reader.skip('t') && !reader.skip(' ')) return std::nullopt;
  if (!read_clock(reader, clock) || !read_offset(reader, offset)) return std::nullopt;
  const TimePoint at = TimePoint(date) + clock - offset;
  return at >= kFirstTime && at < kEndOfTime ? std::optional(at) : std::nullopt;
}

std::optional<TimePoint> parse_text(const Cell& cell, TimeFormat format) {
  std::string buffer;
  const std::string_view text = trimmed(cell_text(cell, buffer));
  switch (format) {
    case TimeFormat::kIso: return cell.kind == Cell::Kind::kText ? parse_iso_time(text) : std::nullopt;
    case TimeFormat::kCompactDay: return parse_compact_day(text);
    case TimeFormat::kDayFirst: return parse_written_date(text, /*month_first=*/false);
    case TimeFormat::kMonthFirst: return parse_written_date(text, /*month_first=*/true);
    default: return std::nullopt;
  }
}

bool is_epoch_count(TimeFormat format) {
  return format == TimeFormat::kSeconds || format == TimeFormat::kMilliseconds || format == TimeFormat::kMicroseconds;
}

std::optional<TimePoint> in_range(TimePoint at) { return at >= kFirstTime && at < kEndOfTime ? std::optional(at) : std::nullopt; }

}  // namespace

std::optional<TimeFormat> to_time_format(std::string_view text) {
  for (const auto& [name, format] : kFormats)
    if (name == text) return format;
  return std::nullopt;
}

std::string_view to_text(TimeFormat format) {
  for (const auto& [name, known] : kFormats)
    if (known == format) return name;
  return "";
}

std::optional<TimeFormat> detect_time_format(std::span<const Cell> sample) {
  std::size_t num_iso = 0, num_compact = 0, num_day_first = 0, num_month_first = 0;
  std::vector<double> counts;
  for (const Cell& cell : sample) {
    if (cell.kind == Cell::Kind::kMissing) continue;
    if (cell.kind == Cell::Kind::kTime || parse_text(cell, TimeFormat::kIso)) {
      ++num_iso;
    } else if (const auto count = epoch_count(cell)) {
      counts.push_back(std::abs(*count));
      num_compact += parse_text(cell, TimeFormat::kCompactDay).has_value();
    } else {
      num_day_first += parse_text(cell, TimeFormat::kDayFirst).has_value();
      num_month_first += parse_text(cell, TimeFormat::kMonthFirst).has_value();
    }
  }
  const std::size_t num_written = std::max(num_day_first, num_month_first);
  if (num_iso + counts.size() + num_written == 0) return std::nullopt;
  if (num_iso >= std::max(counts.size(), num_written)) return TimeFormat::kIso;
  if (num_written > counts.size()) return num_day_first >= num_month_first ? TimeFormat::kDayFirst : TimeFormat::kMonthFirst;
  if (10 * num_compact >= 9 * counts.size()) return TimeFormat::kCompactDay;
  const auto median = counts.begin() + static_cast<std::ptrdiff_t>(counts.size() / 2);
  std::nth_element(counts.begin(), median, counts.end());
  return *median < 1e11 ? TimeFormat::kSeconds : *median < 1e14 ? TimeFormat::kMilliseconds : TimeFormat::kMicroseconds;
}

std::optional<TimePoint> parse_time(const Cell& cell, TimeFormat format) {
  if (cell.kind == Cell::Kind::kTime) return in_range(TimePoint(microseconds(cell.integer)));
  if (!is_epoch_count(format)) return parse_text(cell, format);
  const auto count = epoch_count(cell);
  const double limit = static_cast<double>(kEndOfTime.time_since_epoch().count());
  if (!count || std::abs(*count) * static_cast<double>(microseconds_per_count(format)) > limit) return std::nullopt;
  // Whole and fractional counts apart, so that seconds as floats keep their microseconds. limit < 2^58: no overflow.
  const double whole = std::floor(*count);
  const auto scale = microseconds_per_count(format);
  const auto fraction = std::llround((*count - whole) * static_cast<double>(scale));
  return in_range(TimePoint(microseconds(static_cast<std::int64_t>(whole) * scale + fraction)));
}

std::optional<TimePoint> parse_iso_time(std::string_view text) {
  Reader reader{text};
  int year_number = 0, month_number = 0, day_number = 0;
  if (!reader.number(4, 1, 9999, year_number) || !reader.skip('-') || !reader.number(2, 1, 12, month_number) || !reader.skip('-') ||
      !reader.number(2, 1, 31, day_number))
    return std::nullopt;
  const year_month_day date{year{year_number}, month(static_cast<unsigned>(month_number)), day(static_cast<unsigned>(day_number))};
  if (!date.ok()) return std::nullopt;  // 30 February
  return read_clock_after(reader, sys_days(date));
}

std::optional<TimePoint> parse_written_date(std::string_view text, bool month_first) {
  Reader reader{text};
  int year_number = 0, month_number = 0, day_number = 0;
  const auto read_day = [&] { return reader.short_number(1, 31, day_number); };
  const auto read_month = [&] { return reader.short_number(1, 12, month_number) || read_month_name(reader, month_number); };
  if (!(month_first ? read_month() : read_day()) || reader.rest.empty()) return std::nullopt;
  const char separator = reader.rest.front();
  if (std::string_view("/.-").find(separator) == std::string_view::npos || !reader.skip(separator)) return std::nullopt;
  if (!(month_first ? read_day() : read_month()) || !reader.skip(separator) || !reader.number(4, 1, 9999, year_number)) return std::nullopt;
  const year_month_day date{year{year_number}, month(static_cast<unsigned>(month_number)), day(static_cast<unsigned>(day_number))};
  if (!date.ok()) return std::nullopt;
  return read_clock_after(reader, sys_days(date));
}

std::optional<TimePoint> parse_compact_day(std::string_view text) {
  Reader reader{text};
  int year_number = 0, month_number = 0, day_number = 0;
  if (!reader.number(4, 1900, 2099, year_number) || !reader.number(2, 1, 12, month_number) || !reader.number(2, 1, 31, day_number) ||
      !reader.rest.empty())
    return std::nullopt;
  const year_month_day date{year{year_number}, month(static_cast<unsigned>(month_number)), day(static_cast<unsigned>(day_number))};
  if (!date.ok()) return std::nullopt;
  return TimePoint(sys_days(date));
}

}  // namespace gemel
