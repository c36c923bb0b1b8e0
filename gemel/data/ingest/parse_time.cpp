#include "gemel/data/ingest/parse_time.h"

#include <algorithm>
#include <cmath>
#include <vector>

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

std::optional<TimePoint> in_range(TimePoint at) { return at >= kFirstTime && at < kEndOfTime ? std::optional(at) : std::nullopt; }

}  // namespace

std::optional<TimeFormat> to_time_format(std::string_view text) {
  if (text == "iso") return TimeFormat::kIso;
  if (text == "s") return TimeFormat::kSeconds;
  if (text == "ms") return TimeFormat::kMilliseconds;
  if (text == "us") return TimeFormat::kMicroseconds;
  return std::nullopt;
}

std::optional<TimeFormat> detect_time_format(std::span<const Cell> sample) {
  std::size_t num_iso = 0;
  std::vector<double> counts;
  for (const Cell& cell : sample) {
    if (cell.kind == Cell::Kind::kTime || (cell.kind == Cell::Kind::kText && parse_iso_time(trimmed(cell.text)))) ++num_iso;
    else if (const auto count = epoch_count(cell)) counts.push_back(std::abs(*count));
  }
  if (num_iso + counts.size() == 0) return std::nullopt;
  if (num_iso >= counts.size()) return TimeFormat::kIso;
  const auto median = counts.begin() + static_cast<std::ptrdiff_t>(counts.size() / 2);
  std::nth_element(counts.begin(), median, counts.end());
  return *median < 1e11 ? TimeFormat::kSeconds : *median < 1e14 ? TimeFormat::kMilliseconds : TimeFormat::kMicroseconds;
}

std::optional<TimePoint> parse_time(const Cell& cell, TimeFormat format) {
  if (cell.kind == Cell::Kind::kTime) return in_range(TimePoint(microseconds(cell.integer)));
  if (format == TimeFormat::kIso) return cell.kind == Cell::Kind::kText ? parse_iso_time(trimmed(cell.text)) : std::nullopt;
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
  if (reader.rest.empty()) return TimePoint(sys_days(date));
  microseconds clock{0};
  minutes offset{0};
  if (!reader.skip('T') && !reader.skip('t') && !reader.skip(' ')) return std::nullopt;
  if (!read_clock(reader, clock) || !read_offset(reader, offset)) return std::nullopt;
  return in_range(TimePoint(sys_days(date)) + clock - offset);
}

}  // namespace gemel
