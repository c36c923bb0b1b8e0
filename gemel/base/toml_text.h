// Texts as values and keys of a TOML file. Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gemel {

std::string toml_number(double number);  // finite; the fewest digits that read back to it, and as a float: 3.0
std::string toml_text(std::string_view text);                    // "a \"quoted\" text", with its quotes
std::string toml_text(const std::vector<std::string>& texts);  // a list; one text stands alone
std::string toml_list(const std::vector<std::string>& texts);  // a list always
bool is_bare_key(std::string_view key);                        // TOML allows it without quotes
std::string toml_key(std::string_view key);                    // bare where that is allowed

}  // namespace gemel
