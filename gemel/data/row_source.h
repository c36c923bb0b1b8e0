// Rows of one source file in batches, whatever its format: CSV gives texts, Parquet gives typed values.
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
  std::vector<std::uint64_t> lines;        // [num_rows]; CSV: line where the row begins, counted from 1; Parquet: row, from 1
  std::vector<std::vector<Cell>> columns;  // [requested columns][num_rows]; list values come as JSON list text
  std::vector<std::uint64_t> row_hashes;   // [num_rows] hash over all columns of the file, requested or not, for duplicates
  std::vector<BrokenRow> broken;           // rows of this batch that are in none of the above; they count as read
};

class RowSource {
 public:
  virtual ~RowSource() = default;
  virtual const std::vector<std::string>& column_names() const = 0;
  // Chooses columns by their place in column_names(); once, before the first next().
  virtual void request(std::vector<std::size_t> columns) = 0;
  // Leaves row_hashes empty where they cost reading columns that nobody requested; before the first next().
  virtual void skip_row_hashes() {}
  // False at the end. Error: the file itself cannot be read on (kIo, kCorrupt, kBadInput).
  virtual Result<bool> next(RowBatch& batch) = 0;
  virtual std::uint64_t bytes_read() const = 0;  // for progress
};

}  // namespace gemel
