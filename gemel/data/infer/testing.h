// Hand-made tables for the tests of the guessers.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "gemel/data/infer/column_profile.h"

namespace gemel::testing {

inline ColumnSample column(std::string name, std::vector<std::string> values) { return {std::move(name), std::move(values)}; }

inline TableSample table(std::vector<ColumnSample> columns) {
  TableSample table{.file = "made.csv", .source = {}, .columns = std::move(columns), .is_whole = true};
  table.num_rows = table.columns.empty() ? 0 : table.columns[0].values.size();
  return table;
}

// [rows] texts from value(row).
template <class Value>
std::vector<std::string> values(std::size_t rows, Value&& value) {
  std::vector<std::string> texts;
  for (std::size_t row = 0; row < rows; ++row) texts.push_back(value(row));
  return texts;
}

}  // namespace gemel::testing
