#include "cli/judging.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/beside.h"
#include "cli/model_list.h"
#include "gemel/base/file.h"
#include "gemel/base/scratch_folder.h"
#include "gemel/eval/evaluate.h"
#include "gemel/retrieval/retriever.h"
#include "gemel/synth/oracle.h"

namespace gemel::cli {
namespace {

std::vector<std::string> baseline_names() {
  std::vector<std::string> names;
  for (const ModelEntry& entry : registered_models()) {
    if (entry.is_baseline) names.emplace_back(entry.name);
  }
  return names;
}

std::string text_of_file(const std::filesystem::path& path) {
  const auto text = read_file(path);
  return text ? *text : "";
}

// A model that `learns` goes on doing so each week when the user asked for it.
Result<Evaluation> judge(Recommender& model, bool learns, const Judging& judging, const JudgeExtras& extras, CommandContext& run) {
  const FitContext weekly{.pool = run.pool(), .progress = no_progress(), .seed = judging.options.seed};
  GEMEL_ASSIGN_OR_RETURN(Evaluation evaluation,
                         evaluate(model, judging.dataset, judging.histories, judging.plan, run.pool(), run.progress(),
                                  {.watched = extras.watched, .retrain = learns && judging.options.retrain ? &weekly : nullptr}));
  extras.look(model);
  return evaluation;
}

Result<JudgedModel> judge_model(const std::string& name, const Judging& judging, const JudgeExtras& extras, CommandContext& run) {
  const ModelEntry* entry = find_model(name);
  std::optional<ScratchFolder> scratch;
  SelectOptions select{.protocol = judging.plan.protocol, .repeats = judging.plan.repeats, .seed = judging.options.seed, .curves_path = {}};
  if (extras.curves) {
    GEMEL_ASSIGN_OR_RETURN(ScratchFolder made, ScratchFolder::make("curves"));
    scratch.emplace(std::move(made));
    select.curves_path = scratch->path() / "curves.jsonl";
  }
  auto selected =
      select_on_validation(*entry, fixed_knobs(judging.config, name), judging.dataset, judging.split, select, run.pool(), run.progress());
  if (!selected) return name_config(selected.error(), judging.config_path);
  Selection& selection = *selected;
  GEMEL_ASSIGN_OR_RETURN(Evaluation evaluation, judge(*selection.model, /*learns=*/true, judging, extras, run));
  JudgedModel judged{.contender = {.evaluation = std::move(evaluation), .is_baseline = entry->is_baseline},
                     .story = {.source = {},
                               .trials = std::move(selection.trials),
                               .fit_seconds = selection.last_fit_seconds,
                               .fit_peak_bytes = selection.last_fit_peak_bytes,
                               .warnings = std::move(selection.warnings),
                               .curves = text_of_file(select.curves_path)}};
  if (const auto best = best_trial(judged.story.trials))
    judged.contender.validation = {best->ndcg_at_20, best->recall_at_20, std::move(selection.validation)};
  return judged;
}

// What training wrote into the manifest of its trials, if it asked validation what this run asks.
std::vector<Trial> trials_of(const Manifest& manifest, const QueryPlan& plan) {
  const auto metrics = nlohmann::json::parse(manifest.metrics_json, nullptr, /*allow_exceptions=*/false);
  std::vector<Trial> trials;
  if (!metrics.is_object() || metrics.value("protocol", "") != to_text(plan.protocol) ||
      metrics.value("repeats", "") != to_text(plan.repeats) || !metrics.contains("trials"))
    return trials;
  for (const auto& trial : metrics["trials"]) {
    const auto& ndcg = trial.find("validation_ndcg_at_20");
    const auto& recall = trial.find("validation_recall_at_20");
    if (ndcg == trial.end() || recall == trial.end() || !ndcg->is_number() || !recall->is_number()) continue;
    trials.push_back({.knobs = trial.value("knobs", ""), .ndcg_at_20 = *ndcg, .recall_at_20 = *recall});
  }
  return trials;
}

// What training wrote beside the bundle, if it is there.
void read_cost(const std::filesystem::path& path, report::FitStory& story) {
  const auto cost = nlohmann::json::parse(text_of_file(path), nullptr, /*allow_exceptions=*/false);
  if (!cost.is_object()) return;
  if (const auto seconds = cost.find("fit_seconds"); seconds != cost.end() && seconds->is_number()) story.fit_seconds = *seconds;
  if (const auto bytes = cost.find("fit_peak_bytes"); bytes != cost.end() && bytes->is_number_unsigned()) story.fit_peak_bytes = *bytes;
}

Result<JudgedModel> judge_bundle(const std::string& directory, const Judging& judging, const JudgeExtras& extras, CommandContext& run) {
  GEMEL_ASSIGN_OR_RETURN(Retriever retriever, Retriever::open(directory));
  const Manifest& manifest = retriever.bundle().manifest();
  if (manifest.data_fingerprint != judging.dataset.fingerprint()) {
    return fail(ErrorCode::kBadInput, directory, ": was trained on another Dataset (fingerprint ", manifest.data_fingerprint, ") than ",
                judging.dataset.directory().string(), " (", judging.dataset.fingerprint(), ")");
  }
  if (manifest.num_events > judging.split.test_begin) {
    return fail(ErrorCode::kBadInput, directory, ": knows ", manifest.num_events, " events, the test begins after ",
                judging.split.test_begin, ": it has seen its own answers");
  }
  GEMEL_ASSIGN_OR_RETURN(Evaluation evaluation, judge(retriever, /*learns=*/true, judging, extras, run));
  const ModelEntry* entry = find_model(manifest.model_name);
  JudgedModel judged{.contender = {.evaluation = std::move(evaluation), .is_baseline = entry != nullptr && entry->is_baseline},
                     .story = {.source = directory, .trials = trials_of(manifest, judging.plan)}};
  if (extras.curves) {
    judged.story.curves = text_of_file(beside(directory, kCurvesEnding));
    read_cost(beside(directory, kCostEnding), judged.story);
  }
  if (const auto best = best_trial(judged.story.trials)) judged.contender.validation = {best->ndcg_at_20, best->recall_at_20, std::nullopt};
  return judged;
}

Result<JudgedModel> judge_oracle(const Judging& judging, const JudgeExtras& extras, CommandContext& run) {
  const std::string& shop = judging.options.oracle;
  const double horizon_days = synth::horizon_days(judging.plan.protocol, judging.split);
  GEMEL_ASSIGN_OR_RETURN(synth::Oracle oracle, synth::Oracle::open(shop, judging.dataset, horizon_days, run.pool()));
  GEMEL_ASSIGN_OR_RETURN(Evaluation evaluation, judge(oracle, /*learns=*/false, judging, extras, run));
  return JudgedModel{.contender = {.evaluation = std::move(evaluation), .is_oracle = true}, .story = {.source = shop}};
}

// Two models of one name are told apart by where they come from.
void name_apart(std::vector<JudgedModel>& judged) {
  for (JudgedModel& each : judged) {
    const auto is_namesake = [&](const JudgedModel& other) { return other.contender.evaluation.model == each.contender.evaluation.model; };
    if (each.story.source.empty() || std::ranges::count_if(judged, is_namesake) < 2) continue;
    each.contender.label = concat(each.contender.evaluation.model, " (", beside(each.story.source, ""), ")");
  }
}

Result<JudgeOptions> read_request(JudgeOptions options) {
  GEMEL_ASSIGN_OR_RETURN(options.models, parse_model_list("--models", options.models));
  if (options.models.empty() && options.bundles.empty() && options.oracle.empty())
    return fail(ErrorCode::kBadConfig, "nothing to evaluate: give --models, --bundle or --oracle");
  std::set<std::filesystem::path> places;
  for (const std::string& bundle : options.bundles) {
    std::error_code code;
    const auto place = std::filesystem::weakly_canonical(bundle, code);
    if (!code && !places.insert(place).second) return fail(ErrorCode::kBadConfig, "--bundle: ", bundle, " is named twice");
  }
  return options;
}

}  // namespace

void add_judge_options(CLI::App& command, JudgeOptions& options) {
  options.models = {fmt::format("{}", fmt::join(baseline_names(), ","))};
  command.add_option("dataset", options.dataset, "Directory that `gemel ingest` wrote")->required();
  command.add_option("--models", options.models, "Models to tune on validation and judge, separated by commas; '' for none")
      ->capture_default_str();
  command.add_option("--bundle", options.bundles, "Directories that `gemel train` wrote, judged beside them");
  command.add_option("--oracle", options.oracle,
                     "Folder that `gemel synth` wrote, of which the Dataset is: the best possible recommendations, judged beside them");
  command
      .add_option("--protocol", options.protocol,
                  "rolling_week, per_event, frozen or frozen_trial; of papers: leave_last_out, lightgcn_split, random_80_20")
      ->capture_default_str();
  command.add_option("--repeats", options.repeats, "keep, or drop what the customer had before from rankings and targets")
      ->capture_default_str();
  command.add_flag("--retrain", options.retrain, "rolling_week: models go on learning each week from what is known by then");
  command.add_option("--config", options.config, "TOML file whose [models.<name>] tables fix knobs; otherwise those of shop.toml");
  command.add_option("--seed", options.seed, "Of fits and of intervals")->capture_default_str()->check(seed_range());
}

std::string command_line(std::string_view command, const JudgeOptions& options) {
  const std::string models = options.models.empty() ? "''" : fmt::format("{}", fmt::join(options.models, ","));
  std::string text = concat("gemel ", command, " ", options.dataset, " --models ", models);
  for (const std::string& bundle : options.bundles) text += concat(" --bundle ", bundle);
  if (!options.oracle.empty()) text += concat(" --oracle ", options.oracle);
  if (!options.config.empty()) text += concat(" --config ", options.config);
  return text + concat(" --protocol ", options.protocol, " --repeats ", options.repeats, " --seed ", options.seed,
                       options.retrain ? " --retrain" : "");
}

Result<Judging> open_judging(const JudgeOptions& options) {
  GEMEL_ASSIGN_OR_RETURN(const Protocol protocol, parse_protocol(options.protocol));
  GEMEL_ASSIGN_OR_RETURN(const Repeats repeats, parse_repeats(options.repeats));
  if (options.retrain && protocol != Protocol::kRollingWeek)
    return fail(ErrorCode::kBadConfig, "--retrain: models learn again each week of rolling_week; found --protocol ", options.protocol);
  GEMEL_ASSIGN_OR_RETURN(Dataset dataset, Dataset::open(options.dataset));
  GEMEL_ASSIGN_OR_RETURN(ConfigFile config,
                         options.config.empty() ? open_model_config(dataset.config()) : ConfigFile::open(options.config));
  std::string config_path = options.config.empty() ? dataset.config().path.string() : options.config;
  GEMEL_RETURN_IF_ERROR(check_models(config));
  GEMEL_ASSIGN_OR_RETURN(JudgeOptions request, read_request(options));
  const auto split = make_split(dataset, dataset.config().split);
  if (!split) return with_context(split.error(), dataset.config().path.string());
  Histories histories = histories_for(dataset, protocol, split->test_begin, split->end);
  GEMEL_ASSIGN_OR_RETURN(QueryPlan plan,
                         make_query_plan(dataset, histories, protocol, repeats, split->test_begin, split->end, split->test_from));
  return Judging{std::move(request), std::move(dataset), std::move(config), std::move(config_path), std::move(histories), *split,
                 std::move(plan)};
}

Result<std::vector<JudgedModel>> judge_all(const Judging& judging, const JudgeExtras& extras, CommandContext& run) {
  std::vector<JudgedModel> judged;
  for (const std::string& name : judging.options.models) {
    GEMEL_ASSIGN_OR_RETURN(JudgedModel model, judge_model(name, judging, extras, run));
    judged.push_back(std::move(model));
  }
  for (const std::string& bundle : judging.options.bundles) {
    GEMEL_ASSIGN_OR_RETURN(JudgedModel model, judge_bundle(bundle, judging, extras, run));
    judged.push_back(std::move(model));
  }
  if (!judging.options.oracle.empty()) {
    GEMEL_ASSIGN_OR_RETURN(JudgedModel model, judge_oracle(judging, extras, run));
    judged.push_back(std::move(model));
  }
  name_apart(judged);
  return judged;
}

}  // namespace gemel::cli
