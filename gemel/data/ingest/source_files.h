// The files of one table, row by row, whatever their format. Not thread-safe.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "gemel/base/progress.h"
#include "gemel/base/result.h"
#include "gemel/data/ingest/reject_log.h"
#include "gemel/data/row_source.h"
#include "gemel/data/source_format.h"

namespace gemel {

// A batch with the columns that were asked for, in the order asked for.
class SourceBatch {
 public:
  SourceBatch(const std::string& file, const RowBatch& rows, const std::vector<std::size_t>& places)
      : file_(file), rows_(rows), places_(places) {}
  const std::string& file() const { return file_; }
  std::size_t num_rows() const { return rows_.num_rows; }
  std::uint64_t line(std::size_t row) const { return rows_.lines[row]; }
  std::uint32_t ordinal(std::size_t row) const {
    return rows_.ordinals.empty() ? 0 : rows_.ordinals[row];
  }  // among the elements of its record
  std::uint64_t row_hash(std::size_t row) const { return rows_.row_hashes[row]; }
  const Cell& cell(std::size_t column, std::size_t row) const { return rows_.columns[places_[column]][row]; }
  std::span<const Cell> column(std::size_t column) const { return rows_.columns[places_[column]]; }

 private:
  const std::string& file_;
  const RowBatch& rows_;
  const std::vector<std::size_t>& places_;
};

// Columns that are asked for, and the keys of shop.toml that name them (for messages).
struct WantedColumns {
  std::vector<std::string> names, keys;
  void add(std::string name, std::string key) {
    names.push_back(std::move(name));
    keys.push_back(std::move(key));
  }
};

struct SourceFiles {
  SourceFormat format;
  std::vector<std::filesystem::path> paths;
  std::uint64_t size_bytes = 0;

  // Each pattern is a file, a glob, a folder (everything below it whose name has a known ending, or everything when the format is declared;
  // names that begin with "." or "_" are passed over) or "-", standard input. `key` of shop.toml, such as "items.path", stands in messages.
  // Error: kBadConfig when a pattern matches no file.
  static Result<SourceFiles> find(const std::vector<std::string>& patterns, const SourceFormat& format, std::string_view key);

  // Hands over every batch, in order; rows that could not be cut are rejected here. `account.read` counts all of them. Row hashes may cost
  // reading columns that nobody asked for.
  // Errors: kBadConfig (a column that a file does not have), kInterrupted, what `take` returns, what the file does.
  enum class RowHashes { kSkip, kRead };
  Result<void> read(const WantedColumns& columns, RowHashes hashes, RejectLog& rejects, RowAccount& account, ProgressSink& progress,
                    const std::function<Result<void>(const SourceBatch&)>& take) const;
};

}  // namespace gemel
