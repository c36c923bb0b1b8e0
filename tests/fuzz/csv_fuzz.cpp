// Any bytes as a CSV file: CsvSource and a plain state machine must see the same rows, field by field. The first byte chooses delimiter,
// header and the size of the blocks in which the file is read. Build with clang to get the libFuzzer program csv_fuzz; fuzz_test.cpp runs
// the same function over the kept corpus and over generated files.
#include "tests/fuzz/csv_fuzz.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gemel/data/ingest/csv_source.h"

namespace gemel {
namespace {

constexpr std::size_t kMaxUnclosedQuotes = 100;  // what CsvSource puts up with

using Fields = std::vector<std::string>;
using Row = std::optional<Fields>;  // nothing: broken

struct Options {
  std::string delimiter;
  std::vector<std::string> columns;  // of a file without a header
  std::size_t block_bytes;
};

Options options_of(std::uint8_t byte) {
  return {.delimiter = byte & 1 ? "::" : ",",
          .columns = byte & 2 ? std::vector<std::string>{"a", "b"} : std::vector<std::string>{},
          .block_bytes = byte & 4 ? 1 + std::size_t{byte} / 8 : 4096};
}

// RFC 4180 one letter at a time. Lines without a byte are no rows; a row with a quote that is never closed loses its first line.
class SlowReader {
 public:
  SlowReader(std::string_view text, const Options& options) : text_(text), options_(options) {
    if (!options.columns.empty()) rows_.emplace_back(options.columns);
    if (text_.starts_with("\xEF\xBB\xBF")) row_begin_ = 3;
  }

  // The header first. Nothing when there is none or too many quotes are never closed.
  std::optional<std::vector<Row>> read() {
    for (std::size_t i = row_begin_;;) {
      for (; i < text_.size(); ++i) {
        step(i);
        if (!rows_.empty() && !rows_[0]) return std::nullopt;
      }
      if (state_ != State::kQuoted) break;
      rows_.emplace_back();
      if (++num_unclosed_ > kMaxUnclosedQuotes || rows_.size() == 1) return std::nullopt;
      i = std::min(text_.find('\n', row_begin_), text_.size() - 1) + 1;
      begin_row(i);
    }
    if (state_ != State::kFieldBegin || !fields_.empty()) end_row(text_.size());
    if (rows_.empty() || !rows_[0]) return std::nullopt;
    return rows_;
  }

 private:
  enum class State { kFieldBegin, kPlain, kQuoted, kAfterQuote, kBroken };

  void step(std::size_t& i) {
    const char letter = text_[i];
    const bool is_last_return = letter == '\r' && (i + 1 == text_.size() || text_[i + 1] == '\n');
    const bool is_delimiter = text_.substr(i).starts_with(options_.delimiter);
    if (state_ == State::kQuoted) {
      if (letter == '"') state_ = State::kAfterQuote;
      else field_.push_back(letter);
    } else if (letter == '\n') {
      end_row(i + 1);
    } else if (state_ == State::kAfterQuote) {
      if (letter == '"') field_.push_back('"'), state_ = State::kQuoted;
      else if (is_delimiter) end_field(i);
      else if (!is_last_return) state_ = State::kBroken;
    } else if (state_ == State::kFieldBegin && letter == '"') {
      state_ = State::kQuoted;
      was_quoted_ = true;
    } else if (state_ != State::kBroken) {
      if (is_delimiter) end_field(i);
      else field_.push_back(letter), state_ = State::kPlain;
    }
  }

  void end_field(std::size_t& i) {
    i += options_.delimiter.size() - 1;
    push_field();
  }

  void push_field() {
    fields_.push_back(std::exchange(field_, {}));
    was_quoted_ = false;
    state_ = State::kFieldBegin;
  }

  void end_row(std::size_t next) {
    const bool is_broken = state_ == State::kBroken;
    if (!was_quoted_ && !field_.empty() && field_.back() == '\r') field_.pop_back();
    const bool is_empty_line = fields_.empty() && field_.empty() && !was_quoted_;
    push_field();
    if (!is_empty_line) {
      const bool has_width = rows_.empty() || fields_.size() == rows_[0]->size();
      rows_.push_back(is_broken || !has_width ? Row() : Row(fields_));
    }
    begin_row(next);
  }

  void begin_row(std::size_t place) {
    row_begin_ = place;
    fields_.clear();
    field_.clear();
    was_quoted_ = false;
    state_ = State::kFieldBegin;
  }

  std::string_view text_;
  const Options& options_;
  std::vector<Row> rows_;
  std::size_t row_begin_ = 0, num_unclosed_ = 0;
  Fields fields_;
  std::string field_;
  State state_ = State::kFieldBegin;
  bool was_quoted_ = false;
};

std::optional<std::vector<Row>> read_quickly(std::string_view text, const Options& options) {
  const SourceFormat format{.delimiter = options.delimiter, .header = options.columns.empty(), .columns = options.columns};
  const auto source = CsvSource::open(make_memory_stream(text), format, "fuzz.csv", options.block_bytes);
  if (!source) return std::nullopt;
  CsvSource& csv = **source;
  std::vector<std::size_t> columns(csv.column_names().size());
  std::iota(columns.begin(), columns.end(), 0);
  csv.request(columns);
  std::vector<std::pair<std::uint64_t, Row>> by_line;
  RowBatch batch;
  while (true) {
    const auto has_rows = csv.next(batch);
    if (!has_rows) return std::nullopt;
    if (!*has_rows) break;
    for (const auto& broken : batch.broken) by_line.emplace_back(broken.line, Row());
    for (std::size_t row = 0; row < batch.num_rows; ++row) {
      Fields fields;
      for (const auto& column : batch.columns) fields.emplace_back(column[row].text);
      by_line.emplace_back(batch.lines[row], std::move(fields));
    }
  }
  std::sort(by_line.begin(), by_line.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Row> rows{csv.column_names()};
  for (auto& [line, row] : by_line) rows.push_back(std::move(row));
  return rows;
}

}  // namespace

void compare_csv_readers(std::string_view input) {
  if (input.empty()) return;
  const Options options = options_of(static_cast<std::uint8_t>(input[0]));
  const std::string_view text = input.substr(1);
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) return;  // UTF-16 is refused
  if (text.starts_with("\xC3\xAF\xC2\xBB\xC2\xBF")) return;                  // so is a byte order mark as Latin-1
  GEMEL_CHECK(read_quickly(text, options) == SlowReader(text, options).read(), text);
}

}  // namespace gemel
