#include "gemel/data/ingest/parse_list.h"

#include <charconv>
#include <cstdint>

#include "gemel/data/ingest/parse_number.h"

namespace gemel {
namespace {

void append_value(std::string_view value, std::vector<std::string>& values) {
  if (const auto text = trimmed(value); !text.empty()) values.emplace_back(text);
}

void cut_at(std::string_view text, std::string_view separator, std::vector<std::string>& values) {
  for (auto place = text.find(separator); place != std::string_view::npos; place = text.find(separator)) {
    append_value(text.substr(0, place), values);
    text.remove_prefix(place + separator.size());
  }
  append_value(text, values);
}

void cut_at_top_level_commas(std::string_view text, std::vector<std::string>& values) {
  std::size_t depth = 0, begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '(' || text[i] == '[') ++depth;
    if ((text[i] == ')' || text[i] == ']') && depth > 0) --depth;
    if (text[i] != ',' || depth > 0) continue;
    append_value(text.substr(begin, i - begin), values);
    begin = i + 1;
  }
  append_value(text.substr(begin), values);
}

void append_utf8(std::uint32_t code_point, std::string& out) {
  const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  const auto tail = [&](int shift) { put(0x80 | ((code_point >> shift) & 0x3F)); };
  if (code_point < 0x80) return put(code_point);
  if (code_point < 0x800) return put(0xC0 | (code_point >> 6)), tail(0);
  if (code_point < 0x10000) return put(0xE0 | (code_point >> 12)), tail(6), tail(0);
  put(0xF0 | (code_point >> 18)), tail(12), tail(6), tail(0);
}

// JSON or Python list text, read from the front. Their escapes do not contradict each other, so one reader takes both.
class ListReader {
 public:
  explicit ListReader(std::string_view text) : rest_(trimmed(text)) {}

  bool read(std::vector<std::string>& values) {
    if (!skip('[')) return false;
    skip_blanks();
    while (!skip(']')) {
      if (!read_value(values)) return false;
      skip_blanks();
      if (rest_.empty() || (rest_.front() != ']' && !skip(','))) return false;
      skip_blanks();
    }
    return rest_.empty();
  }

 private:
  bool skip(char letter) {
    if (rest_.empty() || rest_.front() != letter) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void skip_blanks() {
    while (skip(' ') || skip('\t') || skip('\n') || skip('\r')) {
    }
  }

  bool read_value(std::vector<std::string>& values) {
    std::string value;
    if (!rest_.empty() && (rest_.front() == '"' || rest_.front() == '\'')) {
      if (!read_quoted(value)) return false;
      append_value(value, values);
      return true;
    }
    const std::string_view bare = trimmed(rest_.substr(0, rest_.find_first_of(",]")));
    if (bare.empty() || bare.find_first_of("[{'\"") != std::string_view::npos) return false;
    rest_.remove_prefix(static_cast<std::size_t>(bare.data() - rest_.data()) + bare.size());
    if (bare != "null" && bare != "None" && bare != "nan" && bare != "NaN") append_value(bare, values);
    return true;
  }

  bool read_quoted(std::string& value) {
    const char quote = rest_.front();
    rest_.remove_prefix(1);
    while (!rest_.empty()) {
      const char letter = rest_.front();
      rest_.remove_prefix(1);
      if (letter == quote) return true;
      if (letter != '\\') value.push_back(letter);
      else if (!read_escape(value)) return false;
    }
    return false;
  }

  bool read_escape(std::string& value) {
    if (rest_.empty()) return false;
    const char letter = rest_.front();
    rest_.remove_prefix(1);
    switch (letter) {
      case 'n': value.push_back('\n'); return true;
      case 't': value.push_back('\t'); return true;
      case 'r': value.push_back('\r'); return true;
      case 'b': value.push_back('\b'); return true;
      case 'f': value.push_back('\f'); return true;
      case 'x': return read_code_point(2, value);
      case 'u': return read_code_point(4, value);
      case 'U': return read_code_point(8, value);
      case '"':
      case '\'':
      case '\\':
      case '/': value.push_back(letter); return true;
      default:
        value.push_back('\\');
        value.push_back(letter);
        return true;  // Python keeps an escape that it does not know
    }
  }

  bool read_hex(std::size_t num_digits, std::uint32_t& number) {
    if (rest_.size() < num_digits) return false;
    const char* const end = rest_.data() + num_digits;
    const auto [stop, code] = std::from_chars(rest_.data(), end, number, 16);
    if (code != std::errc{} || stop != end) return false;
    rest_.remove_prefix(num_digits);
    return true;
  }

  bool read_code_point(std::size_t num_digits, std::string& value) {
    std::uint32_t code_point = 0;
    if (!read_hex(num_digits, code_point)) return false;
    if (code_point >= 0xD800 && code_point < 0xDC00) {  // JSON writes what lies beyond U+FFFF as two halves
      std::uint32_t low = 0;
      if (!rest_.starts_with("\\u")) return false;
      rest_.remove_prefix(2);
      if (!read_hex(4, low) || low < 0xDC00 || low >= 0xE000) return false;
      code_point = 0x10000 + ((code_point - 0xD800) << 10) + (low - 0xDC00);
    } else if (code_point >= 0xDC00 && code_point < 0xE000) {
      return false;
    }
    if (code_point > 0x10FFFF) return false;
    append_utf8(code_point, value);
    return true;
  }

  std::string_view rest_;
};

}  // namespace

bool parse_list(std::string_view text, std::string_view separator, std::vector<std::string>& values) {
  const bool is_list = separator == "list" || separator == "list,";
  if (!is_list) {
    cut_at(text, separator, values);
    return true;
  }
  std::vector<std::string> elements;
  if (!ListReader(text).read(elements)) return false;
  for (const std::string& element : elements) {
    if (separator == "list") values.push_back(element);
    else cut_at_top_level_commas(element, values);
  }
  return true;
}

}  // namespace gemel
