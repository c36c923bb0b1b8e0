#include "gemel/data/ingest/summary.h"

#include <nlohmann/json.hpp>

#include "gemel/data/dataset_format.h"
#include "gemel/data/ingest/cell_text.h"

namespace gemel {
namespace {

using Json = nlohmann::ordered_json;

double ratio(std::uint64_t part, double whole) { return whole > 0 ? static_cast<double>(part) / whole : 0; }

Json to_json(const RowAccount& rows) {
  return {{"read", rows.read},
          {"kept", rows.kept},
          {"rejected", rows.rejected},
          {"duplicates", rows.duplicates},
          {"excluded", rows.excluded},
          {"rejected_by_reason", rows.reasons},
          {"excluded_by_rule", rows.excluded_by}};
}

Json to_json(const TableSummary& table) {
  if (!table.is_given) return nullptr;
  Json json = {{"rows", to_json(table.rows)}, {"features", Json::array()}};
  for (const auto& feature : table.features)
    json["features"].push_back({{"name", feature.name},
                                {"filled", feature.filled},
                                {"fill_rate", ratio(feature.filled, static_cast<double>(table.rows.kept))},
                                {"unreadable", feature.unreadable}});
  return json;
}

}  // namespace

double IngestSummary::density() const {
  return ratio(distinct_pairs, static_cast<double>(customers) * static_cast<double>(sold_products()));
}

double IngestSummary::repeat_share() const { return ratio(events.kept - distinct_pairs, static_cast<double>(events.kept)); }

TableSummary summarize(const std::vector<TableColumn>& columns, const RowAccount& rows) {
  TableSummary summary{true, rows, {}};
  for (const auto& column : columns) summary.features.push_back({column.config().name, column.num_filled(), column.num_unreadable()});
  return summary;
}

std::string to_json(const IngestSummary& summary) {
  Json json;
  if (!summary.directory.empty()) json["directory"] = summary.directory;
  json["fingerprint"] = summary.fingerprint;
  json["events"] = to_json(summary.events);
  json["events"]["merged_copies"] = summary.merged_copies;
  json["events"]["alike_kept"] = summary.alike_kept;
  json["items"] = to_json(summary.items);
  json["users"] = to_json(summary.users);
  const bool has_time = has_days(summary.time_kind);
  json["time_kind"] = to_text(summary.time_kind);
  json["first_time"] = has_time ? Json(time_text(summary.first_time)) : Json(nullptr);
  json["last_time"] = has_time ? Json(time_text(summary.last_time)) : Json(nullptr);
  json["actions"] = Json::array();
  for (const auto& action : summary.actions)
    json["actions"].push_back({{"name", action.name}, {"target", action.is_target}, {"count", action.count}});
  json["customers"] = summary.customers;
  json["customers_without_row"] = summary.customers_without_row;
  json["customers_without_event"] = summary.customers_without_event;
  json["catalogue_products"] = summary.catalogue_products;
  json["event_only_products"] = summary.event_only_products;
  json["sold_products"] = summary.sold_products();
  json["cold_products"] = summary.cold_products;
  json["events_outside_catalogue"] = summary.events_outside_catalogue;
  json["twin_pairs"] = summary.twin_pairs;
  json["merged_products"] = summary.merged_products;
  json["density"] = summary.density();
  json["repeat_share"] = summary.repeat_share();
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace gemel
