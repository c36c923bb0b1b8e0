#include "gemel/base/toml_text.h"

#include <fmt/format.h>

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

std::string toml_text(const std::vector<std::string>& texts) {
  if (texts.size() == 1) return toml_text(texts[0]);
  std::string out;
  for (const std::string& text : texts) out += concat(out.empty() ? "" : ", ", toml_text(text));
  return concat("[", out, "]");
}

}  // namespace gemel
