#include "gemel/data/arrow_module/record_batch_source.h"

#include <algorithm>
#include <exception>
#include <numeric>

namespace gemel::arrow_module {

RecordBatchSource::RecordBatchSource(std::filesystem::path path, std::vector<RecordField> fields, std::string each)
    : path_(std::move(path)), fields_(std::move(fields)), each_(std::move(each)) {
  for (const auto& field : fields_) column_names_.push_back(field.name);
}

Result<bool> RecordBatchSource::next(RowBatch& batch) try {
  if (!has_begun_) choose_fields();
  has_begun_ = true;
  batch.clear(requested_.size());
  arena_.clear();
  arrays_.clear();
  auto read = read_batch(wanted_);
  if (!read.ok()) return corrupt(read.status().message());
  current_ = std::move(*read);
  if (current_ == nullptr) return false;
  if (const auto status = fill(*current_, batch); !status.ok()) return corrupt(status.message());
  rows_read_ += static_cast<std::uint64_t>(current_->num_rows());
  return true;
} catch (const std::exception& error) {
  return corrupt(error.what());
}

Failure RecordBatchSource::corrupt(std::string_view why) const {
  return fail(ErrorCode::kCorrupt, path_.string(), ": row ", rows_read_ + 1, " and on cannot be read: ", why);
}

void RecordBatchSource::choose_fields() {
  const auto is_requested = [&](std::size_t field) { return std::ranges::find(requested_, field) != requested_.end(); };
  const auto first_in_list = std::ranges::find(fields_, true, &RecordField::in_list);  // says how many rows a record is
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (!with_hashes_ && !is_requested(i) && first_in_list != fields_.begin() + static_cast<std::ptrdiff_t>(i)) continue;
    read_.push_back(i);
    wanted_.push_back(fields_[i]);
  }
}

arrow::Status RecordBatchSource::fill(const arrow::RecordBatch& records, RowBatch& batch) {
  ARROW_RETURN_NOT_OK(find_rows(records));
  batch.num_rows = records_.size();
  for (const std::int64_t record : records_) batch.lines.push_back(rows_read_ + 1 + static_cast<std::uint64_t>(record));
  batch.row_hashes.assign(with_hashes_ ? batch.num_rows : 0, 0);
  batch.ordinals = ordinals_;
  for (const std::size_t field : read_) {
    ARROW_ASSIGN_OR_RAISE(auto array, values_of(records, fields_[field]));
    cells_.clear();
    read_cells(*array, arena_, cells_);
    arrays_.push_back(std::move(array));
    if (!each_.empty()) spread(fields_[field].in_list);
    if (with_hashes_) add_row_hashes(cells_, batch.row_hashes);
    for (std::size_t i = 0; i < requested_.size(); ++i)
      if (requested_[i] == field) batch.columns[i] = cells_;
  }
  if (with_hashes_ && !each_.empty()) {  // alike elements of one record are not the same thing twice
    cells_.clear();
    for (const std::uint32_t ordinal : ordinals_) cells_.push_back({.kind = Cell::Kind::kInteger, .integer = ordinal});
    add_row_hashes(cells_, batch.row_hashes);
  }
  return arrow::Status::OK();
}

arrow::Status RecordBatchSource::find_rows(const arrow::RecordBatch& records) {
  records_.clear();
  elements_.clear();
  ordinals_.clear();
  if (each_.empty()) {
    records_.resize(static_cast<std::size_t>(records.num_rows()));
    std::iota(records_.begin(), records_.end(), 0);
    return arrow::Status::OK();
  }
  const auto in_list = std::ranges::find(wanted_, true, &RecordField::in_list);
  ARROW_ASSIGN_OR_RAISE(const auto sizes, list_sizes(records, *in_list));
  std::int64_t element = 0;
  for (std::size_t record = 0; record < sizes.size(); ++record) {
    for (std::int64_t ordinal = 0; ordinal < std::max<std::int64_t>(sizes[record], 1); ++ordinal) {
      records_.push_back(static_cast<std::int64_t>(record));
      elements_.push_back(sizes[record] == 0 ? kNoElement : element++);
      ordinals_.push_back(static_cast<std::uint32_t>(ordinal));
    }
  }
  return arrow::Status::OK();
}

// cells_, one a record or one an element, becomes one a row.
void RecordBatchSource::spread(bool in_list) {
  spread_.clear();
  for (const std::int64_t place : in_list ? elements_ : records_)
    spread_.push_back(place == kNoElement ? Cell{} : cells_[static_cast<std::size_t>(place)]);
  std::swap(cells_, spread_);
}

}  // namespace gemel::arrow_module
