// What ingest read and left out, and the actions of what is left.
#include <nlohmann/json.hpp>
#include <utility>

#include "gemel/data/health/checks.h"
#include "gemel/data/health/wording.h"

namespace gemel::health {
namespace {

using Json = nlohmann::json;

constexpr double kWorthANote = 0.001, kMany = 0.01, kTooMany = 0.2;  // shares of rows
constexpr double kFewTargets = 0.01;                                  // share of events

// The key that a reason of rejection points to, by how the reason begins.
constexpr std::pair<std::string_view, std::string_view> kKeysOfReasons[] = {
    {"unreadable time", "events.time_format"}, {"not above 0", "events.weight"},        {"below", "items.features"},
    {"unreadable list", "items.features"},     {"unreadable number", "items.features"}, {"id seen before", "items.id"},
};

std::string key_of_reason(std::string_view reason) {
  for (const auto& [begin, key] : kKeysOfReasons)
    if (reason.starts_with(begin)) return std::string(key);
  return "";
}

std::uint64_t count_in(const Json& rows, const char* key) {
  return rows.is_object() && rows.contains(key) && rows[key].is_number_unsigned() ? rows[key].get<std::uint64_t>() : 0;
}

void judge_rejected(std::string_view name, const Json& rows, Section& section) {
  const std::uint64_t read = count_in(rows, "read"), rejected = count_in(rows, "rejected");
  const double share = ratio(rejected, read);
  if (share < kWorthANote || !rows.contains("rejected_by_reason")) return;
  std::string worst;
  std::uint64_t most = 0;
  std::vector<std::string> reasons;
  for (const auto& [reason, count] : rows["rejected_by_reason"].items()) {
    reasons.push_back(concat(reason, ": ", grouped(count.get<std::uint64_t>())));
    if (count.get<std::uint64_t>() > most) worst = reason;
    most = std::max(most, count.get<std::uint64_t>());
  }
  section.findings.push_back(
      {share >= kTooMany ? Severity::kSerious
       : share >= kMany  ? Severity::kWarning
                         : Severity::kNote,
       concat(percent(share), " of the rows of the ", name, " were rejected, ", grouped(rejected), " of ", grouped(read), " (",
              listed(reasons), ")"),
       "what they say is not learnt; when they are of one kind (one month, one action), the rest gives a wrong picture",
       "read rejected.jsonl of the Dataset: it names file, line, field and value of each", key_of_reason(worst)});
}

void add_read_rows(const Json& summary, Section& section) {
  Table table{"rows", {"table", "read", "kept", "rejected", "duplicates", "excluded"}};
  Table reasons{"rejected", {"table", "reason", "rows"}};
  for (const auto& [key, name] : {std::pair("events", "events"), std::pair("items", "catalogue"), std::pair("users", "customer file")}) {
    if (!summary.contains(key) || !summary[key].is_object()) continue;
    const Json& rows = summary[key].contains("rows") ? summary[key]["rows"] : summary[key];
    table.rows.push_back({name, Cell::count(count_in(rows, "read")), Cell::count(count_in(rows, "kept")),
                          Cell::count(count_in(rows, "rejected")), Cell::count(count_in(rows, "duplicates")),
                          Cell::count(count_in(rows, "excluded"))});
    if (rows.contains("rejected_by_reason"))
      for (const auto& [reason, count] : rows["rejected_by_reason"].items())
        reasons.rows.push_back({name, reason, Cell::count(count.get<std::uint64_t>())});
    judge_rejected(name, rows, section);
  }
  if (!table.rows.empty()) section.tables.push_back(std::move(table));
  if (!reasons.rows.empty()) section.tables.push_back(std::move(reasons));
}

void judge_alike(const Json& summary, Section& section) {
  const std::uint64_t alike = count_in(summary["events"], "alike_kept"), kept = count_in(summary["events"], "kept");
  if (ratio(alike, kept) < kMany) return;
  section.findings.push_back(
      {Severity::kNote,
       concat(percent(ratio(alike, kept)), " of the events, ", grouped(alike), ", have a copy that is alike in every field"),
       "where times are whole days, buying twice and being recorded twice look the same; all are kept, and count",
       "name the column of the event's own id, if the export has one: rows with the same id are then one event", "events.id"});
}

void add_actions(const ShopFacts& facts, Section& section) {
  const Dataset& dataset = facts.dataset;
  std::vector<std::uint64_t> counts(dataset.action_names().size(), 0);
  std::uint64_t num_targets = 0;
  for (const ActionIndex action : dataset.actions()) {
    ++counts[to_size(action)];
    num_targets += dataset.is_target(action);
  }
  Table table{"actions", {"action", "is_target", "weight", "events", "share"}};
  for (std::size_t action = 0; action < counts.size(); ++action) {
    const ActionIndex index{static_cast<std::uint8_t>(action)};
    table.rows.push_back({dataset.action_names()[action], dataset.is_target(index) ? "yes" : "no",
                          Cell::number(dataset.action_weight(index)), Cell::count(counts[action]),
                          Cell::share(ratio(counts[action], dataset.num_events()))});
  }
  section.tables.push_back(std::move(table));
  const double share = facts.share_of_events(num_targets);
  if (share >= kFewTargets) return;
  section.findings.push_back({Severity::kWarning,
                              concat("only ", percent(share), " of the events, ", grouped(num_targets), ", have a target action"),
                              "recommendations aim at few examples, and the evaluation counts these alone",
                              "make an earlier action a target too, such as the cart", "events.actions"});
}

}  // namespace

void check_rows(const ShopFacts& facts, Section& section) {
  const Json summary = Json::parse(facts.dataset.summary_json(), nullptr, /*allow_exceptions=*/false);
  if (summary.is_object()) {
    add_read_rows(summary, section);
    if (summary.contains("events")) judge_alike(summary, section);
  }
  add_actions(facts, section);
}

}  // namespace gemel::health
