#include "gemel/data/ingest/parse_number.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace gemel {
namespace {

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }
char lower(char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter; }
bool is_word(char letter) {
  return is_digit(letter) || (lower(letter) >= 'a' && lower(letter) <= 'z') || static_cast<unsigned char>(letter) >= 0x80;
}

bool holds_unit_at(std::string_view text, std::size_t place, std::string_view unit) {
  for (std::size_t i = 0; i < unit.size(); ++i)
    if (lower(text[place + i]) != lower(unit[i])) return false;
  const std::size_t end = place + unit.size();
  return end == text.size() || !is_word(text[end]);
}

// The number that ends where `text` ends. "1,000": a comma before the digits could mean thousands or decimals, so nothing is read.
std::optional<double> number_at_end(std::string_view text) {
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  std::size_t begin = text.size();
  while (begin > 0 && (is_digit(text[begin - 1]) || text[begin - 1] == '.')) --begin;
  if (begin > 0 && text[begin - 1] == ',') return std::nullopt;
  if (begin > 0 && text[begin - 1] == '-' && (begin == 1 || text[begin - 2] == ' ')) --begin;
  return parse_number(text.substr(begin));
}

// Length of the code point at the front of `text`, 0 when it is not valid (overlong, surrogate, beyond U+10FFFF, cut off).
std::size_t code_point_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  if (lead == 0xE0 && byte(1) < 0xA0) return 0;
  if (lead == 0xED && byte(1) >= 0xA0) return 0;
  if (lead == 0xF0 && byte(1) < 0x90) return 0;
  if (lead == 0xF4 && byte(1) >= 0x90) return 0;
  return length;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::optional<double> parse_number(std::string_view text) {
  text = trimmed(text);
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);  // from_chars knows no plus
  double number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

std::optional<double> parse_number_with_unit(std::string_view text, std::string_view unit) {
  for (std::size_t place = 1; place + unit.size() <= text.size(); ++place) {
    if (!holds_unit_at(text, place, unit)) continue;
    const char before = text[place - 1];
    if (before != ' ' && !is_digit(before) && before != '.') continue;
    if (const auto number = number_at_end(text.substr(0, place))) return number;
  }
  return std::nullopt;
}

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    std::uint64_t eight = 0;
    if (text.size() >= sizeof eight && (std::memcpy(&eight, text.data(), sizeof eight), (eight & 0x8080808080808080u) == 0)) {
      text.remove_prefix(sizeof eight);
      continue;
    }
    const std::size_t length = code_point_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace gemel
