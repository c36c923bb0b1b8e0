#include "gemel/data/day.h"

#include "gemel/base/concat.h"

namespace gemel {

std::optional<Day> parse_day(std::string_view text) {
  constexpr std::string_view kPattern = "0000-00-00";
  if (text.size() != kPattern.size()) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_digit = text[i] >= '0' && text[i] <= '9';
    if (kPattern[i] == '0' ? !is_digit : text[i] != '-') return std::nullopt;
  }
  const auto number = [&](std::size_t at, std::size_t length) {
    unsigned value = 0;
    for (const char digit : text.substr(at, length)) value = value * 10 + static_cast<unsigned>(digit - '0');
    return value;
  };
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(number(0, 4))), std::chrono::month(number(5, 2)),
                                         std::chrono::day(number(8, 2))};
  if (!date.ok()) return std::nullopt;
  return Day(date);
}

std::string to_text(Day day) {
  const std::chrono::year_month_day date(day);
  const auto two_digits = [](unsigned number) { return concat(number < 10 ? "0" : "", number); };
  return concat(static_cast<int>(date.year()), '-', two_digits(static_cast<unsigned>(date.month())), '-',
                two_digits(static_cast<unsigned>(date.day())));
}

}  // namespace gemel
