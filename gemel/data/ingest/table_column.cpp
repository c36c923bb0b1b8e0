#include "gemel/data/ingest/table_column.h"

#include <climits>
#include <cmath>
#include <limits>

#include "gemel/data/ingest/cell_text.h"
#include "gemel/data/ingest/parse_list.h"
#include "gemel/data/ingest/parse_number.h"

namespace gemel {
namespace {

constexpr double kMissingNumber = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t kMissingCount = INT64_MIN;  // kMissingTime
constexpr std::string_view kTooLong = "the texts of the column take more than 2 GiB";

}  // namespace

void TableColumn::detect_format(std::span<const Cell> sample) {
  if (config_.type == FeatureType::kTime && !format_) format_ = detect_time_format(sample);
}

std::optional<std::string> TableColumn::append(const Cell& cell) {
  last_filled_ = cell.kind != Cell::Kind::kMissing;
  last_unreadable_ = false;
  const auto problem = append_value(cell);
  if (problem) return problem;
  ++num_rows_;
  num_filled_ += last_filled_;
  num_unreadable_ += last_unreadable_;
  return std::nullopt;
}

std::optional<std::string> TableColumn::append_value(const Cell& cell) {
  if (config_.type == FeatureType::kTime) return append_time(cell);
  const std::string_view text = cell_text(cell, buffer_);
  if (!is_valid_utf8(text)) return "not UTF-8";
  if (config_.type == FeatureType::kNumber) return append_number(text);
  return config_.type == FeatureType::kTags ? append_tags(text) : append_text(text);
}

std::optional<std::string> TableColumn::append_text(std::string_view text) {
  if (bytes_.size() + text.size() > INT_MAX) return std::string(kTooLong);
  bytes_.append(text);
  offsets_.push_back(static_cast<std::int32_t>(bytes_.size()));
  return std::nullopt;
}

std::optional<std::string> TableColumn::append_tags(std::string_view text) {
  values_.clear();
  if (!text.empty() && !parse_list(text, config_.separator, values_)) return "unreadable list";
  std::size_t size_bytes = bytes_.size();
  for (const auto& value : values_) size_bytes += value.size();
  if (size_bytes > INT_MAX) return std::string(kTooLong);
  for (const auto& value : values_) append_text(value);
  lists_.push_back(static_cast<std::int32_t>(offsets_.size() - 1));
  last_filled_ = !values_.empty();
  return std::nullopt;
}

std::optional<std::string> TableColumn::append_number(std::string_view text) {
  double number = kMissingNumber;
  if (!text.empty()) {
    const auto read = config_.unit.empty() ? parse_number(text) : parse_number_with_unit(text, config_.unit);
    if (!read && config_.unit.empty()) return "unreadable number";
    if (read && config_.min && !(*read >= *config_.min)) return concat("below ", *config_.min);
    number = read.value_or(kMissingNumber);
    last_unreadable_ = !read;
  }
  last_filled_ = !std::isnan(number);
  numbers_.push_back(number);
  return std::nullopt;
}

std::optional<std::string> TableColumn::append_time(const Cell& cell) {
  std::int64_t count = kMissingCount;
  if (cell.kind != Cell::Kind::kMissing) {
    const auto at = parse_time(cell, format_.value_or(TimeFormat::kIso));
    if (!at) return "unreadable time";
    count = at->time_since_epoch().count();
  }
  times_.push_back(count);
  return std::nullopt;
}

void TableColumn::remove_last() {
  --num_rows_;
  num_filled_ -= last_filled_;
  num_unreadable_ -= last_unreadable_;
  switch (config_.type) {
    case FeatureType::kNumber: numbers_.pop_back(); break;
    case FeatureType::kTime: times_.pop_back(); break;
    case FeatureType::kTags:
      lists_.pop_back();
      offsets_.resize(static_cast<std::size_t>(lists_.back()) + 1);
      break;
    case FeatureType::kCategory:
    case FeatureType::kText:
    case FeatureType::kShown: offsets_.pop_back(); break;
  }
  bytes_.resize(static_cast<std::size_t>(offsets_.back()));
}

TableColumn TableColumn::select(std::span<const std::uint32_t> rows) const {
  TableColumn selected(config_);
  for (const std::uint32_t row : rows) selected.copy_row(*this, row);
  selected.num_rows_ = rows.size();
  selected.num_filled_ = num_filled_;
  selected.num_unreadable_ = num_unreadable_;
  return selected;
}

void TableColumn::copy_row(const TableColumn& from, std::uint32_t row) {
  const bool missing = row == kMissingRow;
  const auto text = [&](std::size_t place) {
    return std::string_view(from.bytes_)
        .substr(static_cast<std::size_t>(from.offsets_[place]), static_cast<std::size_t>(from.offsets_[place + 1] - from.offsets_[place]));
  };
  switch (config_.type) {
    case FeatureType::kNumber: numbers_.push_back(missing ? kMissingNumber : from.numbers_[row]); break;
    case FeatureType::kTime: times_.push_back(missing ? kMissingCount : from.times_[row]); break;
    case FeatureType::kTags:
      for (auto child = missing ? 0 : from.lists_[row]; child < (missing ? 0 : from.lists_[row + 1]); ++child)
        append_text(text(static_cast<std::size_t>(child)));
      lists_.push_back(static_cast<std::int32_t>(offsets_.size() - 1));
      break;
    case FeatureType::kCategory:
    case FeatureType::kText:
    case FeatureType::kShown: append_text(missing ? std::string_view{} : text(row)); break;
  }
}

}  // namespace gemel
