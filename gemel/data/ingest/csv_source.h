// CSV and TSV (RFC 4180) as a RowSource: quoted fields with doubled quotes and line breaks, CRLF, fields of any length up to
// TextWindow::kMaxRowBytes a row. Own code, since error messages need exact line numbers and every row of the file must be accounted for.
//
// A line without a byte is no row. A row that cannot be cut into as many fields as the header has is a BrokenRow, and reading goes on;
// after a quote that is never closed, with the line behind the one where the row begins. Not thread-safe. Memory: a window and one batch.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gemel/data/ingest/text_window.h"
#include "gemel/data/row_source.h"
#include "gemel/data/source_format.h"

namespace gemel {

class CsvSource final : public RowSource {
 public:
  // Of `format`: delimiter (empty: a comma), header, columns. `name` stands in messages. Errors: those of the bytes, kBadInput (no header).
  static Result<std::unique_ptr<CsvSource>> open(std::unique_ptr<ByteStream> bytes, const SourceFormat& format, const std::string& name,
                                                 std::size_t block_bytes = 1 << 20);
  // Borrows `text` for its lifetime.
  static Result<std::unique_ptr<CsvSource>> parse(std::string_view text, std::string delimiter, const std::string& name);

  const std::vector<std::string>& column_names() const override { return column_names_; }
  void request(std::vector<std::size_t> columns) override;
  void skip_row_hashes() override { with_hashes_ = false; }
  Result<bool> next(RowBatch& batch) override;
  std::uint64_t bytes_read() const override { return window_.bytes_read(); }

 private:
  struct Field {
    std::string_view text;  // between the quotes, when quoted
    bool has_doubled_quotes = false;
  };

  CsvSource(TextWindow window, std::string delimiter, std::string name);
  Result<void> read_header(const SourceFormat& format);
  // Rows of the window, until the batch is full or a row reaches the window's end and the file goes on there.
  Result<void> read_rows(RowBatch& batch);
  // Cuts the row at position_ into fields_ and moves past it, or says why it cannot.
  std::optional<BrokenRow> cut_row();
  bool cut_quoted_field(Field& field);  // false: never closed
  bool at_delimiter() const;
  bool at_line_end() const;  // or at the end of the window
  void skip_line();
  Result<void> skip_long_row(RowBatch& batch);
  std::optional<BrokenRow> unclosed_quote(const char* row_begin, std::uint64_t first_line);
  bool is_cut_off() const { return position_ == end_ && !window_.is_last(); }
  void see_window();  // position_ and end_ from the window
  std::string field_name() const;  // of the field being cut
  void append_row(RowBatch& batch, std::uint64_t line, std::string_view raw);
  std::string_view unescape(std::string_view text);

  TextWindow window_;
  std::string delimiter_;
  std::string name_;
  const char* position_ = nullptr;  // in the window, as end_ is
  const char* end_ = nullptr;
  std::uint64_t line_ = 1;  // of position_
  std::size_t num_unclosed_quotes_ = 0;
  bool with_hashes_ = true;
  std::vector<std::string> column_names_;
  std::vector<std::size_t> requested_;
  std::vector<Field> fields_;  // of the row just cut
  std::deque<std::string> unescaped_;  // fields of this batch whose doubled quotes were made single
};

}  // namespace gemel
