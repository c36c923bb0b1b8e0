// dataset.json: what a Dataset directory says of itself. Ingest writes it, Dataset::open reads and checks it.
//
// The columns of the three .arrow files, by name and kind (dataset.h says what they mean):
//   events.arrow  time timestamp_us | user uint32 | item uint32 | action uint8 | weight float32
//   items.arrow   id text | one column for each of stored_columns(config.items) | row_by_id uint32
//   users.arrow   id text | one column for each of stored_columns(config.users) | row_by_id uint32
// A feature's kind: category and shown text, tags text_list, number float64 (NaN missing), time timestamp_us (INT64_MIN missing).
// Without time, `time` counts: the part of the file split (TimeKind::kNone) or the row (kOrder).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gemel/base/result.h"
#include "gemel/data/arrow_api.h"
#include "gemel/data/dataset.h"
#include "gemel/data/shop_config.h"

namespace gemel {

inline constexpr int kDatasetVersion = 1;
inline constexpr std::string_view kDatasetMarker = "dataset.json";
inline constexpr std::string_view kEventsFile = "events.arrow", kItemsFile = "items.arrow", kUsersFile = "users.arrow";

// Names of feature columns that a table keeps for itself.
inline constexpr std::string_view kIdColumn = "id", kRowByIdColumn = "row_by_id";

struct DatasetFile {
  std::string name;  // inside the directory
  std::uint64_t size_bytes = 0;
  std::string checksum;  // checksum_hex of all its bytes
  std::vector<ArrowColumnPlace> columns;
};

struct DatasetAction {
  std::string name;
  bool target = false;
  double weight = 1;
};

struct DatasetFormat {
  TimeKind time_kind = TimeKind::kSeconds;
  std::vector<DatasetAction> actions;  // ActionIndex is the place in this list
  std::optional<Dataset::FileSplit> file_split;
  std::size_t num_catalogue_items = 0;
  std::vector<DatasetFile> files;     // events, items, users
  std::string summary_json = "null";  // what ingest counted, for people and `gemel inspect`: any JSON value
};

// Size and checksum of a file that has been written, with the places write_ipc returned. Error: kIo.
Result<DatasetFile> describe_file(const std::filesystem::path& directory, std::string_view name, std::vector<ArrowColumnPlace> columns);

// Checksum over the checksums of the three files: the same data, the same fingerprint.
std::string fingerprint_of(const std::vector<DatasetFile>& files);

Result<void> write_dataset_format(const std::filesystem::path& directory, const DatasetFormat& format);
// Errors: kNotFound (no Dataset there), kCorrupt (not JSON, wrong types, a newer version, a fingerprint that does not fit).
Result<DatasetFormat> read_dataset_format(const std::filesystem::path& directory);

// The columns that a table file holds besides ids, in this order: the features, those that are only shown last, then the `name` column
// as kShown unless a feature is called so already.
std::vector<FeatureConfig> stored_columns(const TableConfig& table);

std::string_view column_kind(FeatureType type);  // ArrowColumnPlace::kind of a feature's column

std::string_view to_text(TimeKind kind);  // none, order, days, seconds

}  // namespace gemel
