#include "gemel/retrieval/manifest.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <numeric>

namespace gemel {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::pair<TimeKind, std::string_view> kTimeKinds[] = {
    {TimeKind::kNone, "none"}, {TimeKind::kOrder, "order"}, {TimeKind::kDays, "days"}, {TimeKind::kSeconds, "seconds"}};

std::int64_t to_us(TimePoint at) { return at.time_since_epoch().count(); }
TimePoint from_us(std::int64_t us) { return TimePoint(std::chrono::microseconds(us)); }

const std::string kIndexRecall = concat("index_recall_at_", kIndexRecallAt);

Json to_json(const IndexReport& index) {
  if (index.num_partitions == 0) return Json::object({{"kind", "exact"}});
  return {{"kind", "approximate"},      {"num_partitions", index.num_partitions}, {"reach", index.reach}, {"num_scored", index.num_scored},
          {kIndexRecall, index.recall}, {"num_queries", index.num_queries}};
}

IndexReport index_from_json(const Json& json) {
  if (json.at("kind") == "exact") return {};
  return {json.at("num_partitions"), json.at("reach"), json.at("num_scored"), json.at(kIndexRecall), json.at("num_queries")};
}

Json to_json(const Manifest& manifest) {
  const auto kind = std::ranges::find(kTimeKinds, manifest.time_kind, &std::pair<TimeKind, std::string_view>::first);
  Json json = {{"format", "gemel bundle"},
               {"version", kBundleVersion},
               {"model", {{"name", manifest.model_name}, {"knobs", manifest.model_knobs}}},
               {"data",
                {{"fingerprint", manifest.data_fingerprint},
                 {"time_kind", kind->second},
                 {"num_events", manifest.num_events},
                 {"num_users", manifest.num_users},
                 {"num_items", manifest.num_items}}},
               {"trained_until_us", to_us(manifest.trained_until)},
               {"trained_until", time_label(manifest.trained_until, manifest.time_kind)},
               {"cut_us", to_us(manifest.cut)},
               {"cut", time_label(manifest.cut, manifest.time_kind)}};
  json["actions"] = Json::array();
  for (const BundleAction& action : manifest.actions) json["actions"].push_back({{"name", action.name}, {"target", action.target}});
  if (manifest.index) json["index"] = to_json(*manifest.index);
  json["metrics"] = Json::parse(manifest.metrics_json);
  json["files"] = Json::array();
  for (const ListedFile& file : manifest.files)
    json["files"].push_back({{"path", file.path}, {"size_bytes", file.size_bytes}, {"checksum", file.checksum}});
  return json;
}

// Throws what nlohmann throws on a missing key or a wrong type; read_manifest catches it.
Manifest from_json(const Json& json) {
  Manifest manifest;
  manifest.model_name = json.at("model").at("name");
  manifest.model_knobs = json.at("model").at("knobs");
  const Json& data = json.at("data");
  manifest.data_fingerprint = data.at("fingerprint");
  for (const auto& [kind, name] : kTimeKinds)
    if (data.at("time_kind") == name) manifest.time_kind = kind;
  manifest.num_events = data.at("num_events");
  manifest.num_users = data.at("num_users");
  manifest.num_items = data.at("num_items");
  manifest.trained_until = from_us(json.at("trained_until_us"));
  manifest.cut = from_us(json.at("cut_us"));
  for (const Json& action : json.at("actions")) manifest.actions.push_back({action.at("name"), action.at("target")});
  if (json.contains("index")) manifest.index = index_from_json(json.at("index"));
  manifest.metrics_json = json.at("metrics").dump();
  for (const Json& file : json.at("files")) manifest.files.push_back({file.at("path"), file.at("size_bytes"), file.at("checksum")});
  return manifest;
}

}  // namespace

Result<void> write_manifest(const fs::path& directory, const Manifest& manifest) {
  return write_sealed_json(directory / kManifestFile, to_json(manifest).dump(2, ' ', false, Json::error_handler_t::replace));
}

Result<Manifest> read_manifest(const fs::path& directory, ThreadPool& pool) {
  const fs::path path = directory / kManifestFile;
  const auto text = read_sealed_json(path);
  if (!text && text.error().code == ErrorCode::kNotFound)
    return fail(ErrorCode::kNotFound, directory.string(), ": no bundle here (it would hold ", kManifestFile, "); `gemel train` makes one");
  if (!text) return Failure{text.error()};
  const Json json = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || json.value("format", Json()) != "gemel bundle")
    return fail(ErrorCode::kCorrupt, path.string(), ": expected the format 'gemel bundle'");
  if (json.value("version", Json()) != kBundleVersion)
    return fail(ErrorCode::kCorrupt, path.string(), ": this program reads version ", kBundleVersion, ", found ",
                json.value("version", Json()).dump(), "; use the gemel that made it, or train anew");
  Manifest manifest;
  try {
    manifest = from_json(json);
  } catch (const nlohmann::json::exception& error) {
    return fail(ErrorCode::kCorrupt, path.string(), ": ", error.what());
  }
  std::vector<Result<void>> outcomes(manifest.files.size());
  std::vector<std::size_t> order(outcomes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater(), [&](std::size_t file) { return manifest.files[file].size_bytes; });  // the longest first
  pool.run(order.size(), [&](std::size_t i) { outcomes[order[i]] = check_file(directory, manifest.files[order[i]]); });
  for (const auto& checked : outcomes)
    if (!checked) return with_context(checked.error(), directory.string());
  return manifest;
}

std::string index_label(const IndexReport& index) {
  if (index.num_partitions == 0) return "exact";
  char recall[16];
  std::snprintf(recall, sizeof recall, "%.4f", index.recall);
  return concat("approximate, ", index.num_partitions, " partitions, ", kIndexRecall, " ", recall, " on ", index.num_queries, " queries");
}

std::string time_label(TimePoint at, TimeKind kind) {
  if (kind == TimeKind::kNone || kind == TimeKind::kOrder) return concat("row ", at.time_since_epoch().count());
  const std::chrono::year_month_day date(day_of(at));
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(at - TimePoint(day_of(at))));
  char text[48];
  const int size = std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                                 static_cast<unsigned>(date.day()));
  if (time.to_duration().count() > 0)
    std::snprintf(text + size, sizeof text - static_cast<std::size_t>(size), " %02d:%02d:%02d", static_cast<int>(time.hours().count()),
                  static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()));
  return text;
}

}  // namespace gemel
