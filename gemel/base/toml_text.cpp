#include "gemel/base/toml_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "gemel/base/concat.h"

namespace gemel {

std::string toml_text(std::string_view text) {
  std::string out = "\"";
  for (const char letter : text) {
    const auto code = static_cast<unsigned char>(letter);
    if (letter == '"' || letter == '\\') out.push_back('\\');
    if (letter == '\t') out += "\\t";
    else if (letter == '\n') out += "\\n";
    else if (code < 0x20 || code == 0x7F) out += fmt::format("\\u{:04X}", unsigned{code});
    else out.push_back(letter);
  }
  return out + "\"";
}

std::string toml_number(double number) {
  const std::string text = concat(number);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

std::string toml_text(const std::vector<std::string>& texts) { return texts.size() == 1 ? toml_text(texts[0]) : toml_list(texts); }

std::string toml_list(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += concat(out.empty() ? "" : ", ", toml_text(text));
  return concat("[", out, "]");
}

bool is_bare_key(std::string_view key) {
  return !key.empty() && std::ranges::all_of(key, [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') || letter == '_' ||
           letter == '-';
  });
}

std::string toml_key(std::string_view key) { return is_bare_key(key) ? std::string(key) : toml_text(key); }

}  // namespace gemel
