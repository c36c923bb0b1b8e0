#include "gemel/features/time_parts.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace gemel {
namespace {

constexpr double kYearDays = 365.2425;

double fractional_days(TimePoint at) { return std::chrono::duration<double, std::ratio<86400>>(at.time_since_epoch()).count(); }

// [0, size) also for moments before 1970.
std::uint32_t wrapped(std::int64_t value, std::int64_t size) { return static_cast<std::uint32_t>(((value % size) + size) % size); }

std::size_t numbers_of(const std::string& part) { return part == "year_cycle" ? 4 : part == "trend" ? 1 : 2; }

float* push_cycle(double phase, float* out) {
  const double angle = 2 * std::numbers::pi * phase;
  *out++ = static_cast<float>(std::sin(angle));
  *out++ = static_cast<float>(std::cos(angle));
  return out;
}

}  // namespace

Result<TimeParts> TimeParts::make(const std::vector<std::string>& parts, TimePoint first, TimePoint last) {
  TimeParts made;
  made.first_ = first;
  made.last_ = std::max(last, first + std::chrono::days{1});
  const auto num_days = static_cast<std::uint32_t>((day_of(made.last_) - day_of(first)).count() + 1);
  for (const std::string& part : parts) {
    if (part == "year_cycle" || part == "week_cycle" || part == "day_cycle" || part == "trend") {
      made.continuous_.push_back(part);
      made.num_numbers_ += numbers_of(part);
    } else if (part == "hour") {
      made.embedded_.push_back({part, 24});
    } else if (part == "weekday") {
      made.embedded_.push_back({part, 7});
    } else if (part == "day_of_year") {
      made.embedded_.push_back({part, 366});
    } else if (part == "day") {
      made.embedded_.push_back({part, num_days + 1});  // row 0: outside the training period
    } else {
      return fail(ErrorCode::kBadConfig, "unknown time part '", part,
                  "'; expected year_cycle, week_cycle, day_cycle, trend, hour, weekday, day_of_year or day");
    }
  }
  return made;
}

std::uint32_t TimeParts::row(std::size_t embedded_part, TimePoint at) const {
  const Embedded& part = embedded_[embedded_part];
  const Day day = day_of(at);
  if (part.name == "hour") return static_cast<std::uint32_t>(std::chrono::floor<std::chrono::hours>(at - day).count());
  if (part.name == "weekday") return wrapped(day.time_since_epoch().count(), 7);
  if (part.name == "day_of_year") {
    const std::chrono::year_month_day date{day};
    return static_cast<std::uint32_t>((day - Day{date.year() / std::chrono::January / 1}).count());
  }
  return at < first_ || at > last_ ? 0 : 1 + static_cast<std::uint32_t>((day - day_of(first_)).count());
}

void TimeParts::numbers(TimePoint at, float* out) const {
  const double days = fractional_days(at);
  for (const std::string& part : continuous_) {
    if (part == "year_cycle") {
      out = push_cycle(days / kYearDays, out);
      out = push_cycle(2 * days / kYearDays, out);
    } else if (part == "week_cycle") {
      out = push_cycle(days / 7, out);
    } else if (part == "day_cycle") {
      out = push_cycle(days, out);
    } else {
      const double first = fractional_days(first_), last = fractional_days(last_);
      *out++ = static_cast<float>(2 * (days - first) / (last - first) - 1);
    }
  }
}

}  // namespace gemel
