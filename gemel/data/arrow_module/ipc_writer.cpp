#include "gemel/data/arrow_module/ipc_writer.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/ipc/writer.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>

namespace gemel::arrow_module {
namespace {

using Bytes = std::string_view;

// Stands for the values of a column that is left open. Arrow hands buffers through to the sink and reads nothing of them.
constexpr char kHoleMark = 0;
constexpr const char* kHole = &kHoleMark;

template <class T>
Bytes bytes_of(std::span<const T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

std::size_t width(ArrowColumn::Kind kind) {
  switch (kind) {
    case ArrowColumn::Kind::kUint8: return 1;
    case ArrowColumn::Kind::kUint32:
    case ArrowColumn::Kind::kFloat32: return 4;
    case ArrowColumn::Kind::kFloat64:
    case ArrowColumn::Kind::kTimestampUs: return 8;
    case ArrowColumn::Kind::kText:
    case ArrowColumn::Kind::kTextList: break;
  }
  GEMEL_CHECK(false, "texts have no width");
}

std::shared_ptr<arrow::DataType> type_of(ArrowColumn::Kind kind) {
  switch (kind) {
    case ArrowColumn::Kind::kUint8: return arrow::uint8();
    case ArrowColumn::Kind::kUint32: return arrow::uint32();
    case ArrowColumn::Kind::kFloat32: return arrow::float32();
    case ArrowColumn::Kind::kFloat64: return arrow::float64();
    case ArrowColumn::Kind::kTimestampUs: return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    case ArrowColumn::Kind::kText: return arrow::utf8();
    case ArrowColumn::Kind::kTextList: return arrow::list(arrow::utf8());
  }
  GEMEL_CHECK(false, "a kind of column without a type");
}

// A column's buffers in the order of ArrowColumnPlace.
std::vector<Bytes> buffers_of(const ArrowColumn& column) {
  if (column.kind == ArrowColumn::Kind::kText) return {bytes_of(column.text_offsets), column.text_bytes};
  if (column.kind == ArrowColumn::Kind::kTextList) return {bytes_of(column.list_offsets), bytes_of(column.text_offsets), column.text_bytes};
  const bool is_open = column.values == nullptr && column.num_rows > 0;
  return {Bytes(is_open ? kHole : static_cast<const char*>(column.values), column.num_rows * width(column.kind))};
}

void check_shape(const ArrowColumn& column) {
  const bool is_list = column.kind == ArrowColumn::Kind::kTextList, is_text = column.kind == ArrowColumn::Kind::kText;
  if (is_list) GEMEL_CHECK(column.list_offsets.size() == column.num_rows + 1, column.name);
  if (is_text) GEMEL_CHECK(column.text_offsets.size() == column.num_rows + 1, column.name);
  if (is_list || is_text) GEMEL_CHECK(!column.text_offsets.empty(), column.name);
}

std::shared_ptr<arrow::Buffer> wrapped(Bytes bytes) {
  return std::make_shared<arrow::Buffer>(reinterpret_cast<const std::uint8_t*>(bytes.data()), static_cast<std::int64_t>(bytes.size()));
}

// Borrows the column's memory.
std::shared_ptr<arrow::ArrayData> array_of(const ArrowColumn& column) {
  const auto buffers = buffers_of(column);
  const auto rows = static_cast<std::int64_t>(column.num_rows);
  if (column.kind == ArrowColumn::Kind::kText)
    return arrow::ArrayData::Make(arrow::utf8(), rows, {nullptr, wrapped(buffers[0]), wrapped(buffers[1])}, 0);
  if (column.kind == ArrowColumn::Kind::kTextList) {
    const auto num_texts = static_cast<std::int64_t>(column.text_offsets.size()) - 1;
    auto texts = arrow::ArrayData::Make(arrow::utf8(), num_texts, {nullptr, wrapped(buffers[1]), wrapped(buffers[2])}, 0);
    return arrow::ArrayData::Make(type_of(column.kind), rows, {nullptr, wrapped(buffers[0])}, {std::move(texts)}, 0);
  }
  return arrow::ArrayData::Make(type_of(column.kind), rows, {nullptr, wrapped(buffers[0])}, 0);
}

// A buffer as it was written.
struct PlacedWrite {
  const char* data;
  std::size_t size_bytes;
  std::uint64_t offset;
};

arrow::Status to_status(const Result<void>& done) { return done ? arrow::Status::OK() : arrow::Status::IOError(done.error().message); }

// Remembers where the buffers of the columns came to lie, and passes over those that are left open.
class FileSink : public arrow::io::OutputStream {
 public:
  explicit FileSink(RandomFile& file) : file_(file) {}
  arrow::Status Write(const void* data, std::int64_t size_bytes) override {
    const Bytes bytes(static_cast<const char*>(data), static_cast<std::size_t>(size_bytes));
    if (data != kHole) ARROW_RETURN_NOT_OK(to_status(file_.write(size_bytes_, bytes)));
    size_bytes_ += bytes.size();
    return arrow::Status::OK();
  }
  arrow::Status Write(const std::shared_ptr<arrow::Buffer>& buffer) override {
    writes_.push_back({buffer->data_as<char>(), static_cast<std::size_t>(buffer->size()), size_bytes_});
    return Write(buffer->data(), buffer->size());
  }
  arrow::Result<std::int64_t> Tell() const override { return static_cast<std::int64_t>(size_bytes_); }
  arrow::Status Close() override {
    is_closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return is_closed_; }
  std::span<const PlacedWrite> writes() const { return writes_; }

 private:
  RandomFile& file_;
  std::uint64_t size_bytes_ = 0;
  std::vector<PlacedWrite> writes_;
  bool is_closed_ = false;
};

arrow::Status write_batch(const std::shared_ptr<FileSink>& sink, std::span<const ArrowColumn> columns) {
  arrow::FieldVector fields;
  std::vector<std::shared_ptr<arrow::ArrayData>> arrays;
  for (const auto& column : columns) {
    fields.push_back(arrow::field(column.name, type_of(column.kind), /*nullable=*/false));
    arrays.push_back(array_of(column));
  }
  const auto rows = columns.empty() ? 0 : static_cast<std::int64_t>(columns[0].num_rows);
  const auto batch = arrow::RecordBatch::Make(arrow::schema(fields), rows, std::move(arrays));
  arrow::ipc::IpcWriteOptions options;
  options.alignment = 64;
  options.memory_pool = arrow::system_memory_pool();
  options.use_threads = false;
  ARROW_ASSIGN_OR_RAISE(const auto writer, arrow::ipc::MakeFileWriter(sink, batch->schema(), options));
  ARROW_RETURN_NOT_OK(writer->WriteRecordBatch(*batch));
  return writer->Close();
}

// Where each buffer lies: Arrow wrote them in the order of the columns, and left the empty ones out.
arrow::Result<std::vector<ArrowColumnPlace>> find_places(std::span<const PlacedWrite> writes, std::span<const ArrowColumn> columns) {
  std::vector<ArrowColumnPlace> places;
  auto next = writes.begin();
  for (const auto& column : columns) {
    ArrowColumnPlace place{column.name, std::string(column_kind(column.kind)), column.num_rows, {}, {}};
    for (const Bytes buffer : buffers_of(column)) {
      if (!buffer.empty()) {
        next = std::find_if(next, writes.end(),
                            [&](const PlacedWrite& write) { return write.data == buffer.data() && write.size_bytes == buffer.size(); });
        if (next == writes.end()) return arrow::Status::Invalid("column '", column.name, "' was not written as expected");
      }
      place.offsets.push_back(buffer.empty() ? 0 : next++->offset);
      place.sizes.push_back(buffer.size());
    }
    places.push_back(std::move(place));
  }
  return places;
}

arrow::Result<std::vector<ArrowColumnPlace>> write_file(RandomFile& file, std::span<const ArrowColumn> columns) {
  const auto sink = std::make_shared<FileSink>(file);
  ARROW_RETURN_NOT_OK(write_batch(sink, columns));
  ARROW_RETURN_NOT_OK(to_status(file.sync()));
  return find_places(sink->writes(), columns);
}

}  // namespace

Result<std::vector<ArrowColumnPlace>> write_ipc(RandomFile& file, std::span<const ArrowColumn> columns) {
  for (const auto& column : columns) check_shape(column);
  auto places = write_file(file, columns);
  if (!places.ok()) return fail(ErrorCode::kIo, places.status().message());
  return std::move(*places);
}

}  // namespace gemel::arrow_module
