#include "gemel/data/ingest/csv_source.h"

#include <sys/mman.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cstring>

namespace gemel {
namespace {

constexpr std::size_t kBatchRows = 8192;
constexpr std::size_t kBatchBytes = 4 << 20;
constexpr std::uintptr_t kPageBytes = 4096;

std::uint64_t count_lines(const char* begin, const char* end) { return static_cast<std::uint64_t>(std::count(begin, end, '\n')); }

}  // namespace

Result<std::unique_ptr<CsvSource>> CsvSource::open(const std::filesystem::path& path) {
  GEMEL_ASSIGN_OR_RETURN(MappedFile file, MappedFile::open(path));
  const std::string extension = path.extension().string();
  GEMEL_ASSIGN_OR_RETURN(auto source, parse(file.bytes(), extension == ".tsv" || extension == ".tab" ? '\t' : ',', path.string()));
  source->file_ = std::move(file);
  return source;
}

Result<std::unique_ptr<CsvSource>> CsvSource::parse(std::string_view text, char delimiter, const std::string& name) {
  std::unique_ptr<CsvSource> source(new CsvSource(text, delimiter));
  GEMEL_RETURN_IF_ERROR(source->read_header(name));
  return source;
}

CsvSource::CsvSource(std::string_view text, char delimiter)
    : delimiter_(delimiter), begin_(text.data()), position_(begin_), end_(begin_ + text.size()), released_(begin_) {}

Result<void> CsvSource::read_header(const std::string& name) {
  if (std::string_view(begin_, end_).starts_with("\xEF\xBB\xBF")) position_ += 3;  // byte order mark
  while (position_ != end_ && at_line_end()) skip_line();
  if (position_ == end_)
    return fail(ErrorCode::kBadInput, name, ": expected a header line with the names of the columns, found an empty file");
  const std::uint64_t line = line_;
  if (const auto broken = cut_row()) return fail(ErrorCode::kBadInput, name, ":", line, ": header: ", broken->reason);
  for (const Field& field : fields_) column_names_.emplace_back(field.has_doubled_quotes ? unescape(field.text) : field.text);
  unescaped_.clear();
  return {};
}

void CsvSource::request(std::vector<std::size_t> columns) {
  for (const std::size_t column : columns) GEMEL_CHECK(column < column_names_.size());
  requested_ = std::move(columns);
}

Result<bool> CsvSource::next(RowBatch& batch) {
  release_passed_pages();
  unescaped_.clear();
  batch.num_rows = 0;
  batch.lines.clear();
  batch.row_hashes.clear();
  batch.broken.clear();
  batch.columns.resize(requested_.size());
  for (auto& column : batch.columns) column.clear();
  const char* const batch_begin = position_;
  while (position_ != end_ && batch.num_rows + batch.broken.size() < kBatchRows && position_ < batch_begin + kBatchBytes) {
    if (at_line_end()) {
      skip_line();
      continue;
    }
    const char* const row_begin = position_;
    const std::uint64_t line = line_;
    if (auto broken = cut_row()) {
      batch.broken.push_back(std::move(*broken));
    } else if (fields_.size() != column_names_.size()) {
      batch.broken.push_back({line, "", concat("expected ", column_names_.size(), " columns, found ", fields_.size())});
    } else {
      append_row(batch, line, {row_begin, position_});
    }
  }
  return batch.num_rows + batch.broken.size() > 0 || position_ != end_;
}

std::optional<BrokenRow> CsvSource::cut_row() {
  const std::uint64_t first_line = line_;
  fields_.clear();
  while (true) {
    Field field;
    if (position_ != end_ && *position_ == '"') {
      if (!cut_quoted_field(field)) return unclosed_quote(first_line);
      if (!at_line_end() && *position_ != delimiter_) {
        skip_line();
        return BrokenRow{first_line, field_name(), "text after a closing quote"};
      }
    } else {
      const char* const field_begin = position_;
      while (position_ != end_ && *position_ != delimiter_ && *position_ != '\n') ++position_;
      field.text = {field_begin, position_};
    }
    fields_.push_back(field);
    if (position_ == end_ || *position_ != delimiter_) break;
    ++position_;
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

bool CsvSource::at_line_end() const {
  return position_ == end_ || *position_ == '\n' || (*position_ == '\r' && (position_ + 1 == end_ || position_[1] == '\n'));
}

void CsvSource::skip_line() {
  const auto* line_end = static_cast<const char*>(std::memchr(position_, '\n', static_cast<std::size_t>(end_ - position_)));
  position_ = line_end == nullptr ? end_ : line_end + 1;
  line_ += line_end != nullptr;
}

// Nothing after such a quote can be told apart from the field, so the file ends here.
BrokenRow CsvSource::unclosed_quote(std::uint64_t first_line) {
  line_ += count_lines(position_, end_);
  position_ = end_;
  return {first_line, field_name(),
          concat("a quote is never closed: lines ", first_line, " to ", line_, ", the end of the file, are unread")};
}

std::string CsvSource::field_name() const {
  return fields_.size() < column_names_.size() ? column_names_[fields_.size()] : concat("column ", fields_.size() + 1);
}

void CsvSource::append_row(RowBatch& batch, std::uint64_t line, std::string_view raw) {
  while (!raw.empty() && (raw.back() == '\n' || raw.back() == '\r')) raw.remove_suffix(1);
  ++batch.num_rows;
  batch.lines.push_back(line);
  batch.row_hashes.push_back(XXH3_64bits(raw.data(), raw.size()));
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

void CsvSource::release_passed_pages() {
  if (file_.bytes().empty()) return;
  const auto from = reinterpret_cast<std::uintptr_t>(released_) & ~(kPageBytes - 1);
  const auto to = reinterpret_cast<std::uintptr_t>(position_) & ~(kPageBytes - 1);
  if (to <= from) return;
  ::madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED);  // advice: a refusal costs memory, nothing else
  released_ = position_;
}

}  // namespace gemel
