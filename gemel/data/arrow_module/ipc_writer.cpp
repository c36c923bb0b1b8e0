#include "gemel/data/arrow_module/ipc_writer.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/io/file.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace gemel::arrow_module {
namespace {

using Bytes = std::string_view;

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
  return {Bytes(static_cast<const char*>(column.values), column.num_rows * width(column.kind))};
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

arrow::Status write_batch(const std::filesystem::path& path, std::span<const ArrowColumn> columns) {
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
  ARROW_ASSIGN_OR_RAISE(const auto sink, arrow::io::FileOutputStream::Open(path.string()));
  ARROW_ASSIGN_OR_RAISE(const auto writer, arrow::ipc::MakeFileWriter(sink, batch->schema(), options));
  ARROW_RETURN_NOT_OK(writer->WriteRecordBatch(*batch));
  ARROW_RETURN_NOT_OK(writer->Close());
  return sink->Close();
}

Result<void> sync_file(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = file >= 0 && ::fsync(file) == 0;
  const int code = errno;
  if (file >= 0) ::close(file);
  if (!synced) return fail(ErrorCode::kIo, path.string(), ": syncing failed: ", std::strerror(code));
  return {};
}

// The value buffers of an array, without validity bitmaps, as they lie in the mapped file.
void collect_buffers(const arrow::ArrayData& data, std::vector<const arrow::Buffer*>& out) {
  for (std::size_t i = 1; i < data.buffers.size(); ++i) out.push_back(data.buffers[i].get());
  for (const auto& child : data.child_data) collect_buffers(*child, out);
}

// Equal at both ends: enough to notice a wrong place, and it leaves the pages between unread.
bool same_ends(const char* written, Bytes source) {
  if (source.empty()) return true;  // no rows: the source has no address then, and memcmp wants one
  const std::size_t size = std::min<std::size_t>(source.size(), 64);
  const std::size_t last = source.size() - size;
  return std::memcmp(written, source.data(), size) == 0 && std::memcmp(written + last, source.data() + last, size) == 0;
}

// Where each buffer lies: the file is opened memory-mapped by Arrow itself, so that addresses are places.
arrow::Result<std::vector<ArrowColumnPlace>> find_places(const std::filesystem::path& path, std::span<const ArrowColumn> columns) {
  ARROW_ASSIGN_OR_RAISE(const auto file, arrow::io::MemoryMappedFile::Open(path.string(), arrow::io::FileMode::READ));
  ARROW_ASSIGN_OR_RAISE(const auto size, file->GetSize());
  ARROW_ASSIGN_OR_RAISE(const auto whole, file->ReadAt(0, size));
  ARROW_ASSIGN_OR_RAISE(const auto reader, arrow::ipc::RecordBatchFileReader::Open(file));
  ARROW_ASSIGN_OR_RAISE(const auto batch, reader->ReadRecordBatch(0));
  std::vector<ArrowColumnPlace> places;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    ArrowColumnPlace place{columns[i].name, std::string(column_kind(columns[i].kind)), columns[i].num_rows, {}, {}};
    const auto sources = buffers_of(columns[i]);
    std::vector<const arrow::Buffer*> written;
    collect_buffers(*batch->column_data(static_cast<int>(i)), written);
    if (written.size() != sources.size()) return arrow::Status::Invalid("column '", columns[i].name, "' has other buffers than expected");
    for (std::size_t j = 0; j < sources.size(); ++j) {
      const bool is_empty = sources[j].empty();
      const std::int64_t offset = is_empty ? 0 : written[j]->data() - whole->data();
      const auto end = static_cast<std::int64_t>(offset + static_cast<std::int64_t>(sources[j].size()));
      if (offset < 0 || end > size || !same_ends(whole->data_as<char>() + offset, sources[j]))
        return arrow::Status::Invalid("column '", columns[i].name, "' was not found where Arrow reads it");
      place.offsets.push_back(static_cast<std::uint64_t>(offset));
      place.sizes.push_back(sources[j].size());
    }
    places.push_back(std::move(place));
  }
  return places;
}

}  // namespace

Result<std::vector<ArrowColumnPlace>> write_ipc(const std::filesystem::path& path, std::span<const ArrowColumn> columns) {
  for (const auto& column : columns) check_shape(column);
  const auto status = write_batch(path, columns);
  if (!status.ok()) return fail(ErrorCode::kIo, path.string(), ": writing failed: ", status.message());
  GEMEL_RETURN_IF_ERROR(sync_file(path));
  auto places = find_places(path, columns);
  if (!places.ok()) return fail(ErrorCode::kIo, path.string(), ": reading back failed: ", places.status().message());
  return std::move(*places);
}

}  // namespace gemel::arrow_module
