#include "gemel/data/ingest/csv_source.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace gemel {
namespace {

constexpr std::size_t kBatchRows = 8192;
constexpr std::size_t kMaxUnclosedQuotes = 100;  // each may cost a look through the whole window

std::uint64_t count_lines(const char* begin, const char* end) { return static_cast<std::uint64_t>(std::count(begin, end, '\n')); }

// The first of two letters in [from, end), or `end`; eight letters at a time. Looks at up to 7 bytes behind `end`, which the padding of the
// window allows.
const char* find_either(const char* from, const char* end, char a, char b) {
  constexpr std::uint64_t kOnes = 0x0101010101010101, kTops = 0x8080808080808080;
  const std::uint64_t all_a = kOnes * static_cast<unsigned char>(a), all_b = kOnes * static_cast<unsigned char>(b);
  for (; from < end; from += 8) {
    std::uint64_t letters;
    std::memcpy(&letters, from, 8);
    const std::uint64_t a_or_0 = letters ^ all_a, b_or_0 = letters ^ all_b;  // 0 where the letter stands; its top bit is set next
    const std::uint64_t found = (((a_or_0 - kOnes) & ~a_or_0) | ((b_or_0 - kOnes) & ~b_or_0)) & kTops;
    if (found != 0) return std::min(end, from + std::countr_zero(found) / 8);  // the lowest one is exact
  }
  return end;
}

}  // namespace

Result<std::unique_ptr<CsvSource>> CsvSource::open(std::unique_ptr<ByteStream> bytes, const SourceFormat& format, const std::string& name,
                                                   std::size_t block_bytes) {
  GEMEL_ASSIGN_OR_RETURN(TextWindow window, TextWindow::open(std::move(bytes), name, block_bytes));
  std::unique_ptr<CsvSource> source(new CsvSource(std::move(window), format.delimiter.empty() ? "," : format.delimiter, name));
  GEMEL_RETURN_IF_ERROR(source->read_header(format));
  return source;
}

Result<std::unique_ptr<CsvSource>> CsvSource::parse(std::string_view text, std::string delimiter, const std::string& name) {
  return open(make_memory_stream(text), {.delimiter = std::move(delimiter)}, name);
}

CsvSource::CsvSource(TextWindow window, std::string delimiter, std::string name)
    : window_(std::move(window)), delimiter_(std::move(delimiter)), name_(std::move(name)) {}

Result<void> CsvSource::read_header(const SourceFormat& format) {
  std::optional<BrokenRow> broken;
  std::uint64_t line = 0;
  while (true) {  // until the first row lies in the window whole
    const std::uint64_t first_line = line_;
    see_window();
    while (position_ != end_ && at_line_end()) skip_line();
    const std::size_t blank_bytes = window_.rest().size() - static_cast<std::size_t>(end_ - position_);
    line = line_;
    broken = position_ == end_ ? std::nullopt : cut_row();
    if (!is_cut_off()) {
      if (format.header) break;
      window_.consume(blank_bytes);  // the row is data and is cut again
      line_ = line;
      break;
    }
    if (window_.is_full()) return fail(ErrorCode::kBadInput, name_, ":", line, ": the first row is longer than 64 MiB");
    line_ = first_line;
    GEMEL_RETURN_IF_ERROR(window_.fill());
  }
  if (fields_.empty() && format.header)
    return fail(ErrorCode::kBadInput, name_, ": expected a header line with the names of the columns, found an empty file");
  if (format.header) {
    if (broken) return fail(ErrorCode::kBadInput, name_, ":", line, ": header: ", broken->reason);
    for (const Field& field : fields_) column_names_.emplace_back(field.has_doubled_quotes ? unescape(field.text) : field.text);
    window_.consume(window_.rest().size() - static_cast<std::size_t>(end_ - position_));
  } else {
    column_names_ = format.columns;
    if (column_names_.empty() && broken) return fail(ErrorCode::kBadInput, name_, ":", line, ": first row: ", broken->reason);
    if (column_names_.empty())
      for (std::size_t column = 1; column <= fields_.size(); ++column) column_names_.push_back(concat(column));
  }
  unescaped_.clear();
  return {};
}

void CsvSource::request(std::vector<std::size_t> columns) {
  for (const std::size_t column : columns) GEMEL_CHECK(column < column_names_.size());
  requested_ = std::move(columns);
}

Result<bool> CsvSource::next(RowBatch& batch) {
  unescaped_.clear();
  batch.clear(requested_.size());
  while (true) {
    GEMEL_RETURN_IF_ERROR(read_rows(batch));
    if (batch.num_rows + batch.broken.size() > 0) return true;
    if (window_.is_last()) return false;
    if (window_.is_full()) GEMEL_RETURN_IF_ERROR(skip_long_row(batch));
    else GEMEL_RETURN_IF_ERROR(window_.fill());
  }
}

