#include "gemel/data/dataset.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "gemel/base/file.h"
#include "gemel/data/dataset_format.h"

namespace gemel {
namespace {

// One file of the Dataset, mapped, with the columns that dataset.json claims for it. Nothing of a claim is believed before it was checked.
struct OpenFile {
  const DatasetFile* format;
  MappedFile mapped;

  template <class... Parts>
  Failure corrupt(const ArrowColumnPlace& column, const Parts&... parts) const {
    return fail(ErrorCode::kCorrupt, format->name, ": column '", column.name, "': ", parts...);
  }
};

Result<OpenFile> open_file(const std::filesystem::path& directory, const DatasetFormat& format, std::string_view name) {
  const auto at = std::find_if(format.files.begin(), format.files.end(), [&](const DatasetFile& file) { return file.name == name; });
  if (at == format.files.end()) return fail(ErrorCode::kCorrupt, kDatasetMarker, ": does not describe ", name);
  GEMEL_ASSIGN_OR_RETURN(MappedFile mapped, MappedFile::open(directory / name));
  if (mapped.bytes().size() != at->size_bytes)
    return fail(ErrorCode::kCorrupt, name, ": expected ", at->size_bytes, " bytes, found ", mapped.bytes().size());
  if (mapped.checksum() != at->checksum) return fail(ErrorCode::kCorrupt, name, ": its checksum is not the one in ", kDatasetMarker);
  return OpenFile{&*at, std::move(mapped)};
}

Result<const ArrowColumnPlace*> find_column(const OpenFile& file, std::string_view name, std::string_view kind) {
  for (const auto& column : file.format->columns) {
    if (column.name != name) continue;
    if (column.kind != kind) return file.corrupt(column, "expected kind ", kind, ", found ", column.kind);
    return &column;
  }
  return fail(ErrorCode::kCorrupt, file.format->name, ": no column '", name, "'");
}

// Buffer `index` of a column as values of T; `expected` values unless empty.
template <class T>
Result<std::span<const T>> buffer(const OpenFile& file, const ArrowColumnPlace& column, std::size_t index,
                                  std::optional<std::size_t> expected) {
  if (column.offsets.size() <= index || column.sizes.size() <= index) return file.corrupt(column, "buffer ", index, " is not described");
  const std::uint64_t offset = column.offsets[index], size = column.sizes[index], end = file.mapped.bytes().size();
  if (offset > end || size > end - offset) return file.corrupt(column, "buffer ", index, " lies outside the file");
  if (offset % alignof(T) != 0 || size % sizeof(T) != 0) return file.corrupt(column, "buffer ", index, " is not aligned");
  if (expected && size != *expected * sizeof(T))
    return file.corrupt(column, "buffer ", index, ": expected ", *expected * sizeof(T), " bytes, found ", size);
  return std::span(reinterpret_cast<const T*>(file.mapped.bytes().data() + offset), size / sizeof(T));
}

template <class T>
Result<std::span<const T>> fixed_column(const OpenFile& file, std::string_view name, std::string_view kind,
                                        std::optional<std::size_t> rows) {
  GEMEL_ASSIGN_OR_RETURN(const auto* column, find_column(file, name, kind));
  if (rows && column->num_rows != *rows) return file.corrupt(*column, "expected ", *rows, " rows, found ", column->num_rows);
  return buffer<T>(file, *column, 0, column->num_rows);
}

// Offsets that never go down and stay within `limit`; with no rows Arrow may leave them out.
Result<std::span<const std::int32_t>> offsets_buffer(const OpenFile& file, const ArrowColumnPlace& column, std::size_t index,
                                                     std::optional<std::size_t> rows) {
  if (rows == 0u && index < column.sizes.size() && column.sizes[index] == 0) return std::span<const std::int32_t>{};
  std::optional<std::size_t> expected;
  if (rows) expected = *rows + 1;
  GEMEL_ASSIGN_OR_RETURN(const auto offsets, buffer<std::int32_t>(file, column, index, expected));
  if (offsets.empty()) return offsets;
  if (offsets.front() != 0 || !std::is_sorted(offsets.begin(), offsets.end())) return file.corrupt(column, "its offsets go down");
  return offsets;
}

Result<TextColumn> text_buffers(const OpenFile& file, const ArrowColumnPlace& column, std::size_t index, std::optional<std::size_t> rows) {
  TextColumn texts;
  GEMEL_ASSIGN_OR_RETURN(texts.offsets, offsets_buffer(file, column, index, rows));
  GEMEL_ASSIGN_OR_RETURN(const auto bytes, buffer<char>(file, column, index + 1, std::nullopt));
  if (!texts.offsets.empty() && static_cast<std::size_t>(texts.offsets.back()) > bytes.size())
    return file.corrupt(column, "its texts lie outside their buffer");
  texts.bytes = bytes.data();
  return texts;
}

Result<TextColumn> text_column(const OpenFile& file, std::string_view name, std::optional<std::size_t> rows) {
  GEMEL_ASSIGN_OR_RETURN(const auto* column, find_column(file, name, column_kind(FeatureType::kCategory)));
  if (rows && column->num_rows != *rows) return file.corrupt(*column, "expected ", *rows, " rows, found ", column->num_rows);
  return text_buffers(file, *column, 0, column->num_rows);
}

Result<void> read_tags(const OpenFile& file, std::size_t rows, FeatureColumn& out) {
  GEMEL_ASSIGN_OR_RETURN(const auto* column, find_column(file, out.name, column_kind(FeatureType::kTags)));
  if (column->num_rows != rows) return file.corrupt(*column, "expected ", rows, " rows, found ", column->num_rows);
  GEMEL_ASSIGN_OR_RETURN(out.lists, offsets_buffer(file, *column, 0, rows));
  GEMEL_ASSIGN_OR_RETURN(out.texts, text_buffers(file, *column, 1, std::nullopt));
  if (!out.lists.empty() && static_cast<std::size_t>(out.lists.back()) > out.texts.size())
    return file.corrupt(*column, "its lists lie outside their texts");
  return {};
}

Result<FeatureColumn> read_feature(const OpenFile& file, const FeatureConfig& config, std::size_t rows) {
  FeatureColumn feature;
  feature.name = config.name;
  feature.type = config.type;
  switch (config.type) {
    case FeatureType::kCategory:
    case FeatureType::kText:
    case FeatureType::kShown: {
      GEMEL_ASSIGN_OR_RETURN(feature.texts, text_column(file, config.name, rows));
      break;
    }
    case FeatureType::kTags: GEMEL_RETURN_IF_ERROR(read_tags(file, rows, feature)); break;
    case FeatureType::kNumber: {
      GEMEL_ASSIGN_OR_RETURN(feature.numbers, fixed_column<double>(file, config.name, column_kind(config.type), rows));
      break;
    }
    case FeatureType::kTime: {
      GEMEL_ASSIGN_OR_RETURN(feature.times, fixed_column<TimePoint>(file, config.name, column_kind(config.type), rows));
      break;
    }
  }
  return feature;
}

Result<EntityTable> read_table(const OpenFile& file, const TableConfig& config) {
  EntityTable table;
  GEMEL_ASSIGN_OR_RETURN(table.ids, text_column(file, kIdColumn, std::nullopt));
  GEMEL_ASSIGN_OR_RETURN(table.rows_by_id, fixed_column<std::uint32_t>(file, kRowByIdColumn, "uint32", table.size()));
  // Strictly rising ids prove that the column names every row once and that no id stands twice.
  for (std::size_t place = 0; place < table.size(); ++place) {
    const bool in_range = table.rows_by_id[place] < table.size();
    if (!in_range || (place > 0 && table.ids[table.rows_by_id[place - 1]] >= table.ids[table.rows_by_id[place]]))
      return fail(ErrorCode::kCorrupt, file.format->name, ": column '", kRowByIdColumn, "' does not sort the ids");
  }
  for (const auto& column : stored_columns(config)) {
    GEMEL_ASSIGN_OR_RETURN(auto feature, read_feature(file, column, table.size()));
    table.features.push_back(std::move(feature));
  }
  return table;
}

constexpr std::size_t kReleaseEvents = std::size_t{1} << 22;  // 84 MiB: what a check of a large Dataset keeps in memory at most

}  // namespace

struct Dataset::State {
  std::filesystem::path directory;
  ShopConfig config;
  DatasetFormat format;
  std::string fingerprint;
  std::vector<std::string> action_names;
  MappedFile events_file, items_file, users_file;
  std::span<const TimePoint> times;
  std::span<const UserIndex> users;
  std::span<const ItemIndex> items;
  std::span<const ActionIndex> actions;
  std::span<const float> weights;
  EntityTable item_table, user_table;

