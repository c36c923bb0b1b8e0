// Everything that a RowSource gives, as texts, for tests of the sources.
#pragma once

#include <string>
#include <vector>

#include "gemel/base/concat.h"
#include "gemel/data/row_source.h"

namespace gemel::testing {

inline std::string shown(const Cell& cell) {
  switch (cell.kind) {
    case Cell::Kind::kMissing: return "missing";
    case Cell::Kind::kText: return concat("text ", cell.text);
    case Cell::Kind::kInteger: return concat("integer ", cell.integer);
    case Cell::Kind::kNumber: return concat("number ", cell.number);
    case Cell::Kind::kTime: return concat("time ", cell.integer);
  }
  return "";
}

struct ReadRows {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::uint64_t> lines, hashes;
  std::vector<BrokenRow> broken;
};

inline ReadRows read_rows(RowSource& source, const std::vector<std::string>& columns) {
  std::vector<std::size_t> places;
  for (const auto& name : columns) places.push_back(source.find_column(name).value());
  source.request(places);
  ReadRows read;
  RowBatch batch;
  while (source.next(batch).value()) {
    for (std::size_t row = 0; row < batch.num_rows; ++row) {
      auto& cells = read.rows.emplace_back();
      for (const auto& column : batch.columns) cells.push_back(shown(column[row]));
    }
    read.lines.insert(read.lines.end(), batch.lines.begin(), batch.lines.end());
    read.hashes.insert(read.hashes.end(), batch.row_hashes.begin(), batch.row_hashes.end());
    read.broken.insert(read.broken.end(), batch.broken.begin(), batch.broken.end());
  }
  return read;
}

}  // namespace gemel::testing
