// Rows of one source file in batches, whatever its format: CSV gives texts, the others typed values.
// Not thread-safe. What a batch borrows stays valid until the next call of next().
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gemel/base/result.h"

namespace gemel {

// One field of one row. Texts may be bad UTF-8: ingest checks them.
struct Cell {
  enum class Kind : std::uint8_t { kMissing, kText, kInteger, kNumber, kTime };
  Kind kind = Kind::kMissing;
  std::string_view text = {};  // kText
  std::int64_t integer = 0;    // kInteger; kTime: microseconds since 1970 UTC
  double number = 0;           // kNumber
};

// A row that could not even be cut into fields.
struct BrokenRow {
  std::uint64_t line;
  std::string field;   // empty when no field can be named
  std::string reason;  // "expected 7 columns, found 6"
};

struct RowBatch {
  std::size_t num_rows = 0;
  std::vector<std::uint64_t> lines;        // [num_rows]; text files: line where the row begins, from 1; Parquet, Arrow: row, from 1
  std::vector<std::vector<Cell>> columns;  // [requested columns][num_rows]; list values come as JSON list text
  std::vector<std::uint64_t> row_hashes;   // [num_rows] hash over all columns of the file, requested or not, for duplicates
  std::vector<std::uint32_t> ordinals;     // [num_rows] where rows are elements of a list: which of its record; otherwise empty
  std::vector<BrokenRow> broken;           // rows of this batch that are in none of the above; they count as read

  void clear(std::size_t num_columns) {
    num_rows = 0;
    lines.clear();
    row_hashes.clear();
    ordinals.clear();
    broken.clear();
    columns.resize(num_columns);
    for (auto& column : columns) column.clear();
  }
};

class RowSource {
 public:
  virtual ~RowSource() = default;
  virtual const std::vector<std::string>& column_names() const = 0;
  // Place of a column in column_names(). Sources whose rows name their own fields take any name: a field may first occur late.
  virtual std::optional<std::size_t> find_column(std::string_view name) {
    const auto& names = column_names();
    for (std::size_t column = 0; column < names.size(); ++column)
      if (names[column] == name) return column;
    return std::nullopt;
  }
  // Chooses columns by their place in column_names(); once, before the first next().
  virtual void request(std::vector<std::size_t> columns) = 0;
  // Leaves row_hashes empty where they cost reading columns that nobody requested; before the first next().
  virtual void skip_row_hashes() {}
  // False at the end. Error: the file itself cannot be read on (kIo, kCorrupt, kBadInput).
  virtual Result<bool> next(RowBatch& batch) = 0;
  // Requested columns that no row so far has had: at the end, a name that may be misspelt.
  virtual std::vector<std::size_t> unseen_columns() const { return {}; }
  virtual std::uint64_t bytes_read() const = 0;  // for progress
};

}  // namespace gemel
