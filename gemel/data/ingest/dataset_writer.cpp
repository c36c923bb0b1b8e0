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
    case FeatureType::kText:
    case FeatureType::kShown: return text_column(name, from.offsets(), from.bytes());
    case FeatureType::kTags: break;
  }
  ArrowColumn column = text_column(name, from.offsets(), from.bytes());
  column.kind = ArrowColumn::Kind::kTextList;
  column.num_rows = from.lists().size() - 1;
  column.list_offsets = from.lists();
  return column;
}

ArrowColumn open_column(std::string_view name, ArrowColumn::Kind kind, std::uint64_t num_rows) {
  ArrowColumn column;
  column.name = name;
  column.kind = kind;
  column.num_rows = num_rows;
  return column;
}

Result<std::vector<ArrowColumnPlace>> write_columns(RandomFile& file, const std::vector<ArrowColumn>& columns) {
  GEMEL_ASSIGN_OR_RETURN(ArrowModule* const arrow, load_arrow_module());
  return arrow->write_ipc(file, columns);
}

}  // namespace

Result<EventsWriter> EventsWriter::create(const std::filesystem::path& directory, std::uint64_t num_events) {
  using Kind = ArrowColumn::Kind;
  const std::vector<ArrowColumn> columns{open_column("time", Kind::kTimestampUs, num_events),
                                         open_column("user", Kind::kUint32, num_events), open_column("item", Kind::kUint32, num_events),
                                         open_column("action", Kind::kUint8, num_events),
                                         open_column("weight", Kind::kFloat32, num_events)};
  GEMEL_ASSIGN_OR_RETURN(RandomFile file, RandomFile::create(directory / kEventsFile));
  GEMEL_ASSIGN_OR_RETURN(auto places, write_columns(file, columns));
  return EventsWriter(directory, std::move(file), std::move(places));
}

EventsWriter::EventsWriter(std::filesystem::path directory, RandomFile file, std::vector<ArrowColumnPlace> places)
    : directory_(std::move(directory)), file_(std::move(file)), places_(std::move(places)) {
  for (const ArrowColumnPlace& place : places_)
    columns_.push_back({place.offsets[0], place.offsets[0] + place.sizes[0], std::vector<char>(kBufferBytes)});
}

Result<void> EventsWriter::add(const WrittenEvent& event) {
  GEMEL_RETURN_IF_ERROR(append(columns_[kTime], event.time));
  GEMEL_RETURN_IF_ERROR(append(columns_[kUser], event.user));
  GEMEL_RETURN_IF_ERROR(append(columns_[kItem], event.item));
  GEMEL_RETURN_IF_ERROR(append(columns_[kAction], event.action));
  return append(columns_[kWeight], event.weight);
}

Result<void> EventsWriter::flush(Column& column) {
  GEMEL_CHECK(column.num_pending <= column.end - column.offset, "more events than announced");
  GEMEL_RETURN_IF_ERROR(file_.write(column.offset, {column.pending.data(), column.num_pending}));
  column.offset += column.num_pending;
  column.num_pending = 0;
  return {};
}

Result<DatasetFile> EventsWriter::finish() {
  for (Column& column : columns_) {
    GEMEL_RETURN_IF_ERROR(flush(column));
    GEMEL_CHECK(column.offset == column.end, "fewer events than announced");
  }
  GEMEL_RETURN_IF_ERROR(file_.sync());
  return describe_file(directory_, kEventsFile, places_);
}

Result<void> EventsWriter::read(std::size_t column, std::uint64_t first, std::span<std::uint32_t> values) const {
  return file_.read(places_[column].offsets[0] + first * sizeof(std::uint32_t),
                    {reinterpret_cast<char*>(values.data()), values.size_bytes()});
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
  GEMEL_ASSIGN_OR_RETURN(RandomFile written, RandomFile::create(directory / file));
  GEMEL_ASSIGN_OR_RETURN(auto places, write_columns(written, columns));
  return describe_file(directory, file, std::move(places));
}

}  // namespace gemel
