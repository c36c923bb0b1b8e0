// concat("row ", 7, ": got '", text, "'"): messages without a format string. Numbers print in their shortest exact form.
#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>

namespace gemel {

inline void append_part(std::string& out, std::string_view text) { out.append(text); }
inline void append_part(std::string& out, char letter) { out.push_back(letter); }
// A template, since a text literal turns into a bool sooner than into a string_view.
template <std::same_as<bool> Flag>
void append_part(std::string& out, Flag flag) {
  out.append(flag ? "true" : "false");
}

template <class Number>
  requires(std::is_arithmetic_v<Number> && !std::same_as<Number, bool>)
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
