#include "gemel/data/health/health.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "gemel/data/health/checks.h"

namespace gemel::health {
namespace {

using Json = nlohmann::ordered_json;

std::string why_not(Needs needs, const ShopFacts& facts) {
  if (facts.dataset.num_events() == 0) return "there are no events";
  if (needs != Needs::kEvents && !facts.has_days && needs == Needs::kDays) return "the events have no days";
  // That there is no split is itself what the section "split" has to say.
  if (needs == Needs::kSplit && !facts.split) return facts.split.error().message;
  return "";
}

// No check can speak of a split that cannot be made, so this is said here.
Finding no_split(const Error& error) {
  return {Severity::kSerious, concat("the events cannot be split: ", error.message),
          "nothing can be trained and judged: `gemel train` and `gemel evaluate` stop with this message",
          "change the split or the target actions in shop.toml, then ingest again", "split"};
}

Json to_json(const Cell& cell) {
  switch (cell.kind) {
    case Cell::Kind::kText: return cell.text;
    case Cell::Kind::kCount: return static_cast<std::uint64_t>(cell.value);
    case Cell::Kind::kShare:
    case Cell::Kind::kNumber: return std::isfinite(cell.value) ? Json(cell.value) : Json();
  }
  return {};
}

Json to_json(const Table& table) {
  Json rows = Json::array();
  for (const auto& cells : table.rows) {
    Json row = Json::object();
    for (std::size_t column = 0; column < cells.size(); ++column) row[table.columns[column]] = to_json(cells[column]);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

std::string_view to_text(Severity severity) {
  switch (severity) {
    case Severity::kSerious: return "serious";
    case Severity::kWarning: return "warning";
    case Severity::kNote: return "note";
  }
  return "";
}

std::vector<Report::Located> Report::worst_first() const& {
  std::vector<Located> all;
  for (const Section& section : sections)
    for (const Finding& finding : section.findings) all.push_back({&section, &finding});
  std::ranges::stable_sort(all, {}, [](const Located& located) { return located.finding->severity; });
  return all;
}

Result<Report> examine(const Dataset& dataset, ProgressSink& progress) {
  progress.begin("inspect", std::size(kChecks), "checks");
  const ShopFacts facts(dataset);
  Report report;
  for (const CheckEntry& check : kChecks) {
    Section& section = report.sections.emplace_back(Section{.name = std::string(check.name), .title = std::string(check.title)});
    section.skipped = why_not(check.needs, facts);
    if (section.skipped.empty()) check.run(facts, section);
    else if (check.name == "split" && dataset.num_events() > 0) section.findings.push_back(no_split(facts.split.error()));
    progress.advance(report.sections.size());
    if (interrupted()) {
      progress.end();
      return fail(ErrorCode::kInterrupted, "interrupted");
    }
  }
  progress.end();
  return report;
}

std::string to_json(const Report& report) {
  Json json;
  json["findings"] = Json::array();
  for (const auto& [section, finding] : report.worst_first()) {
    json["findings"].push_back({{"severity", to_text(finding->severity)},
                                {"check", section->name},
                                {"what", finding->what},
                                {"means", finding->means},
                                {"todo", finding->todo},
                                {"key", finding->key.empty() ? Json() : Json(finding->key)}});
  }
  Json& sections = json["sections"] = Json::object();
  for (const Section& section : report.sections) {
    Json& out = sections[section.name] = {{"title", section.title}};
    if (!section.skipped.empty()) out["skipped"] = section.skipped;
    for (const Table& table : section.tables) out[table.name] = to_json(table);
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace gemel::health
