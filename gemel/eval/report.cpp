#include "gemel/eval/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "gemel/base/file.h"

namespace gemel {
namespace {

using Json = nlohmann::ordered_json;

std::string row_text(const ComparedModel& model) {
  const auto cell = [&](std::string_view name) {
    const Interval& interval = model.all.metrics[find_metric(name)];
    return fmt::format("{:.4f} [{:.4f}, {:.4f}]", interval.value, interval.low, interval.high);
  };
  const ListStatistics& lists = model.evaluation.lists[3];  // at 20
  return fmt::format("{:<14} {:<24} {:<24} {:<24} {:>9.4f} {:>9.4f} {:>8.3f} {:>6.3f} {:>8}\n", model.label, cell("recall_at_20"),
                     cell("ndcg_at_20"), cell("hit_rate_at_20"), model.all.metrics[find_metric("recall_at_100")].value,
                     model.all.metrics[find_metric("map_at_100")].value, lists.catalogue_coverage, lists.gini,
                     lists.intra_list_diversity ? fmt::format("{:.3f}", *lists.intra_list_diversity) : "-");
}

std::string parts_text(const Comparison& comparison) {
  std::string text = fmt::format("\n{:<19} {:>9} {:>9}", "recall@20 / NDCG@20", "queries", "targets");
  for (const ComparedModel& model : comparison.models) text += fmt::format("  {:>17}", model.label);
  text += "\n";
  for (std::size_t part = 0; part < comparison.models.front().parts.size(); ++part) {
    const ComparedSlice& first = comparison.models.front().parts[part];
    text += fmt::format("{:<19} {:>9} {:>9}", first.name, first.num_queries, first.num_targets);
    for (const ComparedModel& model : comparison.models) {
      const auto& metrics = model.parts[part].metrics;
      const double recall = metrics[find_metric(kSecondMetric)].value, ndcg = metrics[find_metric(kDecidingMetric)].value;
      const std::string cell = fmt::format("{:.4f} / {:.4f}", recall, ndcg);
      text += fmt::format("  {:>17}", first.num_queries == 0 ? "-" : cell);
    }
    text += "\n";
  }
  return text;
}

std::string differences_text(const Comparison& comparison) {
  if (!comparison.best_baseline) return "";
  std::string text = fmt::format("\nMinus the best baseline, {}, customer by customer (95 % intervals):\n",
                                 comparison.models[*comparison.best_baseline].label);
  for (const ComparedModel& model : comparison.models) {
    if (!model.ndcg_difference) continue;
    const Interval &ndcg = *model.ndcg_difference, &recall = *model.recall_difference;
    text += fmt::format("{:<14} NDCG@20 {:+.4f} [{:+.4f}, {:+.4f}]   recall@20 {:+.4f} [{:+.4f}, {:+.4f}]\n", model.label, ndcg.value,
                        ndcg.low, ndcg.high, recall.value, recall.low, recall.high);
  }
  return text;
}

Json to_json(const Interval& interval) { return {{"value", interval.value}, {"low", interval.low}, {"high", interval.high}}; }

Json to_json(const ComparedSlice& slice) {
  Json metrics;
  for (std::size_t metric = 0; metric < kNumMetrics; ++metric) metrics[metric_name(metric)] = to_json(slice.metrics[metric]);
  return {{"name", slice.name},
          {"meaning", slice.meaning},
          {"num_queries", slice.num_queries},
          {"num_customers", slice.num_customers},
          {"num_targets", slice.num_targets},
          {"metrics", metrics}};
}

Json to_json(const WeekResult& week) {
  Json metrics;
  for (std::size_t metric = 0; metric < kNumMetrics; ++metric) metrics[metric_name(metric)] = week.means[metric];
  return {{"week", week.week}, {"num_queries", week.num_queries}, {"num_targets", week.num_targets}, {"metrics", metrics}};
}

Json to_json(const ListStatistics& lists) {
  return {{"k", lists.k},
          {"num_lists", lists.num_lists},
          {"catalogue_coverage", lists.catalogue_coverage},
          {"gini", lists.gini},
          {"tail_share", lists.tail_share},
          {"novelty_bits", lists.novelty_bits},
          {"overlap", lists.overlap},
          {"intra_list_diversity", lists.intra_list_diversity ? Json(*lists.intra_list_diversity) : Json()}};
}

Json to_json(const ComparedModel& model);

Json to_json(const Comparison& comparison, const Promotion& promotion) {
  const auto name_of = [&](std::optional<std::size_t> model) { return model ? Json(comparison.models[*model].label) : Json(); };
  Json validation = Json::array();
  for (const ValidationStanding& each : promotion.validation) {
    validation.push_back({{"label", comparison.models[each.model].label},
                          {"is_baseline", comparison.models[each.model].is_baseline},
                          {"ndcg_at_20", each.figure.ndcg_at_20},
                          {"recall_at_20", each.figure.recall_at_20},
                          {"ndcg_at_20_minus_best_baseline", each.difference ? to_json(*each.difference) : Json()}});
  }
  Json standings = Json::array();
  for (const ComparedModel& model : comparison.models) {
    if (model.is_oracle || !model.ndcg_difference) continue;
    standings.push_back({{"label", model.label}, {"standing", to_text(standing(*model.ndcg_difference))}});
  }
  return {{"promoted", name_of(promotion.promoted)},
          {"refused", name_of(promotion.refused)},
          {"reason", promotion.reason},
          {"validation", validation},
          {"against_best_baseline_on_test", standings}};
}

template <class T>
Json to_json_list(const std::vector<T>& values) {
  Json list = Json::array();
  for (const T& value : values) list.push_back(to_json(value));
  return list;
}

Json to_json(const ComparedModel& model) {
  const Evaluation& evaluation = model.evaluation;
  Json json = {{"model", evaluation.model},
               {"label", model.label},
               {"knobs", evaluation.knobs},
               {"is_baseline", model.is_baseline},
               {"is_oracle", model.is_oracle},
               {"seconds", evaluation.seconds},
               {"all", to_json(model.all)},
               {"parts", to_json_list(model.parts)},
               {"by_popularity", to_json_list(model.by_popularity)},
               {"by_history_length", to_json_list(model.by_history)},
               {"weeks", to_json_list(evaluation.weeks)},
               {"lists", to_json_list(evaluation.lists)}};
  if (model.ndcg_difference) json["ndcg_at_20_minus_best_baseline"] = to_json(*model.ndcg_difference);
  if (model.recall_difference) json["recall_at_20_minus_best_baseline"] = to_json(*model.recall_difference);
  return json;
}

// Models that learn on each week are judged by another protocol than those that do not.
std::string protocol_name(const Evaluation& evaluation) {
  return concat(to_text(evaluation.protocol), evaluation.retrained ? "_retrained" : "");
}

Json result_rows(const Comparison& comparison, const ResultsContext& context) {
  Json rows = Json::array();
  for (const ComparedModel& model : comparison.models) {
    const auto add = [&](const std::string& metric, double value, const Interval* interval) {
      rows.push_back({{"data", context.data},
                      {"protocol", protocol_name(model.evaluation)},
                      {"repeats", to_text(model.evaluation.repeats)},
                      {"model", model.evaluation.model},
                      {"metric", metric},
                      {"value", value},
                      {"low", interval ? Json(interval->low) : Json()},
                      {"high", interval ? Json(interval->high) : Json()},
                      {"seed", context.seed},
                      {"command", context.command}});
    };
    for (std::size_t metric = 0; metric < kNumMetrics; ++metric) {
      add(metric_name(metric), model.all.metrics[metric].value, &model.all.metrics[metric]);
    }
    for (const ListStatistics& lists : model.evaluation.lists) {
      add(concat("catalogue_coverage_at_", lists.k), lists.catalogue_coverage, nullptr);
      add(concat("gini_at_", lists.k), lists.gini, nullptr);
      if (lists.intra_list_diversity) add(concat("intra_list_diversity_at_", lists.k), *lists.intra_list_diversity, nullptr);
    }
    if (model.ndcg_difference) add("ndcg_at_20_minus_best_baseline", model.ndcg_difference->value, &*model.ndcg_difference);
    if (model.recall_difference) add("recall_at_20_minus_best_baseline", model.recall_difference->value, &*model.recall_difference);
  }
  return rows;
}

bool is_result_list(const Json& json) {
  constexpr const char* kKeys[] = {"data", "protocol", "repeats", "model", "metric"};
  return json.is_array() && std::all_of(json.begin(), json.end(), [&](const Json& row) {
           return row.is_object() && std::all_of(std::begin(kKeys), std::end(kKeys), [&](const char* key) { return row.contains(key); });
         });
}

// Empty where there is no file yet.
Result<Json> read_results(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return Json::array();
  GEMEL_ASSIGN_OR_RETURN(const std::string text, read_file(path));
  Json list = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!is_result_list(list))
    return fail(ErrorCode::kBadInput, path.string(), ": expected a list of objects with data, protocol, repeats, model and metric");
  return list;
}

bool is_same_figure(const Json& a, const Json& b) {
  return a["data"] == b["data"] && a["protocol"] == b["protocol"] && a["repeats"] == b["repeats"] && a["model"] == b["model"] &&
         a["metric"] == b["metric"];
}

}  // namespace

