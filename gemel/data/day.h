// Days as people write them: 2017-11-01.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gemel/data/ids.h"

namespace gemel {

// Empty when the text is no day of the calendar written as YYYY-MM-DD.
std::optional<Day> parse_day(std::string_view text);
std::string to_text(Day day);

}  // namespace gemel
