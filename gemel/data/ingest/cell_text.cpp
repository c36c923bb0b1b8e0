#include "gemel/data/ingest/cell_text.h"

#include <cmath>
#include <cstdio>

#include "gemel/base/concat.h"

namespace gemel {
namespace {

constexpr double kExactIntegers = 9007199254740992;  // 2^53

std::string number_text(double number) {
  const bool is_whole = std::abs(number) < kExactIntegers && number == std::floor(number);
  return is_whole ? concat(static_cast<std::int64_t>(number)) : concat(number);
}

}  // namespace

std::string_view cell_text(const Cell& cell, std::string& buffer) {
  switch (cell.kind) {
    case Cell::Kind::kMissing: return {};
    case Cell::Kind::kText: return cell.text;
    case Cell::Kind::kInteger:
      buffer.clear();
      append_part(buffer, cell.integer);
      break;
    case Cell::Kind::kNumber:
      if (std::isnan(cell.number)) return {};  // how pandas writes a gap
      buffer = number_text(cell.number);
      break;
    case Cell::Kind::kTime: buffer = time_text(TimePoint(std::chrono::microseconds(cell.integer))); break;
  }
  return buffer;
}

std::string time_text(TimePoint at) {
  using namespace std::chrono;
  const year_month_day date(day_of(at));
  const hh_mm_ss clock(at - day_of(at));
  char text[64];
  int length = std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                             static_cast<unsigned>(date.day()));
  if (at != day_of(at))
    length += std::snprintf(text + length, sizeof text - length, "T%02d:%02d:%02d", static_cast<int>(clock.hours().count()),
                            static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  if (clock.subseconds().count() != 0)
    std::snprintf(text + length, sizeof text - length, ".%06d", static_cast<int>(clock.subseconds().count()));
  return text;
}

}  // namespace gemel
