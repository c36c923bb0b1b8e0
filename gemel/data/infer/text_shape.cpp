#include "gemel/data/infer/text_shape.h"

#include <algorithm>
#include <map>
#include <set>

#include "gemel/base/concat.h"
#include "gemel/data/ingest/parse_number.h"
#include "gemel/data/ingest/parse_time.h"

namespace gemel {
namespace {

constexpr std::size_t kMaxLines = 200;
constexpr std::string_view kDelimiters[] = {"\t", ",", ";", "|", "::"};

// Fields of the first rows, a line break inside quotes being part of its field.
using Rows = std::vector<std::vector<std::string>>;

Rows cut(std::string_view text, std::string_view delimiter) {
  Rows rows(1);
  std::string field;
  bool in_quotes = false;
  for (std::size_t i = 0; i < text.size() && rows.size() <= kMaxLines; ++i) {
    const char letter = text[i];
    if (in_quotes) {
      if (letter == '"') in_quotes = false;
      else field.push_back(letter);
    } else if (letter == '"' && field.empty()) {
      in_quotes = true;
    } else if (text.substr(i).starts_with(delimiter)) {
      rows.back().push_back(std::exchange(field, {}));
      i += delimiter.size() - 1;
    } else if (letter == '\n') {
      if (!field.empty() && field.back() == '\r') field.pop_back();
      rows.back().push_back(std::exchange(field, {}));
      if (rows.back().size() == 1 && rows.back()[0].empty()) rows.pop_back();  // a line without a byte
      rows.emplace_back();
    } else {
      field.push_back(letter);
    }
  }
  rows.pop_back();  // the last one may be cut off
  return rows;
}

// How many rows have the most frequent number of fields, if that is 2 or more; and that number.
std::pair<std::size_t, std::size_t> agreement(const Rows& rows) {
  std::map<std::size_t, std::size_t> counts;
  for (const auto& row : rows) ++counts[row.size()];
  std::pair<std::size_t, std::size_t> best{0, 1};
  for (const auto& [width, count] : counts)
    if (width > 1 && count > best.first) best = {count, width};
  return best;
}

bool is_value(const std::string& field) {
  const std::string_view text = trimmed(field);
  return text.empty() || parse_number(text) || parse_iso_time(text) || parse_written_date(text, false) || parse_written_date(text, true);
}

// Names are distinct and none of them is a number, a date or empty. An empty first name is what pandas gives its row numbers.
bool is_header(const std::vector<std::string>& row) {
  const std::set<std::string> names(row.begin(), row.end());
  if (names.size() != row.size()) return false;
  return std::none_of(row.begin() + (row.size() > 1 && row[0].empty() ? 1 : 0), row.end(), is_value);
}

std::string shown(std::string_view delimiter) {
  if (delimiter == "\t") return "tabs";
  return delimiter == "," ? "commas" : concat("'", delimiter, "'");
}

bool is_json(std::string_view head) {
  const std::string_view text = trimmed(head.substr(0, 4096));
  if (text.size() < 2 || text[0] != '{') return false;
  const std::string_view inside = trimmed(text.substr(1));
  return !inside.empty() && (inside[0] == '"' || inside[0] == '}');
}

}  // namespace

SourceGuess guess_text_shape(std::string_view head, std::string_view file_name) {
  SourceGuess guess;
  if (head.starts_with("\xEF\xBB\xBF")) head.remove_prefix(3);
  const auto last_line = head.rfind('\n');
  if (!is_valid_utf8(head.substr(0, last_line))) guess.format.encoding = Encoding::kLatin1;
  const auto called = file_format_of(file_name);
  if (is_json(head)) {
    if (called != FileFormat::kJsonl) guess.format.format = FileFormat::kJsonl;
    guess.reason = "JSON, one object a line";
    return guess;
  }
  std::string text(head);
  if (!text.empty() && text.back() != '\n' && last_line == std::string_view::npos) text += '\n';
  std::string_view delimiter = ",";
  std::pair<std::size_t, std::size_t> best{0, 1};
  Rows rows;
  for (const std::string_view candidate : kDelimiters) {
    Rows cut_rows = cut(text, candidate);
    const auto found = agreement(cut_rows);
    if (found <= best) continue;
    best = found;
    delimiter = candidate;
    rows = std::move(cut_rows);
  }
  if (rows.empty()) rows = cut(text, delimiter);
  if (called != FileFormat::kCsv && called != FileFormat::kTsv)
    guess.format.format = delimiter == "\t" ? FileFormat::kTsv : FileFormat::kCsv;
  const FileFormat format = guess.format.format.value_or(called.value_or(FileFormat::kCsv));
  if (delimiter != (format == FileFormat::kTsv ? "\t" : ",")) guess.format.delimiter = delimiter;
  guess.reason = concat("cut at ", shown(delimiter));
  if (!rows.empty() && !is_header(rows[0])) {
    guess.format.header = false;
    for (std::size_t i = 0; i < std::max(best.second, rows[0].size()); ++i) guess.format.columns.push_back(concat("column_", i + 1));
    guess.reason += ", no header: the first row holds values";
  }
  return guess;
}

}  // namespace gemel
