// CSV and TSV (RFC 4180) as a RowSource: quoted fields with doubled quotes and line breaks, CRLF, a byte order mark, fields of any
// length. Own code, since error messages need exact line numbers and every row of the file must be accounted for.
//
// A line without a byte is no row. A row that cannot be cut into as many fields as the header has is a BrokenRow, and reading goes on.
// Not thread-safe. Memory: one batch; the pages of the file that are passed are handed back to the system.
#pragma once

#include <deque>
#include <filesystem>
#include <memory>
#include <optional>

#include "gemel/base/file.h"
#include "gemel/data/row_source.h"

namespace gemel {

class CsvSource final : public RowSource {
 public:
  // Delimiter: tab for .tsv and .tab, comma otherwise. Errors: kNotFound, kIo, kBadInput (no header).
  static Result<std::unique_ptr<CsvSource>> open(const std::filesystem::path& path);
  // Borrows `text` for its lifetime; `name` stands in messages.
  static Result<std::unique_ptr<CsvSource>> parse(std::string_view text, char delimiter, const std::string& name);

  const std::vector<std::string>& column_names() const override { return column_names_; }
  void request(std::vector<std::size_t> columns) override;
  Result<bool> next(RowBatch& batch) override;
  std::uint64_t bytes_read() const override { return static_cast<std::uint64_t>(position_ - begin_); }

 private:
  struct Field {
    std::string_view text;  // between the quotes, when quoted
    bool has_doubled_quotes = false;
  };

  CsvSource(std::string_view text, char delimiter);
  Result<void> read_header(const std::string& name);
  // Cuts the row at position_ into fields_ and moves past it, or says why it cannot.
  std::optional<BrokenRow> cut_row();
  bool cut_quoted_field(Field& field);  // false: never closed
  bool at_line_end() const;             // or at the end of the file
  void skip_line();
  BrokenRow unclosed_quote(std::uint64_t first_line);
  std::string field_name() const;  // of the field being cut
  void append_row(RowBatch& batch, std::uint64_t line, std::string_view raw);
  std::string_view unescape(std::string_view text);
  void release_passed_pages();

  MappedFile file_;
  char delimiter_;
  const char* begin_;
  const char* position_;
  const char* end_;
  const char* released_;    // bytes before it were given back
  std::uint64_t line_ = 1;  // of position_
  std::vector<std::string> column_names_;
  std::vector<std::size_t> requested_;
  std::vector<Field> fields_;          // of the row just cut
  std::deque<std::string> unescaped_;  // fields of this batch whose doubled quotes were made single
};

}  // namespace gemel
