#include "gemel/data/ingest/parse_number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>

#include "gemel/base/concat.h"

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

constexpr std::string_view kHardBlanks[] = {"\xC2\xA0", "\xE2\x80\xAF"};  // no-break, and the narrow one

bool ends_in_blank(std::string_view text) {
  return text.ends_with(' ') || text.ends_with(kHardBlanks[0]) || text.ends_with(kHardBlanks[1]);
}

void trim_end(std::string_view& text) {
  while (ends_in_blank(text)) text.remove_suffix(text.ends_with(' ') ? 1 : text.ends_with(kHardBlanks[0]) ? 2 : 3);
}

// "1299" of "1.299" with group '.': the first group of one to three digits, the others of three.
std::optional<std::string> without_groups(std::string_view digits, char group) {
  std::string plain;
  for (bool is_first = true;; is_first = false) {
    const std::string_view part = digits.substr(0, digits.find(group));
    const bool is_last = part.size() == digits.size();
    const bool fits = is_first ? !part.empty() && (is_last || part.size() <= 3) : part.size() == 3;
    if (!fits) return std::nullopt;
    plain += part;
    if (is_last) return plain;
    digits.remove_prefix(part.size() + 1);
  }
}

// Digits with the signs between them as people write amounts: 12.99, 12,99, 1,299.00, 1.299,00, 1'299.00, 1,299,000. A single comma before
// three digits could mean thousands or decimals, so nothing is read: "1,299".
std::optional<double> written_number(std::string_view text) {
  const auto last = text.find_last_of(".,'");
  if (last == std::string_view::npos || text.find_first_of(",'") == std::string_view::npos) return parse_number(text);
  const auto first = text.find_first_of(".,'");
  const std::size_t num_after = text.size() - last - 1;
  const bool are_alike = text.substr(first, last - first + 1).find_first_not_of(concat("0123456789", text[first])) == std::string::npos;
  const bool is_decimal = text[last] != '\'' && (are_alike ? first == last && (num_after == 1 || num_after == 2) : num_after > 0);
  if (!is_decimal && first == last && text[last] != '\'') return std::nullopt;  // "1,299"
  const auto whole = without_groups(is_decimal ? text.substr(0, last) : text, are_alike && is_decimal ? '\'' : text[first]);
  if (!whole) return std::nullopt;
  return parse_number(is_decimal ? concat(*whole, ".", text.substr(last + 1)) : *whole);
}

bool is_of_number(char letter) { return is_digit(letter) || letter == '.' || letter == ',' || letter == '\''; }

// The number that ends where `text` ends.
std::optional<double> number_at_end(std::string_view text) {
  trim_end(text);
  std::size_t begin = text.size();
  while (begin > 0 && is_of_number(text[begin - 1])) --begin;
  const bool is_negative = begin > 0 && text[begin - 1] == '-' && (begin == 1 || text[begin - 2] == ' ');
  const auto number = written_number(text.substr(begin));
  return number && is_negative ? -*number : number;
}

// "$12.99", "EUR 12.99": the unit, then the number, and nothing else. A unit of letters needs a blank: "w5" is a name.
std::optional<double> number_after(std::string_view text, std::string_view unit) {
  text = trimmed(text);
  if (text.size() <= unit.size()) return std::nullopt;
  for (std::size_t i = 0; i < unit.size(); ++i)
    if (lower(text[i]) != lower(unit[i])) return std::nullopt;
  text.remove_prefix(unit.size());
  if (lower(unit.back()) >= 'a' && lower(unit.back()) <= 'z' && is_of_number(text.front())) return std::nullopt;
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  for (const std::string_view blank : kHardBlanks)
    if (text.starts_with(blank)) text.remove_prefix(blank.size());
  const bool is_number = !text.empty() && std::ranges::all_of(text, is_of_number);
  return is_number ? written_number(text) : std::nullopt;
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
    if (!ends_in_blank(text.substr(0, place)) && !is_digit(before) && before != '.') continue;
    if (const auto number = number_at_end(text.substr(0, place))) return number;
  }
  return number_after(text, unit);
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
