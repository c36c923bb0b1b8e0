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

#include "gemel/data/arrow_module/record_batch_source.h"

namespace gemel::arrow_module {
namespace {

constexpr std::int64_t kReadBufferBytes = 1 << 16;  // for each column

// All leaf columns of the Parquet file under one field.
void collect_leaves(const parquet::arrow::SchemaField& field, std::vector<int>& leaves) {
  if (field.is_leaf()) leaves.push_back(field.column_index);
  for (const auto& child : field.children) collect_leaves(child, leaves);
}

const parquet::arrow::SchemaField& find_field(const std::vector<parquet::arrow::SchemaField>& top, const RecordField& wanted) {
  const auto* level = &top;
  const parquet::arrow::SchemaField* found = nullptr;
  for (const auto& key : wanted.keys) {
    const bool is_element = key == kElement && found != nullptr && level->size() == 1;
    const auto place =
        is_element ? level->begin() : std::ranges::find_if(*level, [&](const auto& each) { return each.field->name() == key; });
    GEMEL_CHECK(place != level->end(), wanted.name);
    found = &*place;
    level = &found->children;
  }
  return *found;
}

class ParquetSource : public RecordBatchSource {
 public:
  ParquetSource(std::filesystem::path path, std::vector<RecordField> fields, std::string each, std::uint64_t size_bytes,
                std::unique_ptr<parquet::arrow::FileReader> reader)
      : RecordBatchSource(std::move(path), std::move(fields), std::move(each)), size_bytes_(size_bytes), reader_(std::move(reader)) {
    total_rows_ = static_cast<std::uint64_t>(reader_->parquet_reader()->metadata()->num_rows());
  }

  std::uint64_t bytes_read() const override { return total_rows_ == 0 ? size_bytes_ : size_bytes_ * rows_read() / total_rows_; }

 protected:
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> read_batch(const std::vector<RecordField>& wanted) override {
    if (!batches_) ARROW_RETURN_NOT_OK(begin(wanted));
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(batches_->ReadNext(&batch));
    return batch;
  }

 private:
  arrow::Status begin(const std::vector<RecordField>& wanted) {
    std::vector<int> leaves, row_groups(static_cast<std::size_t>(reader_->num_row_groups()));
    for (const auto& field : wanted) collect_leaves(find_field(reader_->manifest().schema_fields, field), leaves);
    std::iota(row_groups.begin(), row_groups.end(), 0);
    return reader_->GetRecordBatchReader(row_groups, leaves).Value(&batches_);
  }

  std::uint64_t size_bytes_, total_rows_ = 0;
  std::unique_ptr<parquet::arrow::FileReader> reader_;  // outlives batches_
  std::unique_ptr<arrow::RecordBatchReader> batches_;
};

}  // namespace

Result<std::unique_ptr<RowSource>> open_parquet(const std::filesystem::path& path, const std::string& each) {
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
  std::shared_ptr<arrow::Schema> schema;
  if (const auto status = (*reader)->GetSchema(&schema); !status.ok())
    return fail(ErrorCode::kBadInput, path.string(), ": ", status.message());
  GEMEL_ASSIGN_OR_RETURN(auto fields, fields_of(*schema, each, path.string()));
  return std::unique_ptr<RowSource>(
      std::make_unique<ParquetSource>(path, std::move(fields), each, static_cast<std::uint64_t>(size.ValueOr(0)), std::move(*reader)));
}

}  // namespace gemel::arrow_module
