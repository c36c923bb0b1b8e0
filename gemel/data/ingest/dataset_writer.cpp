#include "gemel/data/ingest/dataset_writer.h"

#include <algorithm>
#include <numeric>

#include "gemel/data/arrow_api.h"

namespace gemel {
namespace {

template <class T>
ArrowColumn fixed_column(std::string_view name, ArrowColumn::Kind kind, std::span<const T> values) {
  ArrowColumn column;
  column.name = name;
  column.kind = kind;
  column.num_rows = values.size();
  column.values = values.data();
  return column;
}

ArrowColumn text_column(std::string_view name, std::span<const std::int32_t> offsets, std::string_view bytes) {
  ArrowColumn column;
  column.name = name;
  column.kind = ArrowColumn::Kind::kText;
  column.num_rows = offsets.size() - 1;
  column.text_offsets = offsets;
  column.text_bytes = bytes;
  return column;
}

ArrowColumn feature_column(const TableColumn& from) {
  const std::string& name = from.config().name;
  switch (from.config().type) {
    case FeatureType::kNumber: return fixed_column(name, ArrowColumn::Kind::kFloat64, from.numbers());
    case FeatureType::kTime: return fixed_column(name, ArrowColumn::Kind::kTimestampUs, from.times());
    case FeatureType::kCategory:
    case FeatureType::kShown: return text_column(name, from.offsets(), from.bytes());
    case FeatureType::kTags: break;
  }
  ArrowColumn column = text_column(name, from.offsets(), from.bytes());
  column.kind = ArrowColumn::Kind::kTextList;
  column.num_rows = from.lists().size() - 1;
  column.list_offsets = from.lists();
  return column;
}

Result<std::vector<ArrowColumnPlace>> write_columns(const std::filesystem::path& path, const std::vector<ArrowColumn>& columns) {
  GEMEL_ASSIGN_OR_RETURN(ArrowModule* const arrow, load_arrow_module());
  return arrow->write_ipc(path, columns);
}

}  // namespace

EventColumns take_columns(Events& events, EventOrder order) {
  EventColumns taken;
  taken.times = events.times.take(order.rows);
  taken.users = events.users.take(order.rows);
  taken.items = events.items.take(order.rows);
  taken.actions = events.actions.take(order.rows);
  taken.weights = events.weights.take(order.rows);
  return taken;
}

Result<DatasetFile> write_events(const std::filesystem::path& directory, EventColumns events) {
  const std::vector<ArrowColumn> columns{fixed_column<std::int64_t>("time", ArrowColumn::Kind::kTimestampUs, events.times),
                                         fixed_column<std::uint32_t>("user", ArrowColumn::Kind::kUint32, events.users),
                                         fixed_column<std::uint32_t>("item", ArrowColumn::Kind::kUint32, events.items),
                                         fixed_column<std::uint8_t>("action", ArrowColumn::Kind::kUint8, events.actions),
                                         fixed_column<float>("weight", ArrowColumn::Kind::kFloat32, events.weights)};
  GEMEL_ASSIGN_OR_RETURN(auto places, write_columns(directory / kEventsFile, columns));
  events = {};
  return describe_file(directory, kEventsFile, std::move(places));
}

Result<DatasetFile> write_entities(const std::filesystem::path& directory, std::string_view file, const IdTable& ids,
                                   const std::vector<TableColumn>& features) {
  std::vector<std::uint32_t> rows_by_id(ids.size());
  std::iota(rows_by_id.begin(), rows_by_id.end(), 0u);
  std::sort(rows_by_id.begin(), rows_by_id.end(), [&](std::uint32_t a, std::uint32_t b) { return ids[a] < ids[b]; });
  std::vector<ArrowColumn> columns{text_column(kIdColumn, ids.offsets(), ids.bytes())};
  for (const auto& feature : features) {
    GEMEL_CHECK(feature.num_rows() == ids.size(), feature.config().name);
    columns.push_back(feature_column(feature));
  }
  columns.push_back(fixed_column<std::uint32_t>(kRowByIdColumn, ArrowColumn::Kind::kUint32, rows_by_id));
  GEMEL_ASSIGN_OR_RETURN(auto places, write_columns(directory / file, columns));
  return describe_file(directory, file, std::move(places));
}

}  // namespace gemel
