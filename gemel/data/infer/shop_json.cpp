#include <nlohmann/json.hpp>

#include "gemel/data/infer/shop_toml.h"

namespace gemel {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Guess& guess) {
  Json value = guess.value.empty() ? Json(nullptr) : Json(guess.value);
  return {{"value", value}, {"reason", guess.reason}, {"alternatives", guess.alternatives}};
}

Json source_json(const TableGuess& table) {
  Json json = {{"path", table.paths}, {"layout", table.layout}, {"rows", table.rows}, {"notes", table.notes}};
  const SourceFormat& format = table.source.format;
  if (format.format) json["format"] = to_text(*format.format);
  if (!format.delimiter.empty()) json["delimiter"] = format.delimiter;
  if (!format.header) json["header"] = false;
  if (!format.columns.empty()) json["columns"] = format.columns;
  if (format.encoding == Encoding::kLatin1) json["encoding"] = "latin-1";
  if (!format.each.empty()) json["each"] = format.each;
  return json;
}

std::string_view type_text(FeatureType type) {
  switch (type) {
    case FeatureType::kCategory: return "category";
    case FeatureType::kTags: return "tags";
    case FeatureType::kNumber: return "number";
    case FeatureType::kTime: return "time";
    case FeatureType::kText: return "text";
    case FeatureType::kShown: return "shown";
  }
  return "";
}

Json to_json(const FeatureGuess& feature) {
  const FeatureConfig& config = feature.config;
  Json json = {{"name", config.name}, {"column", config.column}, {"left_out", feature.is_left_out}, {"reason", feature.reason}};
  if (feature.is_left_out) return json;
  json["type"] = type_text(config.type);
  if (!config.separator.empty()) json["separator"] = config.separator;
  if (!config.unit.empty()) json["unit"] = config.unit;
  if (config.transform != "none") json["transform"] = config.transform;
  if (config.buckets > 0) json["buckets"] = config.buckets;
  if (config.min_count > 1) json["min_count"] = config.min_count;
  if (!config.time_format.empty()) json["time_format"] = config.time_format;
  return json;
}

Json to_json(const EventsGuess& events) {
  Json json = source_json(events);
  json["time"] = to_json(events.time);
  if (!events.time_format.value.empty()) json["time_format"] = to_json(events.time_format);
  json["order"] = events.has_order;
  json["user"] = to_json(events.user);
  json["item"] = to_json(events.item);
  if (!events.user_else.empty()) json["user"]["else"] = events.user_else;
  if (!events.item_else.empty()) json["item"]["else"] = events.item_else;
  json["action"] = to_json(events.action);
  json["weight"] = to_json(events.weight);
  json["id"] = to_json(events.id);
  Json& actions = json["actions"] = Json::array();
  for (const ActionGuess& action : events.actions)
    actions.push_back({{"name", action.name},
                       {"target", action.is_target},
                       {"weight", action.weight},
                       {"count", action.count},
                       {"reason", action.reason}});
  json["unused"] = events.unused;
  return json;
}

Json to_json(const EntitiesGuess& table, bool is_items) {
  if (table.paths.empty()) return nullptr;
  Json json = source_json(table);
  json["id"] = to_json(table.id);
  if (is_items) {
    json["name"] = to_json(table.name);
    json["twins"] = {{"merge", table.merge_twins}, {"reason", table.twins_reason}};
  }
  Json& features = json["features"] = Json::array();
  for (const FeatureGuess& feature : table.features) features.push_back(to_json(feature));
  return json;
}

}  // namespace

std::string to_json(const ShopGuess& shop) {
  Json knobs = Json::array();
  for (const KnobGuess& knob : shop.knobs) knobs.push_back({{"key", knob.key}, {"value", knob.value}, {"reason", knob.reason}});
  const Json json = {{"events", to_json(shop.events)},
                     {"items", to_json(shop.items, true)},
                     {"users", to_json(shop.users, false)},
                     {"split", {{"validation", SplitConfig{}.validation}, {"test", SplitConfig{}.test}, {"reason", shop.split_reason}}},
                     {"two_tower", knobs}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace gemel