std::string text_report(const Comparison& comparison, const Promotion& promotion) {
  const ComparedModel& first = comparison.models.front();
  std::string text = fmt::format(
      "protocol {}, repeats {}: {} queries of {} customers, {} targets; "
      "left out: {} targets, {} customers without any\n\n",
      protocol_name(first.evaluation), to_text(first.evaluation.repeats), first.all.num_queries, first.all.num_customers,
      first.all.num_targets, first.evaluation.dropped_targets, first.evaluation.customers_without_targets);
  text += fmt::format("{:<14} {:<24} {:<24} {:<24} {:>9} {:>9} {:>8} {:>6} {:>8}\n", "model", "recall@20 [95 %]", "NDCG@20 [95 %]",
                      "hit rate@20 [95 %]", "recall@100", "MAP@100", "cover@20", "Gini", "diverse");
  for (const ComparedModel& model : comparison.models) text += row_text(model);
  text += parts_text(comparison) + differences_text(comparison) + "\n";
  for (const ComparedModel& model : comparison.models) text += fmt::format("{:<14} {}\n", model.label, model.evaluation.knobs);
  return text + "\n" + verdict(comparison) + "\n" + promotion.reason + "\n";
}

std::string json_report(const Comparison& comparison, const Promotion& promotion) {
  const Evaluation& first = comparison.models.front().evaluation;
  Json json = {{"protocol", protocol_name(first)},
               {"repeats", to_text(first.repeats)},
               {"dropped_targets", first.dropped_targets},
               {"customers_without_targets", first.customers_without_targets},
               {"best_baseline", nullptr},
               {"verdict", verdict(comparison)},
               {"promotion", to_json(comparison, promotion)},
               {"models", to_json_list(comparison.models)}};
  if (comparison.best_baseline) json["best_baseline"] = comparison.models[*comparison.best_baseline].label;
  return json.dump(2) + "\n";
}

Result<void> check_results(const std::filesystem::path& path) {
  const auto list = read_results(path);
  if (!list) return Failure{list.error()};
  return {};
}

Result<void> merge_results(const std::filesystem::path& path, const Comparison& comparison, const ResultsContext& context) {
  GEMEL_ASSIGN_OR_RETURN(Json merged, read_results(path));
  for (Json& row : result_rows(comparison, context)) {
    const auto old = std::find_if(merged.begin(), merged.end(), [&row](const Json& each) { return is_same_figure(each, row); });
    if (old == merged.end()) {
      merged.push_back(std::move(row));
    } else {
      *old = std::move(row);
    }
  }
  std::string text = "[\n";  // one row a line: a change of one figure is a change of one line
  for (const Json& row : merged) text += (text.size() > 2 ? ",\n " : " ") + row.dump();
  return replace_file(path, text + "\n]\n");
}

}  // namespace gemel
