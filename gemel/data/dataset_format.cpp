#include "gemel/data/dataset_format.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "gemel/base/file.h"

namespace gemel {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::pair<TimeKind, std::string_view>, 4> kTimeKinds{
    {{TimeKind::kNone, "none"}, {TimeKind::kOrder, "order"}, {TimeKind::kDays, "days"}, {TimeKind::kSeconds, "seconds"}}};

Json to_json(const ArrowColumnPlace& column) {
  return {
      {"name", column.name}, {"kind", column.kind}, {"num_rows", column.num_rows}, {"offsets", column.offsets}, {"sizes", column.sizes}};
}

Json to_json(const DatasetFile& file) {
  Json columns = Json::array();
  for (const auto& column : file.columns) columns.push_back(to_json(column));
  return {{"name", file.name}, {"size_bytes", file.size_bytes}, {"checksum", file.checksum}, {"columns", std::move(columns)}};
}

Json to_json(const DatasetFormat& format) {
  Json json = {{"format", "gemel dataset"},
               {"version", kDatasetVersion},
               {"fingerprint", fingerprint_of(format.files)},
               {"time_kind", to_text(format.time_kind)}};
  json["actions"] = Json::array();
  for (const auto& action : format.actions)
    json["actions"].push_back({{"name", action.name}, {"target", action.target}, {"weight", action.weight}});
  if (format.file_split)
    json["file_split"] = {{"validation_begin", format.file_split->validation_begin}, {"test_begin", format.file_split->test_begin}};
  json["num_catalogue_items"] = format.num_catalogue_items;
  json["files"] = Json::array();
  for (const auto& file : format.files) json["files"].push_back(to_json(file));
  json["summary"] = Json::parse(format.summary_json);
  return json;
}

// The readers below throw what nlohmann throws on a missing key or a wrong type; read_dataset_format catches it.
ArrowColumnPlace column_from(const Json& json) {
  return {json.at("name"), json.at("kind"), json.at("num_rows"), json.at("offsets"), json.at("sizes")};
}

DatasetFile file_from(const Json& json) {
  DatasetFile file{json.at("name"), json.at("size_bytes"), json.at("checksum"), {}};
  for (const auto& column : json.at("columns")) file.columns.push_back(column_from(column));
  return file;
}

Result<TimeKind> time_kind_from(std::string_view text) {
  for (const auto& [kind, name] : kTimeKinds)
    if (name == text) return kind;
  return fail(ErrorCode::kCorrupt, "time_kind: expected none, order, days or seconds, found '", text, "'");
}

Result<DatasetFormat> format_from(const Json& json) {
  if (json.at("format") != "gemel dataset")
    return fail(ErrorCode::kCorrupt, "format: expected 'gemel dataset', found ", json["format"].dump());
  if (json.at("version") != kDatasetVersion)
    return fail(ErrorCode::kCorrupt, "version: this program reads ", kDatasetVersion, ", found ", json["version"].dump(), "; ingest anew");
  DatasetFormat format;
  GEMEL_ASSIGN_OR_RETURN(format.time_kind, time_kind_from(json.at("time_kind").get<std::string>()));
  for (const auto& action : json.at("actions")) format.actions.push_back({action.at("name"), action.at("target"), action.at("weight")});
  if (json.contains("file_split"))
    format.file_split = {json.at("file_split").at("validation_begin"), json.at("file_split").at("test_begin")};
  format.num_catalogue_items = json.at("num_catalogue_items");
  for (const auto& file : json.at("files")) format.files.push_back(file_from(file));
  format.summary_json = json.at("summary").dump();
  if (json.at("fingerprint") != fingerprint_of(format.files))
    return fail(ErrorCode::kCorrupt, "fingerprint: expected ", fingerprint_of(format.files), ", found ", json["fingerprint"].dump());
  return format;
}

}  // namespace

Result<DatasetFile> describe_file(const std::filesystem::path& directory, std::string_view name, std::vector<ArrowColumnPlace> columns) {
  GEMEL_ASSIGN_OR_RETURN(FileSum sum, sum_file(directory / name));
  return DatasetFile{std::string(name), sum.size_bytes, std::move(sum.checksum), std::move(columns)};
}

std::string fingerprint_of(const std::vector<DatasetFile>& files) {
  std::string checksums;
  for (const auto& file : files) checksums += concat(file.name, ' ', file.checksum, '\n');
  return checksum_hex(checksums);
}

Result<void> write_dataset_format(const std::filesystem::path& directory, const DatasetFormat& format) {
  const std::string text = to_json(format).dump(1, ' ', false, Json::error_handler_t::replace);
  return write_file(directory / kDatasetMarker, text + "\n");
}

Result<DatasetFormat> read_dataset_format(const std::filesystem::path& directory) {
  const auto path = directory / kDatasetMarker;
  auto text = read_file(path);
  if (!text && text.error().code == ErrorCode::kNotFound)
    return fail(ErrorCode::kNotFound, directory.string(), ": no Dataset here (no ", kDatasetMarker, "); `gemel ingest` makes one");
  if (!text) return Failure{text.error()};
  const Json json = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return fail(ErrorCode::kCorrupt, path.string(), ": not JSON");
  try {
    auto format = format_from(json);
    if (!format) return with_context(format.error(), path.string());
    return format;
  } catch (const nlohmann::json::exception& error) {
    return fail(ErrorCode::kCorrupt, path.string(), ": ", error.what());
  }
}

std::vector<FeatureConfig> stored_columns(const TableConfig& table) {
  std::vector<FeatureConfig> columns = table.features;
  std::stable_partition(columns.begin(), columns.end(), [](const FeatureConfig& column) { return column.type != FeatureType::kShown; });
  const bool has_name = std::any_of(columns.begin(), columns.end(), [&](const FeatureConfig& column) { return column.name == table.name; });
  if (!table.name.empty() && !has_name) {
    FeatureConfig shown;
    shown.name = shown.column = table.name;
    shown.type = FeatureType::kShown;
    columns.push_back(shown);
  }
  return columns;
}

std::string_view column_kind(FeatureType type) {
  switch (type) {
    case FeatureType::kCategory:
    case FeatureType::kText:
    case FeatureType::kShown: return "text";
    case FeatureType::kTags: return "text_list";
    case FeatureType::kNumber: return "float64";
    case FeatureType::kTime: return "timestamp_us";
  }
  GEMEL_CHECK(false, "a type of feature without a column");
}

std::string_view to_text(TimeKind kind) {
  for (const auto& [each, name] : kTimeKinds)
    if (each == kind) return name;
  GEMEL_CHECK(false, "a time kind without a name");
}

}  // namespace gemel
