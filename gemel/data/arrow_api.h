// What we use Arrow for: reading Parquet and Arrow IPC, and writing Arrow IPC files. The code stands in arrow_module/, a shared object that
// is loaded on first use, so that programs which read no shop files start without Arrow.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gemel/base/result.h"
#include "gemel/data/row_source.h"

namespace gemel {

class RandomFile;  // base/file.h

// A column to write; the one matching pointer is set, all borrow for the call. A column of fixed width that has rows and no values is left
// open: its place in the file is a hole (zeros) that the caller fills, for columns that memory does not hold.
struct ArrowColumn {
  enum class Kind { kUint8, kUint32, kFloat32, kFloat64, kTimestampUs, kText, kTextList };
  std::string name;
  Kind kind;
  std::size_t num_rows;
  const void* values = nullptr;  // fixed width: num_rows values; NaN / INT64_MIN are written as they are
  std::span<const std::int32_t> text_offsets;  // kText: [rows + 1]; kTextList: [children + 1]
  std::string_view text_bytes;
  std::span<const std::int32_t> list_offsets;  // kTextList: [rows + 1]
};

// ArrowColumnPlace::kind.
inline std::string_view column_kind(ArrowColumn::Kind kind) {
  switch (kind) {
    case ArrowColumn::Kind::kUint8: return "uint8";
    case ArrowColumn::Kind::kUint32: return "uint32";
    case ArrowColumn::Kind::kFloat32: return "float32";
    case ArrowColumn::Kind::kFloat64: return "float64";
    case ArrowColumn::Kind::kTimestampUs: return "timestamp_us";
    case ArrowColumn::Kind::kText: return "text";
    case ArrowColumn::Kind::kTextList: return "text_list";
  }
  GEMEL_CHECK(false, "a kind of column without a name");
}

// Where the buffers of a written column lie in its file, in bytes from the start.
struct ArrowColumnPlace {
  std::string name;
  std::string kind;  // "uint32", "text", ... as in dataset.json
  std::uint64_t num_rows = 0;
  std::vector<std::uint64_t> offsets;  // values | text_offsets, text_bytes | list_offsets, text_offsets, text_bytes
  std::vector<std::uint64_t> sizes;  // bytes of each
};

class ArrowModule {
 public:
  virtual ~ArrowModule() = default;
  // `each`: dotted path of the list whose elements are the rows; empty: every row of the file is one. Fields of structs are columns by
  // dotted path. open_ipc takes Arrow IPC files and streams.
  virtual Result<std::unique_ptr<RowSource>> open_parquet(const std::filesystem::path& path, const std::string& each = {}) = 0;
  virtual Result<std::unique_ptr<RowSource>> open_ipc(const std::filesystem::path& path, const std::string& each = {}) = 0;
  // One uncompressed record batch into a new file; synced to disk. Returns where the columns lie.
  virtual Result<std::vector<ArrowColumnPlace>> write_ipc(RandomFile& file, std::span<const ArrowColumn> columns) = 0;
};

// Looks for libgemel_arrow.so: $GEMEL_ARROW_MODULE, then beside the running program. Error kNotFound says where it looked.
Result<ArrowModule*> load_arrow_module();

}  // namespace gemel
