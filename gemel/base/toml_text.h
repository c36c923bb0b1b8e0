// Texts as values of a TOML file. Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gemel {

std::string toml_text(std::string_view text);                    // "a \"quoted\" text", with its quotes
std::string toml_text(const std::vector<std::string>& texts);  // a list; one text stands alone

}  // namespace gemel
