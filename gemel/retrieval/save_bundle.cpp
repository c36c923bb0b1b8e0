#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "gemel/data/query_plan.h"
#include "gemel/numerics/safetensors.h"
#include "gemel/retrieval/bundle.h"

namespace gemel {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::string to_line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n'; }

// What people see of a feature; null when it is missing.
Json shown_value(const FeatureColumn& feature, std::size_t row) {
  switch (feature.type) {
    case FeatureType::kCategory:
    case FeatureType::kText:
    case FeatureType::kShown: {
      const std::string_view text = feature.texts[row];
      return text.empty() ? Json() : Json(text);
    }
    case FeatureType::kTags: {
      Json tags = Json::array();
      for (std::int32_t tag = feature.lists[row]; tag < feature.lists[row + 1]; ++tag)
        tags.push_back(feature.texts[static_cast<std::size_t>(tag)]);
      return tags.empty() ? Json() : tags;
    }
    case FeatureType::kNumber: return std::isfinite(feature.numbers[row]) ? Json(feature.numbers[row]) : Json();
    case FeatureType::kTime: return feature.times[row] == kMissingTime ? Json() : Json(time_label(feature.times[row], TimeKind::kSeconds));
  }
  return {};
}

std::string item_lines(const Dataset& dataset) {
  const EntityTable& table = dataset.item_table();
  const std::string& name_key = dataset.config().items.name;
  const FeatureColumn* names = name_key.empty() ? nullptr : table.feature(name_key);
  std::string lines;
  for (std::size_t row = 0; row < table.size(); ++row) {
    const Json name = names == nullptr ? Json() : shown_value(*names, row);
    Json line = {{"id", table.ids[row]}, {"name", name.is_null() ? Json(table.ids[row]) : name}};
    Json& attributes = line["attributes"] = Json::object();
    for (const FeatureColumn& feature : table.features) {
      if (&feature == names) continue;
      if (Json value = shown_value(feature, row); !value.is_null()) attributes[feature.name] = std::move(value);
    }
    lines += to_line(line);
  }
  return lines;
}

std::string user_lines(const Dataset& dataset) {
  std::string lines;
  for (std::size_t row = 0; row < dataset.num_users(); ++row) lines += to_line({{"id", dataset.user_table().ids[row]}});
  return lines;
}

Result<void> save_histories(const fs::path& path, const Dataset& dataset, std::size_t num_events, std::size_t limit) {
  const Histories all(dataset, num_events);
  std::vector<std::int64_t> offsets{0}, at_us;
  std::vector<std::uint32_t> items;
  std::vector<float> weights;
  std::vector<std::uint8_t> actions;
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    auto history = all.of(UserIndex{static_cast<std::uint32_t>(user)});
    if (limit > 0) history = history.last(std::min(limit, history.size()));
    for (const HistoryItem& event : history) {
      at_us.push_back(event.at.time_since_epoch().count());
      items.push_back(static_cast<std::uint32_t>(event.item));
      weights.push_back(event.weight);
      actions.push_back(static_cast<std::uint8_t>(event.action));
    }
    offsets.push_back(static_cast<std::int64_t>(items.size()));
  }
  SafetensorsWriter writer;
  writer.add("offsets", std::span<const std::int64_t>(offsets));
  writer.add("at_us", std::span<const std::int64_t>(at_us));
  writer.add("item", std::span<const std::uint32_t>(items));
  writer.add("weight", std::span<const float>(weights));
  writer.add("action", std::span<const std::uint8_t>(actions));
  return writer.write(path);
}

Result<void> save_seen(const fs::path& path, const Dataset& dataset, std::size_t num_events) {
  const SeenItems seen = seen_items(dataset, num_events);
  const std::vector<std::uint8_t> eligible = eligible_items(dataset, Protocol::kRollingWeek, num_events);
  SafetensorsWriter writer;
  writer.add("offsets", std::span<const std::int64_t>(seen.offsets));
  writer.add("item", as_rows(seen.items));
  writer.add("eligible", std::span<const std::uint8_t>(eligible));
  return writer.write(path);
}

Manifest describe(const BundleSource& source) {
  const Dataset& dataset = source.dataset;
  Manifest manifest;
  manifest.model_name = source.model.name();
  manifest.model_knobs = source.model.knobs();
  manifest.data_fingerprint = dataset.fingerprint();
  manifest.time_kind = dataset.time_kind();
  manifest.trained_until = source.trained_until;
  manifest.cut = source.cut;
  manifest.num_events = source.num_events;
  manifest.num_users = dataset.num_users();
  manifest.num_items = dataset.num_items();
  for (std::size_t action = 0; action < dataset.action_names().size(); ++action)
    manifest.actions.push_back({dataset.action_names()[action], dataset.is_target(ActionIndex{static_cast<std::uint8_t>(action)})});
  manifest.index = source.model.index_report();
  manifest.metrics_json = source.metrics_json;
  return manifest;
}

}  // namespace

Result<void> save_bundle(const fs::path& target, const BundleSource& source) {
  const Dataset& dataset = source.dataset;
  GEMEL_CHECK(source.num_events <= dataset.num_events());
  GEMEL_ASSIGN_OR_RETURN(AtomicDirectory directory, AtomicDirectory::create(target, kManifestFile));
  std::error_code code;
  for (const char* folder : {"model", "state"})
    if (!fs::create_directory(directory.path() / folder, code))
      return fail(ErrorCode::kIo, (directory.path() / folder).string(), ": creating the folder failed: ", code.message());
  GEMEL_RETURN_IF_ERROR(source.model.save(directory.path() / "model"));
  GEMEL_RETURN_IF_ERROR(write_file(directory.path() / "items.jsonl", item_lines(dataset)));
  GEMEL_RETURN_IF_ERROR(write_file(directory.path() / "users.jsonl", user_lines(dataset)));
  GEMEL_RETURN_IF_ERROR(write_file(directory.path() / "shop.toml", dataset.config().text));
  GEMEL_RETURN_IF_ERROR(save_histories(directory.path() / "state/histories.safetensors", dataset, source.num_events, source.history_limit));
  GEMEL_RETURN_IF_ERROR(save_seen(directory.path() / "state/seen.safetensors", dataset, source.num_events));
  if (interrupted()) return fail(ErrorCode::kInterrupted, "interrupted; no bundle was written");
  Manifest manifest = describe(source);
  GEMEL_ASSIGN_OR_RETURN(manifest.files, list_files(directory.path(), kManifestFile));
  GEMEL_RETURN_IF_ERROR(write_manifest(directory.path(), manifest));
  return directory.commit();
}

}  // namespace gemel
