// Numbers, and texts in general, as shops write them. Thread safety: pure functions.
#pragma once

#include <optional>
#include <string_view>

namespace gemel {

std::string_view trimmed(std::string_view text);  // without the blanks around it

// The whole text is one finite decimal number, blanks around it allowed: "12", "-1.5", "2e3". Neither NaN nor infinity, hex or "1,000".
std::optional<double> parse_number(std::string_view text);

// The number before the first `unit` (any case, a word of its own): "2 oz/ 60 mL" with unit "ml" is 60; "1.7 oz" holds none. Where there is
// none, the field may be unit and number: "$12.99". Amounts are read as people write them where it can mean one thing only: "12,99",
// "1.299,00", "1,299.00", "1'299.00", and not "1,299".
std::optional<double> parse_number_with_unit(std::string_view text, std::string_view unit);

bool is_valid_utf8(std::string_view text);

}  // namespace gemel
