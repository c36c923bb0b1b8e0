// gemel evaluate: tunes the baselines on validation, fits them again on all that lies before the test, and judges them there beside
// bundles trained before.
#include "gemel/eval/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "cli/command.h"
#include "gemel/base/file.h"
#include "gemel/eval/report.h"
#include "gemel/eval/select.h"
#include "gemel/retrieval/retriever.h"
#include "gemel/synth/oracle.h"

namespace gemel::cli {
namespace {

struct EvaluateOptions {
  std::string dataset, config, protocol = "rolling_week", repeats = "keep", json, results, data_name, oracle;
  std::vector<std::string> models, bundles;
  std::uint64_t seed = 1;
};

std::vector<std::string> baseline_names() {
  std::vector<std::string> names;
  for (const ModelEntry& entry : registered_models()) {
    if (entry.is_baseline) names.emplace_back(entry.name);
  }
  return names;
}

// What was typed, for the list of results; --json, --results and --threads do not change a figure.
std::string command_line(const EvaluateOptions& options) {
  std::string text = concat("gemel evaluate ", options.dataset, " --models ", fmt::format("{}", fmt::join(options.models, ",")));
  for (const std::string& bundle : options.bundles) text += concat(" --bundle ", bundle);
  if (!options.oracle.empty()) text += concat(" --oracle ", options.oracle);
  if (!options.config.empty()) text += concat(" --config ", options.config);
  return text + concat(" --protocol ", options.protocol, " --repeats ", options.repeats, " --seed ", options.seed);
}

// The data and the question that all models are judged on.
struct Judged {
  const Dataset& dataset;
  Split split;
  Histories histories;
  QueryPlan plan;
  SelectOptions select;
};

Result<Contender> judge_model(const std::string& name, const ConfigFile& config, const std::string& config_path, const Judged& judged,
                              CommandContext& run) {
  const ModelEntry* entry = find_model(name);
  const auto selection =
      select_on_validation(*entry, fixed_knobs(config, name), judged.dataset, judged.split, judged.select, run.pool(), run.progress());
  if (!selection) return name_config(selection.error(), config_path);
  GEMEL_ASSIGN_OR_RETURN(Evaluation evaluation,
                         evaluate(*selection->model, judged.dataset, judged.histories, judged.plan, run.pool(), run.progress()));
  return Contender{std::move(evaluation), entry->is_baseline};
}

Result<Contender> judge_bundle(const std::string& directory, const Judged& judged, CommandContext& run) {
  GEMEL_ASSIGN_OR_RETURN(Retriever retriever, Retriever::open(directory));
  const Manifest& manifest = retriever.bundle().manifest();
  if (manifest.data_fingerprint != judged.dataset.fingerprint()) {
    return fail(ErrorCode::kBadInput, directory, ": was trained on another Dataset (fingerprint ", manifest.data_fingerprint, ") than ",
                judged.dataset.directory().string(), " (", judged.dataset.fingerprint(), ")");
  }
  if (manifest.num_events > judged.split.test_begin) {
    return fail(ErrorCode::kBadInput, directory, ": knows ", manifest.num_events, " events, the test begins after ",
                judged.split.test_begin, ": it has seen its own answers");
  }
  GEMEL_ASSIGN_OR_RETURN(Evaluation evaluation,
                         evaluate(retriever, judged.dataset, judged.histories, judged.plan, run.pool(), run.progress()));
  const ModelEntry* entry = find_model(manifest.model_name);
  return Contender{std::move(evaluation), entry != nullptr && entry->is_baseline};
}

Result<Contender> judge_oracle(const std::string& shop, const Judged& judged, CommandContext& run) {
  const double horizon_days = synth::horizon_days(judged.plan.protocol, judged.split);
  GEMEL_ASSIGN_OR_RETURN(synth::Oracle oracle, synth::Oracle::open(shop, judged.dataset, horizon_days, run.pool()));
  GEMEL_ASSIGN_OR_RETURN(Evaluation evaluation,
                         evaluate(oracle, judged.dataset, judged.histories, judged.plan, run.pool(), run.progress()));
  return Contender{.evaluation = std::move(evaluation), .is_oracle = true};
}

Result<void> write_answer(const EvaluateOptions& options, const Comparison& comparison) {
  if (options.json != "-") std::cout << text_report(comparison) << std::flush;
  if (options.json == "-") std::cout << json_report(comparison) << std::flush;
  if (!options.json.empty() && options.json != "-") GEMEL_RETURN_IF_ERROR(replace_file(options.json, json_report(comparison)));
  if (options.results.empty()) return {};
  return merge_results(options.results, comparison, {.data = options.data_name, .seed = options.seed, .command = command_line(options)});
}

// Whatever can be refused without the work is refused before it.
Result<void> check_request(const EvaluateOptions& options) {
  const bool has_model = std::ranges::any_of(options.models, [](const std::string& name) { return !name.empty(); });
  if (!has_model && options.bundles.empty() && options.oracle.empty())
    return fail(ErrorCode::kBadConfig, "nothing to evaluate: give --models, --bundle or --oracle");
  for (const auto& [flag, path] : {std::pair("--json", options.json), std::pair("--results", options.results)}) {
    std::error_code code;
    const auto folder = std::filesystem::absolute(path, code).parent_path();
    if (!path.empty() && path != "-" && !std::filesystem::is_directory(folder, code))
      return fail(ErrorCode::kBadConfig, flag, ": expected a path in a folder that exists, found '", path, "'");
  }
  for (const std::string& name : options.models) {
    if (!name.empty() && find_model(name) == nullptr) GEMEL_RETURN_IF_ERROR(make_model(name, ""));  // its message lists the names there are
  }
  return {};
}

Result<void> evaluate_all(const EvaluateOptions& options, CommandContext& run) {
  GEMEL_ASSIGN_OR_RETURN(const Protocol protocol, parse_protocol(options.protocol));
  GEMEL_ASSIGN_OR_RETURN(const Repeats repeats, parse_repeats(options.repeats));
  if (!options.results.empty() && options.data_name.empty()) {
    return fail(ErrorCode::kBadConfig, "--results needs --data-name, the name that its rows give the data");
  }
  GEMEL_ASSIGN_OR_RETURN(const Dataset dataset, Dataset::open(options.dataset));
  GEMEL_ASSIGN_OR_RETURN(const ConfigFile config,
                         options.config.empty() ? open_model_config(dataset.config()) : ConfigFile::open(options.config));
  const std::string config_path = options.config.empty() ? dataset.config().path.string() : options.config;
  GEMEL_RETURN_IF_ERROR(check_models(config));
  GEMEL_RETURN_IF_ERROR(check_request(options));
  const SelectOptions select{.protocol = protocol, .repeats = repeats, .seed = options.seed, .curves_path = {}};
  Judged judged{.dataset = dataset, .split = {}, .histories = {}, .plan = {}, .select = select};
  const auto split = make_split(dataset, dataset.config().split);
  if (!split) return with_context(split.error(), dataset.config().path.string());
  judged.split = *split;
  judged.histories = histories_for(dataset, protocol, judged.split.test_begin, judged.split.end);
  GEMEL_ASSIGN_OR_RETURN(judged.plan, make_query_plan(dataset, judged.histories, protocol, repeats, judged.split.test_begin,
                                                      judged.split.end, judged.split.test_from));
  std::vector<Contender> contenders;
  for (const std::string& name : options.models) {
    if (name.empty()) continue;  // --models ''
    GEMEL_ASSIGN_OR_RETURN(Contender contender, judge_model(name, config, config_path, judged, run));
    contenders.push_back(std::move(contender));
  }
  for (const std::string& bundle : options.bundles) {
    GEMEL_ASSIGN_OR_RETURN(Contender contender, judge_bundle(bundle, judged, run));
    contenders.push_back(std::move(contender));
  }
  if (!options.oracle.empty()) {
    GEMEL_ASSIGN_OR_RETURN(Contender contender, judge_oracle(options.oracle, judged, run));
    contenders.push_back(std::move(contender));
  }
  return write_answer(options, compare(std::move(contenders), options.seed, run.pool()));
}

}  // namespace

void add_evaluate(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<EvaluateOptions>();
  options->models = baseline_names();
  CLI::App& command =
      add_command(app, context,
                  {.name = "evaluate",
                   .summary = "Judge models on the test period: metrics with intervals, differences to the best baseline",
                   .example = "gemel evaluate out/shop --bundle out/shop_bundle --protocol rolling_week --json report.json"},
                  [options](CommandContext& run) { return evaluate_all(*options, run); });
  command.add_option("dataset", options->dataset, "Directory that `gemel ingest` wrote")->required();
  command.add_option("--models", options->models, "Models to tune on validation and judge, separated by commas; '' for none")
      ->delimiter(',')
      ->capture_default_str();
  command.add_option("--bundle", options->bundles, "Directories that `gemel train` wrote, judged beside them");
  command.add_option("--oracle", options->oracle,
                     "Folder that `gemel synth` wrote, of which the Dataset is: the best possible recommendations, judged beside them");
  command
      .add_option("--protocol", options->protocol,
                  "rolling_week, per_event, frozen or frozen_trial; of papers: leave_last_out, lightgcn_split, random_80_20")
      ->capture_default_str();
  command.add_option("--repeats", options->repeats, "keep, or drop what the customer had before from rankings and targets")
      ->capture_default_str();
  command.add_option("--config", options->config, "TOML file whose [models.<name>] tables fix knobs; otherwise those of shop.toml");
  command.add_option("--seed", options->seed, "Of fits and of intervals")->capture_default_str()->check(seed_range());
  command.add_option("--json", options->json, "Write the whole report as JSON to this file; - writes it to stdout in place of the table");
  command.add_option("--results", options->results, "Merge the figures into this list of results (docs/results.json)");
  command.add_option("--data-name", options->data_name, "What --results calls the data: sephora, amazon_beauty, ...");
}

}  // namespace gemel::cli
