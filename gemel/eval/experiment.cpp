#include "gemel/eval/experiment.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "gemel/base/file.h"
#include "gemel/base/version.h"
#include "gemel/eval/compare.h"
#include "gemel/eval/evaluate.h"
#include "gemel/models/registry.h"
#include "gemel/numerics/students_t.h"

namespace gemel {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::string_view kTwoTower = "two_tower";

// The knobs of `run` above those of `base`, one a line.
std::string merged_knobs(ConfigTable base, ConfigTable run) {
  std::string text;
  for (const std::string& key : base.keys())
    if (!run.has(key)) text += concat(key, " = ", base.as_toml(key), "\n");
  for (const std::string& key : run.keys()) text += concat(key, " = ", run.as_toml(key), "\n");
  return text.empty() ? "\n" : text;
}

Result<ExperimentRun> read_run(ConfigTable table, const std::string& name, ConfigTable base) {
  ExperimentRun run{.name = name, .title = table.text("title", name), .model = table.text("model", std::string(kTwoTower)), .knobs = {}};
  run.plot = table.flag("plot", run.model == kTwoTower);
  ConfigTable knobs = table.table("knobs");
  run.knobs = run.model == kTwoTower ? merged_knobs(base, knobs) : merged_knobs(knobs, knobs);
  GEMEL_RETURN_IF_ERROR(table.finish());
  if (const auto model = make_model(run.model, run.knobs); !model) table.reject(name, model.error().message);
  GEMEL_RETURN_IF_ERROR(table.status());
  return run;
}

// All that decides a run's figures.
std::string run_key(const ExperimentConfig& config, const ExperimentRun& run, std::uint64_t seed, const std::string& data) {
  return Json({{"program", concat("gemel ", program_version())},
               {"data", data},
               {"model", run.model},
               {"knobs", run.knobs},
               {"protocol", to_text(config.protocol)},
               {"repeats", to_text(config.repeats)},
               {"seed", seed}})
      .dump();
}

double figure(const nlohmann::json& line, const char* name) {
  return line.contains(name) && line[name].is_number() ? line[name].get<double>() : std::nan("");
}

std::vector<EpochFigures> read_curves(const fs::path& path) {
  std::vector<EpochFigures> epochs;
  const auto text = read_file(path);
  std::istringstream lines(text ? *text : "");
  for (std::string line; std::getline(lines, line);) {
    const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    epochs.push_back({figure(json, "loss"), figure(json, "accuracy"), figure(json, "validation_ndcg_at_20")});
  }
  return epochs;
}

Json to_json(const EpochFigures& epoch) {
  return {{"loss", epoch.loss}, {"accuracy", epoch.accuracy}, {"validation_ndcg_at_20", epoch.validation_ndcg_at_20}};
}

Json to_json(const Outcome& outcome) {
  Json json{
      {"run", outcome.run},         {"seed", outcome.seed},   {"ndcg_at_20", outcome.ndcg_at_20}, {"recall_at_20", outcome.recall_at_20},
      {"seconds", outcome.seconds}, {"epochs", Json::array()}};
  for (const EpochFigures& epoch : outcome.epochs) json["epochs"].push_back(to_json(epoch));
  return json;
}

// Of an earlier call; empty where there is none, it was of something else, or it is damaged: then it is run again.
std::optional<Outcome> read_outcome(const fs::path& path, const std::string& key) {
  const auto text = read_file(path);
  const auto json = nlohmann::json::parse(text ? *text : "", nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || json.value("key", "") != key || !json.contains("outcome")) return std::nullopt;
  const auto& from = json["outcome"];
  try {
    Outcome outcome{from.at("run"), from.at("seed"), from.at("ndcg_at_20"), from.at("recall_at_20"), from.at("seconds"), {}};
    for (const auto& epoch : from.at("epochs"))
      outcome.epochs.push_back({figure(epoch, "loss"), figure(epoch, "accuracy"), figure(epoch, "validation_ndcg_at_20")});
    return outcome;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

// The data and what is asked of every run.
class Judge {
 public:
  static Result<std::unique_ptr<Judge>> make(const ExperimentConfig& config) {
    GEMEL_ASSIGN_OR_RETURN(Dataset dataset, Dataset::open(config.dataset));
    auto judge = std::make_unique<Judge>(std::move(dataset));
    GEMEL_ASSIGN_OR_RETURN(judge->split_, make_split(judge->dataset_, judge->dataset_.config().split));
    const Split& split = judge->split_;
    judge->histories_ = histories_for(judge->dataset_, config.protocol, split.validation_begin, split.end);
    const auto plan = [&](std::size_t begin, std::size_t end, TimePoint from) {
      return make_query_plan(judge->dataset_, judge->histories_, config.protocol, config.repeats, begin, end, from);
    };
    GEMEL_ASSIGN_OR_RETURN(judge->validation_, plan(split.validation_begin, split.test_begin, split.validation_from));
    GEMEL_ASSIGN_OR_RETURN(judge->test_, plan(split.test_begin, split.end, split.test_from));
    return judge;
  }
  explicit Judge(Dataset dataset) : dataset_(std::move(dataset)) {}

  std::string data() const { return dataset_.fingerprint(); }

  Result<Outcome> run(const ExperimentRun& run, std::uint64_t seed, const fs::path& curves, ThreadPool& pool, ProgressSink& progress) {
    const auto began = std::chrono::steady_clock::now();
    GEMEL_ASSIGN_OR_RETURN(const auto model, make_model(run.model, run.knobs));
    const std::size_t ndcg = find_metric(kDecidingMetric), recall = find_metric(kSecondMetric);
    const Histories known(dataset_, split_.test_begin);
    const auto score = [&](Recommender& fitted) -> Result<double> {
      GEMEL_ASSIGN_OR_RETURN(const Evaluation evaluation, evaluate(fitted, dataset_, histories_, validation_, pool, no_progress()));
      return evaluation.all.mean(ndcg);
    };
    const Validation validation{.plan = validation_, .histories = known, .score = score};
    const FitContext context{.pool = pool, .progress = progress, .seed = seed, .validation = &validation, .curves_path = curves};
    if (const auto fitted = model->fit(split_.train(dataset_), context); !fitted) return with_context(fitted.error(), run.name);
    GEMEL_ASSIGN_OR_RETURN(const Evaluation evaluation, evaluate(*model, dataset_, histories_, test_, pool, no_progress()));
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    return Outcome{run.name, seed, evaluation.all.mean(ndcg), evaluation.all.mean(recall), seconds, read_curves(curves)};
  }

 private:
  Dataset dataset_;
  Split split_;
  Histories histories_;
  QueryPlan validation_, test_;
};

}  // namespace

Result<ExperimentConfig> ExperimentConfig::open(const fs::path& path) {
  GEMEL_ASSIGN_OR_RETURN(const ConfigFile file, ConfigFile::open(path));
  ConfigTable root = file.root();
  ExperimentConfig config;
  config.title = root.text("title", path.stem().string());
  config.dataset = path.parent_path() / root.text("dataset");
  const std::string protocol = root.text("protocol", "rolling_week"), repeats = root.text("repeats", "keep");
  for (const double seed : root.numbers("seeds", {1, 2, 3})) {
    if (!(seed >= 0 && seed < 1e15 && seed == std::floor(seed)))
      root.reject("seeds", concat("expected whole numbers from 0, found ", seed));
    else if (std::ranges::count(config.seeds, static_cast<std::uint64_t>(seed)) > 0)
      root.reject("seeds", concat("expected each seed once, found ", seed, " again"));
    config.seeds.push_back(static_cast<std::uint64_t>(seed));
  }
  if (config.seeds.empty()) root.reject("seeds", "expected at least one seed, such as [1, 2, 3]");
  const ConfigTable base = root.table("base");
  ConfigTable runs = root.table("runs");
  if (runs.keys().empty()) root.reject("runs", "expected a table for each run: [runs.<name>]");
  for (const std::string& name : runs.keys()) {
    // Its files are named after it; a slash would lead out of their folder.
    if (name.empty() || name.find('/') != std::string::npos || name.find('\0') != std::string::npos)
      runs.reject(name, "expected a name that a file may have, without a slash");
    GEMEL_ASSIGN_OR_RETURN(ExperimentRun run, read_run(runs.table(name), name, base));
    config.runs.push_back(std::move(run));
  }
  GEMEL_RETURN_IF_ERROR(root.finish());
  const auto read_protocol = parse_protocol(protocol);
  if (!read_protocol) return with_context(read_protocol.error(), root.place("protocol"));
  const auto read_repeats = parse_repeats(repeats);
  if (!read_repeats) return with_context(read_repeats.error(), root.place("repeats"));
  config.protocol = *read_protocol;
  config.repeats = *read_repeats;
  return config;
}

Result<std::vector<Outcome>> run_experiment(const ExperimentConfig& config, const fs::path& folder, ThreadPool& pool,
                                            ProgressSink& progress) {
  std::error_code code;
  fs::create_directories(folder / "runs", code);
  if (code) return fail(ErrorCode::kIo, folder.string(), ": making the folder failed: ", code.message());
  GEMEL_ASSIGN_OR_RETURN(const auto judge, Judge::make(config));
  std::vector<Outcome> outcomes;
  const std::size_t num_all = config.runs.size() * config.seeds.size();
  for (const std::uint64_t seed : config.seeds) {  // all runs with the first seed first: a picture of all early
    for (const ExperimentRun& run : config.runs) {
      const std::string name = concat(run.name, "-", seed), key = run_key(config, run, seed, judge->data());
      const fs::path path = folder / "runs" / (name + ".json");
      std::optional<Outcome> outcome = read_outcome(path, key);
      progress.note(concat(outcomes.size() + 1, " of ", num_all, ": ", run.title, ", seed ", seed, outcome ? " (kept)" : ""));
      if (!outcome) {
        const fs::path curves = folder / "runs" / (name + ".curves.jsonl");
        fs::remove(curves, code);
        GEMEL_ASSIGN_OR_RETURN(outcome, judge->run(run, seed, curves, pool, progress));
        GEMEL_RETURN_IF_ERROR(replace_file(path, Json({{"key", key}, {"outcome", to_json(*outcome)}}).dump(1) + "\n"));
      }
      outcomes.push_back(*std::move(outcome));
    }
  }
  return outcomes;
}

Interval mean_over_seeds(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (const double value : values) sum += value;
  const double mean = values.empty() ? 0 : sum / n;
  for (const double value : values) squares += (value - mean) * (value - mean);
  if (values.size() < 2) return {mean, mean, mean};
  const double half = students_t_of_95_percent(values.size() - 1) * std::sqrt(squares / (n - 1) / n);
  return {mean, mean - half, mean + half};
}

std::vector<ComparedRun> compare_runs(const ExperimentConfig& config, const std::vector<Outcome>& outcomes) {
  const auto of_run = [&](const std::string& name) {
    std::vector<const Outcome*> found;
    for (const Outcome& outcome : outcomes)
      if (outcome.run == name) found.push_back(&outcome);
    return found;
  };
  const auto first = of_run(config.runs.front().name);
  std::vector<ComparedRun> compared;
  for (const ExperimentRun& run : config.runs) {
    const auto own = of_run(run.name);
    std::vector<double> ndcg, recall, difference;
    ComparedRun result{.run = run, .ndcg_at_20 = {}, .recall_at_20 = {}, .ndcg_difference = {}, .epochs = {}};
    std::size_t num_epochs = own.empty() ? 0 : SIZE_MAX;
    for (std::size_t i = 0; i < own.size(); ++i) {
      ndcg.push_back(own[i]->ndcg_at_20);
      recall.push_back(own[i]->recall_at_20);
      difference.push_back(own[i]->ndcg_at_20 - first[i]->ndcg_at_20);
      result.seconds += own[i]->seconds / static_cast<double>(own.size());
      num_epochs = std::min(num_epochs, own[i]->epochs.size());
    }
    result.ndcg_at_20 = mean_over_seeds(ndcg);
    result.recall_at_20 = mean_over_seeds(recall);
    result.ndcg_difference = mean_over_seeds(difference);
    for (std::size_t epoch = 0; epoch < num_epochs; ++epoch) {
      EpochFigures& mean = result.epochs.emplace_back();
      for (const Outcome* outcome : own) {
        const auto share = 1 / static_cast<double>(own.size());
        mean.loss += share * outcome->epochs[epoch].loss;
        mean.accuracy += share * outcome->epochs[epoch].accuracy;
        mean.validation_ndcg_at_20 += share * outcome->epochs[epoch].validation_ndcg_at_20;
      }
    }
    compared.push_back(std::move(result));
  }
  return compared;
}

}  // namespace gemel
