// The Dataset: a directory that `gemel ingest` writes and everything else opens, memory-mapped.
//
//   dataset.json     what was read, kept, rejected, dropped; actions; time kind; fingerprint; where each column lies in its file
//   events.arrow     one row an event, sorted by (part, time, order in the source files)
//   items.arrow      one row a product: those of the catalogue in its order, then those that only events name
//   users.arrow      one row a customer: those with events by first appearance, then those that only the customer file names
//   rejected.jsonl   every row that could not be used: file, line, field, reason
//   shop.toml        the configuration it was made with
//
// The .arrow files are plain, uncompressed Arrow IPC files of one record batch each: pyarrow, DuckDB, Polars and others open them.
// dataset.json repeats where the buffers of each column begin, so that reading needs no Arrow library.
// Thread safety: const after open; any number of readers.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gemel/base/result.h"
#include "gemel/data/ids.h"
#include "gemel/data/shop_config.h"

namespace gemel {

enum class TimeKind { kNone, kOrder, kDays, kSeconds };  // what the events' times can tell; kSeconds means finer than a day
constexpr bool has_days(TimeKind kind) { return kind == TimeKind::kDays || kind == TimeKind::kSeconds; }

// A column of texts: row r is bytes[offsets[r], offsets[r+1]).
struct TextColumn {
  std::span<const std::int32_t> offsets;  // [rows + 1]
  const char* bytes = nullptr;
  std::size_t size() const { return offsets.empty() ? 0 : offsets.size() - 1; }
  std::string_view operator[](std::size_t row) const {
    return {bytes + offsets[row], static_cast<std::size_t>(offsets[row + 1] - offsets[row])};
  }
};

// A declared feature of the item or user table, typed by its FeatureConfig. Missing: empty text, empty list, NaN, kMissingTime.
struct FeatureColumn {
  std::string name;
  FeatureType type;
  TextColumn texts;                     // kCategory, kText and kShown: [rows]; kTags: the children
  std::span<const std::int32_t> lists;  // kTags: [rows + 1] offsets into texts
  std::span<const double> numbers;      // kNumber: [rows], NaN when missing
  std::span<const TimePoint> times;     // kTime: [rows]
};
inline constexpr TimePoint kMissingTime{std::chrono::microseconds{INT64_MIN}};

// The item or the user table.
struct EntityTable {
  TextColumn ids;
  std::span<const std::uint32_t> rows_by_id;  // rows sorted by id text, for find()
  std::vector<FeatureColumn> features;        // in the order of shop.toml; features first, then columns that are only shown
  std::optional<std::uint32_t> find(std::string_view id) const;
  const FeatureColumn* feature(std::string_view name) const;
  std::size_t size() const { return ids.size(); }
};

class Dataset {
 public:
  // Checks sizes and offsets before it believes them. Errors: kNotFound, kCorrupt.
  static Result<Dataset> open(const std::filesystem::path& directory);
  Dataset(Dataset&&) noexcept;
  Dataset& operator=(Dataset&&) noexcept;
  ~Dataset();

  const std::filesystem::path& directory() const;
  const ShopConfig& config() const;
  const std::string& fingerprint() const;  // checksum over events, items and users
  TimeKind time_kind() const;

  // Events, sorted by (part, time, source order); all spans have num_events() entries.
  std::size_t num_events() const { return times().size(); }
  std::span<const TimePoint> times() const;
  std::span<const UserIndex> users() const;
  std::span<const ItemIndex> items() const;
  std::span<const ActionIndex> actions() const;
  std::span<const float> weights() const;  // 1 when shop.toml names no weight column
  // First event of validation and of test when the splits are given as files.
  struct FileSplit {
    std::size_t validation_begin;
    std::size_t test_begin;
  };
  std::optional<FileSplit> file_split() const;

  std::size_t num_users() const { return user_table().size(); }
  std::size_t num_items() const { return item_table().size(); }
  std::size_t num_catalogue_items() const;  // rows [0, this) of the item table come from the catalogue
  const EntityTable& item_table() const;
  const EntityTable& user_table() const;

  const std::vector<std::string>& action_names() const;
  std::optional<ActionIndex> find_action(std::string_view name) const;
  bool is_target(ActionIndex action) const;
  double action_weight(ActionIndex action) const;  // as configured in [events.actions]
  const std::string& summary_json() const;         // what ingest counted: a JSON value

 private:
  struct State;
  explicit Dataset(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace gemel