  Result<void> read_tables();
  Result<void> read_events();
  Result<void> check_events() const;
};

Result<void> Dataset::State::read_tables() {
  GEMEL_ASSIGN_OR_RETURN(auto items_opened, open_file(directory, format, kItemsFile));
  GEMEL_ASSIGN_OR_RETURN(item_table, read_table(items_opened, config.items));
  items_file = std::move(items_opened.mapped);
  GEMEL_ASSIGN_OR_RETURN(auto users_opened, open_file(directory, format, kUsersFile));
  GEMEL_ASSIGN_OR_RETURN(user_table, read_table(users_opened, config.users));
  users_file = std::move(users_opened.mapped);
  if (format.num_catalogue_items > item_table.size())
    return fail(ErrorCode::kCorrupt, kDatasetMarker, ": num_catalogue_items: at most ", item_table.size(), " expected, found ",
                format.num_catalogue_items);
  return {};
}

Result<void> Dataset::State::read_events() {
  GEMEL_ASSIGN_OR_RETURN(auto file, open_file(directory, format, kEventsFile));
  GEMEL_ASSIGN_OR_RETURN(times, fixed_column<TimePoint>(file, "time", "timestamp_us", std::nullopt));
  GEMEL_ASSIGN_OR_RETURN(users, fixed_column<UserIndex>(file, "user", "uint32", times.size()));
  GEMEL_ASSIGN_OR_RETURN(items, fixed_column<ItemIndex>(file, "item", "uint32", times.size()));
  GEMEL_ASSIGN_OR_RETURN(actions, fixed_column<ActionIndex>(file, "action", "uint8", times.size()));
  GEMEL_ASSIGN_OR_RETURN(weights, fixed_column<float>(file, "weight", "float32", times.size()));
  events_file = std::move(file.mapped);
  return check_events();
}

Result<void> Dataset::State::check_events() const {
  const auto split = format.file_split.value_or(FileSplit{times.size(), times.size()});
  if (split.validation_begin > split.test_begin || split.test_begin > times.size())
    return fail(ErrorCode::kCorrupt, kDatasetMarker, ": file_split does not lie within the ", times.size(), " events");
  for (std::size_t event = 0; event < times.size(); ++event) {
    if (event > 0 && event % kReleaseEvents == 0) events_file.release_pages();
    const auto corrupt = [&](std::string_view what) { return fail(ErrorCode::kCorrupt, kEventsFile, ": event ", event, ": ", what); };
    if (to_size(users[event]) >= user_table.size()) return corrupt("its customer is not in the customer table");
    if (to_size(items[event]) >= item_table.size()) return corrupt("its product is not in the product table");
    if (to_size(actions[event]) >= format.actions.size()) return corrupt("its action is not in dataset.json");
    if (!(weights[event] > 0) || std::isinf(weights[event])) return corrupt("its weight is not a number above 0");
    const bool part_begins = event == 0 || event == split.validation_begin || event == split.test_begin;
    if (!part_begins && times[event] < times[event - 1]) return corrupt("it lies before the event ahead of it");
  }
  return {};
}

std::optional<std::uint32_t> EntityTable::find(std::string_view id) const {
  const auto at = std::partition_point(rows_by_id.begin(), rows_by_id.end(), [&](std::uint32_t row) { return ids[row] < id; });
  if (at == rows_by_id.end() || ids[*at] != id) return std::nullopt;
  return *at;
}

const FeatureColumn* EntityTable::feature(std::string_view name) const {
  for (const auto& column : features)
    if (column.name == name) return &column;
  return nullptr;
}

Result<Dataset> Dataset::open(const std::filesystem::path& directory) {
  auto state = std::make_unique<State>();
  state->directory = directory;
  GEMEL_ASSIGN_OR_RETURN(state->format, read_dataset_format(directory));
  const auto config_path = directory / "shop.toml";
  GEMEL_ASSIGN_OR_RETURN(const std::string config_text, read_file(config_path));
  // The shop's files are not looked at any more, so variables in their paths may be unset by now.
  GEMEL_ASSIGN_OR_RETURN(state->config, ShopConfig::parse(config_text, config_path, PathVariables::kKeep));
  state->fingerprint = fingerprint_of(state->format.files);
  for (const auto& action : state->format.actions) state->action_names.push_back(action.name);
  if (auto read = state->read_tables(); !read) return with_context(read.error(), directory.string());
  if (auto read = state->read_events(); !read) return with_context(read.error(), directory.string());
  return Dataset(std::move(state));
}

Dataset::Dataset(std::unique_ptr<State> state) : state_(std::move(state)) {}
Dataset::Dataset(Dataset&&) noexcept = default;
Dataset& Dataset::operator=(Dataset&&) noexcept = default;
Dataset::~Dataset() = default;

const std::filesystem::path& Dataset::directory() const { return state_->directory; }
const ShopConfig& Dataset::config() const { return state_->config; }
const std::string& Dataset::fingerprint() const { return state_->fingerprint; }
TimeKind Dataset::time_kind() const { return state_->format.time_kind; }
std::span<const TimePoint> Dataset::times() const { return state_->times; }
std::span<const UserIndex> Dataset::users() const { return state_->users; }
std::span<const ItemIndex> Dataset::items() const { return state_->items; }
std::span<const ActionIndex> Dataset::actions() const { return state_->actions; }
std::span<const float> Dataset::weights() const { return state_->weights; }
std::optional<Dataset::FileSplit> Dataset::file_split() const { return state_->format.file_split; }
std::size_t Dataset::num_catalogue_items() const { return state_->format.num_catalogue_items; }
const EntityTable& Dataset::item_table() const { return state_->item_table; }
const EntityTable& Dataset::user_table() const { return state_->user_table; }
const std::vector<std::string>& Dataset::action_names() const { return state_->action_names; }
const std::string& Dataset::summary_json() const { return state_->format.summary_json; }

std::optional<ActionIndex> Dataset::find_action(std::string_view name) const {
  const auto& names = state_->action_names;
  const auto at = std::find(names.begin(), names.end(), name);
  if (at == names.end()) return std::nullopt;
  return ActionIndex(at - names.begin());
}

bool Dataset::is_target(ActionIndex action) const { return state_->format.actions[to_size(action)].target; }
double Dataset::action_weight(ActionIndex action) const { return state_->format.actions[to_size(action)].weight; }

}  // namespace gemel
