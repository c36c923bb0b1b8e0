// Tiny Datasets for unit tests, from literal rows:
//
//   const Dataset shop = testing::make_dataset({{"ann", "tea", 0}, {"bob", "tea", 1.5}}, {{"tea", {{"brand", "Acme"}}}}, {},
//                                              {.item_features = R"(brand = "category")"});
//
// Written to a temporary folder by a writer of raw buffers, opened by Dataset::open with all its checks, and removed again (the mapping
// stays). Only for tests: what is wrong with the rows ends the program.
#pragma once

#include <stdlib.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gemel/base/file.h"
#include "gemel/data/dataset.h"
#include "gemel/data/dataset_format.h"

namespace gemel::testing {

// Day 0 of the tests: a Monday.
inline constexpr Day kDayZero{std::chrono::year{2024} / 1 / 1};

// `day` days after kDayZero, fractions included.
inline TimePoint at_day(double day) {
  return TimePoint(kDayZero) + std::chrono::microseconds(static_cast<std::int64_t>(std::llround(day * 86'400e6)));
}

struct EventRow {
  std::string user;
  std::string item;
  double day = 0;
  std::string action = "buy";
  float weight = 1;
};

// Fields by feature name, as texts: tags separated by '|', times as days after kDayZero, absent ones missing.
struct EntityRow {
  std::string id;
  std::map<std::string, std::string> fields = {};
};

struct ShopOptions {
  std::string item_features = {};  // lines of TOML under [items.features]
  std::string user_features = {};
  std::string item_name = {};                                                // [items] name
  std::string actions = "buy = { target = true }\nview = { weight = 0.2 }";  // under [events.actions]; their order is the ActionIndex
  std::string split = {};                                                    // under [split]
  std::string models = {};                                                   // the rest of the file, such as [models.two_tower]
  TimeKind time_kind = TimeKind::kSeconds;
  std::optional<Dataset::FileSplit> file_split = std::nullopt;  // the rows must come part by part
};

// A folder that lives as long as the object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "gemel-test-XXXXXX").string();
    GEMEL_CHECK(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;  // a leftover of a test harms nobody
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Writes columns one after the other, each buffer at a multiple of 64 bytes: the layout of an Arrow file without its metadata.
class RawColumns {
 public:
  template <class T>
  void add(std::string_view name, std::string_view kind, const std::vector<T>& values) {
    begin(name, kind, values.size());
    append(values.data(), values.size() * sizeof(T));
  }

  void add_texts(std::string_view name, const std::vector<std::string>& rows) {
    begin(name, column_kind(FeatureType::kCategory), rows.size());
    append_texts(rows);
  }

  void add_text_lists(std::string_view name, const std::vector<std::vector<std::string>>& rows) {
    begin(name, column_kind(FeatureType::kTags), rows.size());
    std::vector<std::int32_t> lists{0};
    std::vector<std::string> children;
    for (const auto& row : rows) {
      children.insert(children.end(), row.begin(), row.end());
      lists.push_back(static_cast<std::int32_t>(children.size()));
    }
    append(lists.data(), lists.size() * sizeof(std::int32_t));
    append_texts(children);
  }

  DatasetFile write(const std::filesystem::path& folder, std::string_view name) const {
    std::ofstream(folder / name, std::ios::binary) << bytes_;  // unlike write_file, does not wait for the disk
    return describe_file(folder, name, columns_).value();
  }

 private:
  void begin(std::string_view name, std::string_view kind, std::size_t num_rows) {
    columns_.push_back({std::string(name), std::string(kind), num_rows, {}, {}});
  }
  void append(const void* data, std::size_t size_bytes) {
    bytes_.resize((bytes_.size() + 63) / 64 * 64);
    columns_.back().offsets.push_back(bytes_.size());
    columns_.back().sizes.push_back(size_bytes);
    if (size_bytes > 0) bytes_.append(static_cast<const char*>(data), size_bytes);
  }
  void append_texts(const std::vector<std::string>& texts) {
    std::vector<std::int32_t> offsets{0};
    std::string all;
    for (const auto& text : texts) {
      all += text;
      offsets.push_back(static_cast<std::int32_t>(all.size()));
    }
    append(offsets.data(), offsets.size() * sizeof(std::int32_t));
    append(all.data(), all.size());
  }

  std::string bytes_;
  std::vector<ArrowColumnPlace> columns_;
};

inline std::vector<std::string> split_tags(const std::string& text) {
  std::vector<std::string> tags;
  for (std::size_t begin = 0; !text.empty() && begin <= text.size();) {
    const std::size_t end = std::min(text.find('|', begin), text.size());
    tags.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return tags;
}

inline double to_number(const std::string& text) {
  double value = std::nan("");
  if (!text.empty()) GEMEL_CHECK(std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc{}, text);
  return value;
}

inline void add_feature(RawColumns& columns, const FeatureConfig& feature, const std::vector<EntityRow>& rows) {
  std::vector<std::string> fields;
  for (const auto& row : rows) fields.push_back(row.fields.contains(feature.name) ? row.fields.at(feature.name) : "");
  const auto mapped = [&](auto convert) {
    std::vector<decltype(convert(std::string()))> values;
    for (const auto& field : fields) values.push_back(convert(field));
    return values;
  };
  const auto kind = column_kind(feature.type);
  switch (feature.type) {
    case FeatureType::kCategory:
    case FeatureType::kText:
    case FeatureType::kShown: return columns.add_texts(feature.name, fields);
    case FeatureType::kTags: return columns.add_text_lists(feature.name, mapped(split_tags));
    case FeatureType::kNumber: return columns.add(feature.name, kind, mapped(to_number));
    case FeatureType::kTime:
      return columns.add(feature.name, kind,
                         mapped([](const std::string& field) { return field.empty() ? kMissingTime : at_day(to_number(field)); }));
  }
}

inline DatasetFile write_table(const std::filesystem::path& folder, std::string_view name, const std::vector<EntityRow>& rows,
                               const TableConfig& config) {
  std::vector<std::string> ids;
  std::vector<std::uint32_t> row_by_id;
  for (const auto& row : rows) {
    row_by_id.push_back(static_cast<std::uint32_t>(ids.size()));
    ids.push_back(row.id);
  }
  std::sort(row_by_id.begin(), row_by_id.end(), [&](std::uint32_t a, std::uint32_t b) { return ids[a] < ids[b]; });
  RawColumns columns;
  columns.add_texts(kIdColumn, ids);
  for (const auto& feature : stored_columns(config)) add_feature(columns, feature, rows);
  columns.add(kRowByIdColumn, "uint32", row_by_id);
  return columns.write(folder, name);
}

inline std::string shop_toml(const ShopOptions& options) {
  const bool has_time = options.time_kind == TimeKind::kDays || options.time_kind == TimeKind::kSeconds;
  std::string text = concat("[events]\n", options.file_split ? "" : "path = \"events.csv\"\n", has_time ? "time = \"time\"\n" : "",
                            options.time_kind == TimeKind::kOrder ? "order = true\n" : "",
                            "user = \"user\"\nitem = \"item\"\naction = \"action\"\nweight = \"weight\"\n[events.actions]\n",
                            options.actions, "\n[items]\npath = \"items.csv\"\nid = \"item\"\n");
  if (!options.item_name.empty()) text += concat("name = \"", options.item_name, "\"\n");
  text += concat("[items.features]\n", options.item_features, "\n[users]\npath = \"users.csv\"\nid = \"user\"\n[users.features]\n",
                 options.user_features, "\n[split]\n", options.split, "\n");
  if (options.file_split) text += "train = \"train.csv\"\nvalidation = \"validation.csv\"\ntest = \"test.csv\"\n";
  return text + options.models;
}

// Row numbers by id, in the order in which add() first saw them.
class RowNumbers {
 public:
  explicit RowNumbers(std::vector<EntityRow> first) : rows_(std::move(first)) {
    for (const auto& row : rows_) numbers_.emplace(row.id, static_cast<std::uint32_t>(numbers_.size()));
  }
  std::uint32_t add(const std::string& id) {
    const auto [at, is_new] = numbers_.emplace(id, static_cast<std::uint32_t>(rows_.size()));
    if (is_new) rows_.push_back({id});
    return at->second;
  }
  const std::vector<EntityRow>& rows() const { return rows_; }

 private:
  std::vector<EntityRow> rows_;
  std::map<std::string, std::uint32_t> numbers_;
};

inline void sort_events(std::vector<EventRow>& events, const std::optional<Dataset::FileSplit>& split) {
  const auto at = [&](std::size_t event) { return events.begin() + static_cast<std::ptrdiff_t>(event); };
  const auto parts = split.value_or(Dataset::FileSplit{events.size(), events.size()});
  const auto earlier = [](const EventRow& a, const EventRow& b) { return a.day < b.day; };
  std::stable_sort(events.begin(), at(parts.validation_begin), earlier);
  std::stable_sort(at(parts.validation_begin), at(parts.test_begin), earlier);
  std::stable_sort(at(parts.test_begin), events.end(), earlier);
}

// Writes the Dataset into `folder`, which exists. Customers: those of the events by first appearance, then the others of `users`.
inline void write_dataset(const std::filesystem::path& folder, std::vector<EventRow> events, const std::vector<EntityRow>& items,
                          const std::vector<EntityRow>& users, const ShopOptions& options) {
  const std::string toml = shop_toml(options);
  const ShopConfig config = ShopConfig::parse(toml, folder / "shop.toml").value();
  write_file(folder / "shop.toml", toml).value();
  sort_events(events, options.file_split);

  DatasetFormat format;
  ConfigTable actions = ConfigFile::parse(toml, "shop.toml")->root().table("events").table("actions");
  for (const auto& name : actions.keys())
    format.actions.push_back({name, config.events.actions.at(name).target, config.events.actions.at(name).weight});
  RowNumbers item_rows(items), user_rows({});
  std::vector<TimePoint> times;
  std::vector<std::uint32_t> user_column, item_column;
  std::vector<std::uint8_t> action_column;
  std::vector<float> weights;
  for (const auto& event : events) {
    const bool is_counted = options.time_kind == TimeKind::kNone || options.time_kind == TimeKind::kOrder;
    times.push_back(is_counted ? TimePoint(std::chrono::microseconds(static_cast<std::int64_t>(event.day))) : at_day(event.day));
    user_column.push_back(user_rows.add(event.user));
    item_column.push_back(item_rows.add(event.item));
    const auto action =
        std::find_if(format.actions.begin(), format.actions.end(), [&](const auto& each) { return each.name == event.action; });
    GEMEL_CHECK(action != format.actions.end(), event.action);
    action_column.push_back(static_cast<std::uint8_t>(action - format.actions.begin()));
    weights.push_back(event.weight);
  }
  for (const auto& user : users) user_rows.add(user.id);
  std::vector<EntityRow> user_table = user_rows.rows();
  for (auto& row : user_table)
    for (const auto& user : users)
      if (user.id == row.id) row = user;

  RawColumns columns;
  columns.add("time", "timestamp_us", times);
  columns.add("user", "uint32", user_column);
  columns.add("item", "uint32", item_column);
  columns.add("action", "uint8", action_column);
  columns.add("weight", "float32", weights);
  format.time_kind = options.time_kind;
  format.file_split = options.file_split;
  format.num_catalogue_items = items.size();
  format.files = {columns.write(folder, kEventsFile), write_table(folder, kItemsFile, item_rows.rows(), config.items),
                  write_table(folder, kUsersFile, user_table, config.users)};
  write_dataset_format(folder, format).value();
}

inline Dataset make_dataset(std::vector<EventRow> events, const std::vector<EntityRow>& items = {},
                            const std::vector<EntityRow>& users = {}, const ShopOptions& options = {}) {
  const TemporaryFolder folder;
  write_dataset(folder.path(), std::move(events), items, users, options);
  return Dataset::open(folder.path()).value();
}

inline ItemIndex item_of(const Dataset& dataset, std::string_view id) { return ItemIndex{dataset.item_table().find(id).value()}; }
inline UserIndex user_of(const Dataset& dataset, std::string_view id) { return UserIndex{dataset.user_table().find(id).value()}; }

}  // namespace gemel::testing
