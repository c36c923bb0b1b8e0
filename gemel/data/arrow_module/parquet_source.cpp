#include "gemel/data/arrow_module/parquet_source.h"

#include <arrow/io/file.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>
#include <parquet/properties.h>

#include <algorithm>
#include <numeric>

#include "gemel/data/arrow_module/array_cells.h"

namespace gemel::arrow_module {
namespace {

constexpr std::int64_t kRowsPerBatch = 16'384;      // a Cell is 40 bytes: 0.6 MB a column
constexpr std::int64_t kReadBufferBytes = 1 << 16;  // for each column

// All leaf columns of the Parquet file under one top-level field.
void collect_leaves(const parquet::arrow::SchemaField& field, std::vector<int>& leaves) {
  if (field.is_leaf()) leaves.push_back(field.column_index);
  for (const auto& child : field.children) collect_leaves(child, leaves);
}

class ParquetSource : public RowSource {
 public:
  ParquetSource(std::filesystem::path path, std::uint64_t size_bytes, std::unique_ptr<parquet::arrow::FileReader> reader)
      : path_(std::move(path)), size_bytes_(size_bytes), reader_(std::move(reader)) {
    for (const auto& field : reader_->manifest().schema_fields) column_names_.push_back(field.field->name());
    total_rows_ = static_cast<std::uint64_t>(reader_->parquet_reader()->metadata()->num_rows());
  }

  const std::vector<std::string>& column_names() const override { return column_names_; }
  void request(std::vector<std::size_t> columns) override { requested_ = std::move(columns); }
  void skip_row_hashes() override { with_hashes_ = false; }
  std::uint64_t bytes_read() const override { return total_rows_ == 0 ? size_bytes_ : size_bytes_ * rows_read_ / total_rows_; }

  Result<bool> next(RowBatch& batch) override try {
    if (!batches_) GEMEL_RETURN_IF_ERROR(begin());
    arena_.clear();
    const auto status = batches_->ReadNext(&current_);
    if (!status.ok()) return corrupt(status.message());
    fill(batch);
    return current_ != nullptr;
  } catch (const std::exception& error) {
    return corrupt(error.what());
  }

 private:
  Failure corrupt(std::string_view why) const {
    return fail(ErrorCode::kCorrupt, path_.string(), ": row ", rows_read_ + 1, " and on cannot be read: ", why);
  }

  // Reads the requested columns, and with hashes all of them, in the order of the file.
  Result<void> begin() {
    read_columns_.resize(column_names_.size());
    std::iota(read_columns_.begin(), read_columns_.end(), 0);
    if (!with_hashes_)
      std::erase_if(read_columns_,
                    [&](std::size_t column) { return std::find(requested_.begin(), requested_.end(), column) == requested_.end(); });
    std::vector<int> leaves, row_groups(static_cast<std::size_t>(reader_->num_row_groups()));
    for (const std::size_t column : read_columns_) collect_leaves(reader_->manifest().schema_fields[column], leaves);
    std::iota(row_groups.begin(), row_groups.end(), 0);
    auto batches = reader_->GetRecordBatchReader(row_groups, leaves);
    if (!batches.ok()) return corrupt(batches.status().message());
    batches_ = std::move(*batches);
    return {};
  }

  void fill(RowBatch& batch) {
    batch.num_rows = current_ ? static_cast<std::size_t>(current_->num_rows()) : 0;
    batch.broken.clear();
    batch.lines.resize(batch.num_rows);
    std::iota(batch.lines.begin(), batch.lines.end(), rows_read_ + 1);
    rows_read_ += batch.num_rows;
    batch.row_hashes.assign(with_hashes_ ? batch.num_rows : 0, 0);
    batch.columns.resize(requested_.size());
    for (auto& column : batch.columns) column.clear();
    if (!current_) return;
    for (std::size_t place = 0; place < read_columns_.size(); ++place) {
      cells_.clear();
      read_cells(*current_->column(static_cast<int>(place)), arena_, cells_);
      if (with_hashes_) add_row_hashes(cells_, batch.row_hashes);
      for (std::size_t i = 0; i < requested_.size(); ++i)
        if (requested_[i] == read_columns_[place]) batch.columns[i] = cells_;
    }
  }

  std::filesystem::path path_;
  std::uint64_t size_bytes_, total_rows_ = 0, rows_read_ = 0;
  std::vector<std::string> column_names_;
  std::vector<std::size_t> requested_, read_columns_;
  bool with_hashes_ = true;
  std::unique_ptr<parquet::arrow::FileReader> reader_;  // outlives batches_
  std::unique_ptr<arrow::RecordBatchReader> batches_;
  std::shared_ptr<arrow::RecordBatch> current_;  // what the cells borrow from
  TextArena arena_;
  std::vector<Cell> cells_;
};

}  // namespace

Result<std::unique_ptr<RowSource>> open_parquet(const std::filesystem::path& path) {
  arrow::MemoryPool* pool = arrow::system_memory_pool();  // gives memory back, where the bundled mimalloc keeps it
  parquet::ReaderProperties file_properties(pool);
  file_properties.enable_buffered_stream();
  file_properties.set_buffer_size(kReadBufferBytes);
  parquet::ArrowReaderProperties properties(/*use_threads=*/false);
  properties.set_pre_buffer(false);
  properties.set_batch_size(kRowsPerBatch);

  const auto file = arrow::io::ReadableFile::Open(path.string(), pool);
  if (!file.ok())
    return fail(std::filesystem::exists(path) ? ErrorCode::kIo : ErrorCode::kNotFound, path.string(), ": ", file.status().message());
  const auto size = (*file)->GetSize();
  parquet::arrow::FileReaderBuilder builder;
  if (const auto status = builder.Open(*file, file_properties); !status.ok())
    return fail(ErrorCode::kBadInput, path.string(), ": not a Parquet file: ", status.message());
  auto reader = builder.memory_pool(pool)->properties(properties)->Build();
  if (!reader.ok()) return fail(ErrorCode::kBadInput, path.string(), ": ", reader.status().message());
  return std::unique_ptr<RowSource>(std::make_unique<ParquetSource>(path, static_cast<std::uint64_t>(size.ValueOr(0)), std::move(*reader)));
}

}  // namespace gemel::arrow_module
