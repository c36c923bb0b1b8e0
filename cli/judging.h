// What `gemel evaluate` and `gemel report` have in common: models tuned on validation, fitted again on all that lies before the test, and
// judged there beside bundles trained before.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "gemel/eval/compare.h"
#include "gemel/report/fit_story.h"

namespace gemel::cli {

struct JudgeOptions {
  std::string dataset, config, protocol = "rolling_week", repeats = "keep", oracle;
  std::vector<std::string> models, bundles;  // models: texts with commas as they were typed; in a Judging, names
  std::uint64_t seed = 1;
  bool retrain = false;  // rolling_week: each week on what is known by then
};

// The flags of JudgeOptions; --models begins with all baselines.
void add_judge_options(CLI::App& command, JudgeOptions& options);

// "gemel evaluate out/shop --models popularity,item_knn ...", of the options of a Judging: what was typed, as far as it changes a figure.
std::string command_line(std::string_view command, const JudgeOptions& options);

// The data and the question that all models are judged on.
struct Judging {
  JudgeOptions options;
  Dataset dataset;
  ConfigFile config;  // of the models
  std::string config_path;
  Histories histories;
  Split split;
  QueryPlan plan;
};

// Whatever can be refused without the work is refused here.
Result<Judging> open_judging(const JudgeOptions& options);

struct JudgedModel {
  Contender contender;
  report::FitStory story;
};

struct JudgeExtras {
  std::vector<std::uint32_t> watched = {};  // queries of the plan whose answers are kept
  bool curves = false;                      // collect them
  // Sees each model once it has been judged, in order, before it is gone.
  std::function<void(const Recommender&)> look = [](const Recommender&) {};
};

Result<std::vector<JudgedModel>> judge_all(const Judging& judging, const JudgeExtras& extras, CommandContext& run);

}  // namespace gemel::cli
