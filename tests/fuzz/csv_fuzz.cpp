// Any bytes as a CSV file: CsvSource and a plain state machine must see the same rows, field by field. Build with clang to get the
// libFuzzer program csv_fuzz; csv_fuzz_test.cpp runs the same function over generated files.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gemel/data/ingest/csv_source.h"

namespace gemel {
namespace {

using Fields = std::vector<std::string>;
using Row = std::optional<Fields>;  // nothing: broken

// RFC 4180 one letter at a time, the header first. Lines without a byte are no rows.
std::vector<Row> read_slowly(std::string_view text) {
  enum class State { kFieldBegin, kPlain, kQuoted, kAfterQuote, kBroken };
  std::vector<Row> rows;
  Fields fields;
  std::string field;
  State state = State::kFieldBegin;
  bool was_quoted = false;
  const auto end_field = [&] {
    fields.push_back(std::exchange(field, {}));
    was_quoted = false;
    state = State::kFieldBegin;
  };
  const auto end_row = [&] {
    const bool is_broken = state == State::kBroken || state == State::kQuoted;
    if (!was_quoted && !field.empty() && field.back() == '\r') field.pop_back();
    const bool is_empty_line = fields.empty() && field.empty() && !was_quoted;
    end_field();
    if (!is_empty_line) {
      const bool has_width = rows.empty() || fields.size() == rows[0]->size();
      rows.push_back(is_broken || !has_width ? Row() : Row(fields));
    }
    fields.clear();
  };
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    const bool is_line_end = letter == '\n', is_last_return = letter == '\r' && (i + 1 == text.size() || text[i + 1] == '\n');
    if (state == State::kQuoted) {
      if (letter == '"') state = State::kAfterQuote;
      else field.push_back(letter);
    } else if (is_line_end) {
      end_row();
    } else if (state == State::kAfterQuote) {
      if (letter == '"') field.push_back('"'), state = State::kQuoted;
      else if (letter == ',') end_field();
      else if (!is_last_return) state = State::kBroken;
    } else if (state == State::kFieldBegin && letter == '"') {
      state = State::kQuoted;
      was_quoted = true;
    } else if (state != State::kBroken) {
      if (letter == ',') end_field();
      else field.push_back(letter), state = State::kPlain;
    }
    if (rows.size() == 1 && !rows[0]) return {};  // a broken header
  }
  if (state != State::kFieldBegin || !fields.empty()) end_row();
  return rows;
}

std::vector<Row> read_quickly(CsvSource& source) {
  std::vector<std::size_t> columns(source.column_names().size());
  std::iota(columns.begin(), columns.end(), 0);
  source.request(columns);
  std::vector<std::pair<std::uint64_t, Row>> by_line;
  RowBatch batch;
  while (source.next(batch).value()) {
    for (const auto& broken : batch.broken) by_line.emplace_back(broken.line, Row());
    for (std::size_t row = 0; row < batch.num_rows; ++row) {
      Fields fields;
      for (const auto& column : batch.columns) fields.emplace_back(column[row].text);
      by_line.emplace_back(batch.lines[row], std::move(fields));
    }
  }
  std::sort(by_line.begin(), by_line.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Row> rows{source.column_names()};
  for (auto& [line, row] : by_line) rows.push_back(std::move(row));
  return rows;
}

}  // namespace
}  // namespace gemel

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto source = gemel::CsvSource::parse(text, ',', "fuzz.csv");
  const auto slow = gemel::read_slowly(text);
  if (!source) {
    GEMEL_CHECK(slow.empty() || !slow[0], source.error().message);
    return 0;
  }
  GEMEL_CHECK(gemel::read_quickly(**source) == slow, text);
  return 0;
}
