// A column of the catalogue or the customer file while ingest works on it. Not thread-safe.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gemel/data/ingest/parse_time.h"
#include "gemel/data/shop_config.h"

namespace gemel {

// One column, typed by its FeatureConfig as dataset.h says. Missing: empty text, empty list, NaN, kMissingTime.
class TableColumn {
 public:
  explicit TableColumn(FeatureConfig config) : config_(std::move(config)), format_(to_time_format(config_.time_format)) {}

  const FeatureConfig& config() const { return config_; }
  std::size_t num_rows() const { return num_rows_; }
  std::uint64_t num_filled() const { return num_filled_; }
  std::uint64_t num_unreadable() const { return num_unreadable_; }  // numbers whose field lacks the unit: missing, not rejected

  void detect_format(std::span<const Cell> sample);  // of times, once, by the first batch that tells
  // Appends the cell; or says why the row cannot be used, and appends nothing.
  std::optional<std::string> append(const Cell& cell);
  void remove_last();  // what the last append() did
  // A column of the rows `rows`, in their order; kMissingRow gives a missing value. The counts stay those of the file.
  TableColumn select(std::span<const std::uint32_t> rows) const;
  static constexpr std::uint32_t kMissingRow = UINT32_MAX;

  const std::string& bytes() const { return bytes_; }
  std::span<const std::int32_t> offsets() const { return offsets_; }  // of texts; [rows + 1], or [children + 1] for tags
  std::span<const std::int32_t> lists() const { return lists_; }      // [rows + 1], for tags
  std::span<const double> numbers() const { return numbers_; }
  std::span<const std::int64_t> times() const { return times_; }

 private:
  std::optional<std::string> append_value(const Cell& cell);
  std::optional<std::string> append_text(std::string_view text);
  std::optional<std::string> append_tags(std::string_view text);
  std::optional<std::string> append_number(std::string_view text);
  std::optional<std::string> append_time(const Cell& cell);
  void copy_row(const TableColumn& from, std::uint32_t row);

  FeatureConfig config_;
  std::optional<TimeFormat> format_;
  std::size_t num_rows_ = 0;
  std::uint64_t num_filled_ = 0, num_unreadable_ = 0;
  bool last_filled_ = false, last_unreadable_ = false;
  std::string bytes_;
  std::vector<std::int32_t> offsets_{0}, lists_{0};
  std::vector<double> numbers_;
  std::vector<std::int64_t> times_;
  std::vector<std::string> values_;  // scratch: tags of one row
  std::string buffer_;
};

}  // namespace gemel
