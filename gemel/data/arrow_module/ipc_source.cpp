#include "gemel/data/arrow_module/ipc_source.h"

#include <arrow/buffer.h>
#include <arrow/io/file.h>
#include <arrow/ipc/reader.h>
#include <arrow/memory_pool.h>

#include <algorithm>

#include "gemel/data/arrow_module/record_batch_source.h"

namespace gemel::arrow_module {
namespace {

constexpr std::string_view kFileMagic = "ARROW1", kFeather1Magic = "FEA1";

// Either kind of file, batch by batch.
struct Batches {
  std::shared_ptr<arrow::io::MemoryMappedFile> bytes;
  std::int64_t size_bytes = 0;
  std::shared_ptr<arrow::ipc::RecordBatchFileReader> file;  // one of the two
  std::shared_ptr<arrow::ipc::RecordBatchStreamReader> stream;
  int num_read = 0;

  std::shared_ptr<arrow::Schema> schema() const { return file ? file->schema() : stream->schema(); }
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> next() {
    if (file) return num_read < file->num_record_batches() ? file->ReadRecordBatch(num_read++) : nullptr;
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(stream->ReadNext(&batch));
    return batch;
  }
  std::uint64_t bytes_read() const {
    const std::int64_t read = file ? size_bytes * num_read / std::max(1, file->num_record_batches()) : bytes->Tell().ValueOr(0);
    return static_cast<std::uint64_t>(read);
  }
};

arrow::Result<Batches> open_batches(const std::filesystem::path& path) {
  arrow::ipc::IpcReadOptions options;
  options.memory_pool = arrow::system_memory_pool();
  options.use_threads = false;
  Batches batches;
  ARROW_ASSIGN_OR_RAISE(batches.bytes, arrow::io::MemoryMappedFile::Open(path.string(), arrow::io::FileMode::READ));
  ARROW_ASSIGN_OR_RAISE(batches.size_bytes, batches.bytes->GetSize());
  ARROW_ASSIGN_OR_RAISE(const auto head, batches.bytes->ReadAt(0, static_cast<std::int64_t>(kFileMagic.size())));
  const std::string_view magic(head->data_as<char>(), static_cast<std::size_t>(head->size()));
  if (magic.starts_with(kFeather1Magic)) return arrow::Status::Invalid("Feather version 1; expected version 2, which is Arrow IPC");
  if (magic == kFileMagic) {
    ARROW_ASSIGN_OR_RAISE(batches.file, arrow::ipc::RecordBatchFileReader::Open(batches.bytes, options));
  } else {
    ARROW_ASSIGN_OR_RAISE(batches.stream, arrow::ipc::RecordBatchStreamReader::Open(batches.bytes, options));
  }
  return batches;
}

class IpcSource : public RecordBatchSource {
 public:
  IpcSource(std::filesystem::path path, std::vector<RecordField> fields, std::string each, Batches batches)
      : RecordBatchSource(std::move(path), std::move(fields), std::move(each)), batches_(std::move(batches)) {}
  std::uint64_t bytes_read() const override { return batches_.bytes_read(); }

 protected:
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> read_batch(const std::vector<RecordField>&) override {
    while (batch_ == nullptr || row_ == batch_->num_rows()) {
      ARROW_ASSIGN_OR_RAISE(batch_, batches_.next());
      row_ = 0;
      if (batch_ == nullptr) return batch_;
      ARROW_RETURN_NOT_OK(batch_->ValidateFull());  // offsets of a damaged file would be believed
    }
    const std::int64_t size = std::min(kRowsPerBatch, batch_->num_rows() - row_);
    row_ += size;
    return batch_->Slice(row_ - size, size);
  }

 private:
  Batches batches_;
  std::shared_ptr<arrow::RecordBatch> batch_;
  std::int64_t row_ = 0;  // of batch_, the next to be given
};

}  // namespace

Result<std::unique_ptr<RowSource>> open_ipc(const std::filesystem::path& path, const std::string& each) {
  std::error_code ignored;  // opening tells what is wrong
  if (!std::filesystem::exists(path, ignored)) return fail(ErrorCode::kNotFound, path.string(), ": no such file");
  auto batches = open_batches(path);
  if (!batches.ok()) return fail(ErrorCode::kBadInput, path.string(), ": not an Arrow IPC file or stream: ", batches.status().message());
  GEMEL_ASSIGN_OR_RETURN(auto fields, fields_of(*batches->schema(), each, path.string()));
  return std::unique_ptr<RowSource>(std::make_unique<IpcSource>(path, std::move(fields), each, std::move(*batches)));
}

}  // namespace gemel::arrow_module
