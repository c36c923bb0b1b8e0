// What an experiment leaves for people and programs: results.json and the pictures.
#include <nlohmann/json.hpp>

#include "gemel/base/file.h"
#include "gemel/eval/experiment.h"
#include "gemel/eval/svg_chart.h"

namespace gemel {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Interval& interval) { return {{"mean", interval.value}, {"low", interval.low}, {"high", interval.high}}; }

Json results_json(const ExperimentConfig& config, const std::vector<ComparedRun>& compared, const std::vector<Outcome>& outcomes) {
  Json json{{"title", config.title},
            {"dataset", config.dataset.string()},
            {"protocol", to_text(config.protocol)},
            {"repeats", to_text(config.repeats)},
            {"seeds", config.seeds},
            {"runs", Json::array()}};
  for (const ComparedRun& run : compared) {
    Json entry{{"name", run.run.name},
               {"title", run.run.title},
               {"model", run.run.model},
               {"knobs", run.run.knobs},
               {"ndcg_at_20", to_json(run.ndcg_at_20)},
               {"recall_at_20", to_json(run.recall_at_20)},
               {"ndcg_at_20_minus_first", to_json(run.ndcg_difference)},
               {"seconds", run.seconds},
               {"by_seed", Json::array()}};
    for (const Outcome& outcome : outcomes)
      if (outcome.run == run.run.name)
        entry["by_seed"].push_back({{"seed", outcome.seed}, {"ndcg_at_20", outcome.ndcg_at_20}, {"recall_at_20", outcome.recall_at_20}});
    json["runs"].push_back(std::move(entry));
  }
  return json;
}

std::string curves_chart(const ChartText& text, const std::vector<ComparedRun>& compared, double EpochFigures::* figure) {
  std::vector<ChartLine> lines;
  for (const ComparedRun& run : compared) {
    if (!run.run.plot || run.epochs.empty()) continue;
    ChartLine& line = lines.emplace_back(run.run.title, std::vector<double>{});
    for (const EpochFigures& epoch : run.epochs) line.values.push_back(epoch.*figure);
  }
  return line_chart(text, lines);
}

}  // namespace

Result<void> write_experiment(const ExperimentConfig& config, const std::vector<Outcome>& outcomes, const std::filesystem::path& folder) {
  const std::vector<ComparedRun> compared = compare_runs(config, outcomes);
  const std::string seeds = concat("mean of ", config.seeds.size(), config.seeds.size() == 1 ? " seed" : " seeds");
  std::vector<ChartRow> rows;
  for (const ComparedRun& run : compared) rows.push_back({run.run.title, run.ndcg_at_20});
  GEMEL_RETURN_IF_ERROR(replace_file(folder / "results.json", results_json(config, compared, outcomes).dump(1) + "\n"));
  GEMEL_RETURN_IF_ERROR(replace_file(
      folder / "loss.svg", curves_chart({concat(config.title, ": training loss"), "epoch", seeds}, compared, &EpochFigures::loss)));
  GEMEL_RETURN_IF_ERROR(
      replace_file(folder / "accuracy.svg",
                   curves_chart({concat(config.title, ": share of training examples whose product ranked first"), "epoch", seeds}, compared,
                                &EpochFigures::accuracy)));
  GEMEL_RETURN_IF_ERROR(replace_file(
      folder / "validation.svg",
      curves_chart({concat(config.title, ": NDCG@20 on validation"), "epoch", seeds}, compared, &EpochFigures::validation_ndcg_at_20)));
  return replace_file(folder / "scores.svg",
                      interval_chart({concat(config.title, ": NDCG@20 on the test"), concat(seeds, ", with the 95 % interval"), ""}, rows));
}

}  // namespace gemel
