// concat("row ", 7, ": got '", text, "'"): messages without a format string. Numbers print in their shortest exact form.
#pragma once

#include <charconv>
#include <string>
#include <string_view>
#include <type_traits>

namespace gemel {

inline void append_part(std::string& out, std::string_view text) { out.append(text); }
inline void append_part(std::string& out, char letter) { out.push_back(letter); }
inline void append_part(std::string& out, bool flag) { out.append(flag ? "true" : "false"); }

template <class Number>
  requires std::is_arithmetic_v<Number>
void append_part(std::string& out, Number number) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

template <class... Parts>
[[nodiscard]] std::string concat(const Parts&... parts) {
  std::string out;
  (append_part(out, parts), ...);
  return out;
}

}  // namespace gemel