Result<void> CsvSource::read_rows(RowBatch& batch) {
  see_window();
  const char* row_begin = position_;
  for (; position_ != end_ && batch.num_rows + batch.broken.size() < kBatchRows; row_begin = position_) {
    const std::uint64_t line = line_;
    std::optional<BrokenRow> broken;
    const bool is_blank = at_line_end();
    if (is_blank) skip_line();
    else broken = cut_row();
    if (is_cut_off()) {  // what comes next may change how it reads
      line_ = line;
      break;
    }
    if (is_blank) continue;
    if (broken) batch.broken.push_back(std::move(*broken));
    else if (fields_.size() == column_names_.size()) append_row(batch, line, {row_begin, position_});
    else batch.broken.push_back({line, "", concat("expected ", column_names_.size(), " columns, found ", fields_.size())});
    if (num_unclosed_quotes_ > kMaxUnclosedQuotes)
      return fail(ErrorCode::kBadInput, name_, ":", line, ": more than ", kMaxUnclosedQuotes,
                  " rows begin a quoted field that is never closed; expected fields quoted as in RFC 4180");
  }
  window_.consume(static_cast<std::size_t>(row_begin - window_.rest().data()));
  return {};
}

void CsvSource::see_window() {
  position_ = window_.rest().data();
  end_ = position_ + window_.rest().size();
}

// Its first line is passed over; reading goes on with the next one.
Result<void> CsvSource::skip_long_row(RowBatch& batch) {
  ++num_unclosed_quotes_;
  batch.broken.push_back({line_, "", "longer than 64 MiB: its first line is left out"});
  ++line_;
  return window_.skip_line();
}

std::optional<BrokenRow> CsvSource::cut_row() {
  const char* const row_begin = position_;
  const std::uint64_t first_line = line_;
  fields_.clear();
  while (true) {
    Field field;
    if (position_ != end_ && *position_ == '"') {
      if (!cut_quoted_field(field)) return unclosed_quote(row_begin, first_line);
      if (!at_line_end() && !at_delimiter()) {
        skip_line();
        return BrokenRow{first_line, field_name(), "text after a closing quote"};
      }
    } else {
      const char* const field_begin = position_;
      position_ = find_either(position_, end_, delimiter_[0], '\n');
      while (position_ != end_ && *position_ != '\n' && !at_delimiter()) position_ = find_either(position_ + 1, end_, delimiter_[0], '\n');
      field.text = {field_begin, position_};
    }
    fields_.push_back(field);
    if (!at_delimiter()) break;
    position_ += delimiter_.size();
  }
  auto& last = fields_.back().text;
  if (!last.empty() && last.data() + last.size() == position_ && last.back() == '\r') last.remove_suffix(1);
  skip_line();
  return std::nullopt;
}

bool CsvSource::cut_quoted_field(Field& field) {
  const char* const text_begin = ++position_;
  while (true) {
    const auto* quote = static_cast<const char*>(std::memchr(position_, '"', static_cast<std::size_t>(end_ - position_)));
    if (quote == nullptr) return false;
    line_ += count_lines(position_, quote);
    position_ = quote + 1;
    if (position_ == end_ || *position_ != '"') {
      field.text = {text_begin, quote};
      return true;
    }
    field.has_doubled_quotes = true;
    ++position_;
  }
}

bool CsvSource::at_delimiter() const {
  if (position_ == end_ || *position_ != delimiter_[0]) return false;
  return delimiter_.size() == 1 || std::string_view(position_, end_).starts_with(delimiter_);
}

bool CsvSource::at_line_end() const {
  return position_ == end_ || *position_ == '\n' || (*position_ == '\r' && (position_ + 1 == end_ || position_[1] == '\n'));
}

void CsvSource::skip_line() {
  const auto* line_end = static_cast<const char*>(std::memchr(position_, '\n', static_cast<std::size_t>(end_ - position_)));
  position_ = line_end == nullptr ? end_ : line_end + 1;
  line_ += line_end != nullptr;
}

// Where the file goes on, the quote may be closed yet: the row reaches the end of the window then. Otherwise the row loses its first line
// only: what follows is read as rows.
std::optional<BrokenRow> CsvSource::unclosed_quote(const char* row_begin, std::uint64_t first_line) {
  position_ = end_;
  if (!window_.is_last()) return std::nullopt;
  ++num_unclosed_quotes_;
  BrokenRow broken{first_line, field_name(), "a quote is never closed"};
  position_ = row_begin;
  line_ = first_line;
  skip_line();
  return broken;
}

std::string CsvSource::field_name() const {
  return fields_.size() < column_names_.size() ? column_names_[fields_.size()] : concat("column ", fields_.size() + 1);
}

void CsvSource::append_row(RowBatch& batch, std::uint64_t line, std::string_view raw) {
  while (!raw.empty() && (raw.back() == '\n' || raw.back() == '\r')) raw.remove_suffix(1);
  ++batch.num_rows;
  batch.lines.push_back(line);
  if (with_hashes_) batch.row_hashes.push_back(XXH3_64bits(raw.data(), raw.size()));
  for (std::size_t i = 0; i < requested_.size(); ++i) {
    const Field& field = fields_[requested_[i]];
    Cell& cell = batch.columns[i].emplace_back();
    if (field.text.empty()) continue;
    cell.kind = Cell::Kind::kText;
    cell.text = field.has_doubled_quotes ? unescape(field.text) : field.text;
  }
}

std::string_view CsvSource::unescape(std::string_view text) {
  std::string& single = unescaped_.emplace_back();
  single.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    single.push_back(text[i]);
    if (text[i] == '"') ++i;  // the second of a doubled quote
  }
  return single;
}

}  // namespace gemel
