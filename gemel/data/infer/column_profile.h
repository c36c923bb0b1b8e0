// What a column of a sample looks like, in numbers. Thread safety: plain values, pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gemel/data/infer/table_sample.h"
#include "gemel/data/ingest/parse_time.h"

namespace gemel {

struct TimeProfile {
  TimeFormat format = TimeFormat::kIso;
  TimePoint first{}, last{};
  bool is_whole_days = true;
  bool has_zone = false;          // every text says UTC, Z or an offset
  bool is_ambiguous_day = false;  // no value tells whether day or month comes first
  bool is_ascending = true;
};

struct ColumnProfile {
  std::string name;
  std::size_t num_rows = 0, num_filled = 0;
  std::unordered_map<std::string, std::size_t> counts;  // of the filled values
  std::size_t num_once = 0;                             // values that occur once
  std::string first_value;                              // filled
  std::string top_value;                                // most frequent, a missing value being one too (empty)
  std::size_t top_count = 0;

  // How many of the filled values read as ...
  std::size_t num_numbers = 0, num_integers = 0, num_lists = 0, num_objects = 0, num_object_lists = 0, num_urls = 0;
  double min = 0, max = 0, median = 0;  // of the numbers
  bool is_counting = false;             // integers, each one more than the row before: a row number
  double mean_words = 0, mean_bytes = 0;
  std::optional<TimeProfile> time;  // 98 of 100 values read as a time of one format, in 1970 to 2100

  std::size_t num_distinct() const { return counts.size(); }
  double share(std::size_t count) const { return num_filled == 0 ? 0 : static_cast<double>(count) / static_cast<double>(num_filled); }
  bool is_numeric() const { return num_filled > 0 && share(num_numbers) >= 0.98; }
  bool is_integer() const { return num_filled > 0 && share(num_integers) >= 0.98; }
  bool is_unique() const { return num_rows > 0 && num_filled == num_rows && num_distinct() == num_rows; }
};

ColumnProfile profile(const ColumnSample& column);
std::vector<ColumnProfile> profile(const TableSample& table);

// Of the filled rows of `column`, the share whose value is one of `keys`. 0 without a filled row.
double share_found(const ColumnProfile& column, const ColumnProfile& keys);

// Both columns say the same in other words: each value of one goes with one value of the other. Columns of one table.
bool is_one_to_one(const ColumnSample& a, const ColumnSample& b);
// Each value of `fine` goes with one value of `coarse`.
bool determines(const ColumnSample& fine, const ColumnSample& coarse);

}  // namespace gemel
