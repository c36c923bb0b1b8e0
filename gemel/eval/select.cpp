#include "gemel/eval/select.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "gemel/base/peak_memory.h"
#include "gemel/eval/compare.h"
#include "gemel/eval/evaluate.h"

namespace gemel {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

constexpr std::string_view kLastFit = "last fit";

std::string trial_stage(std::size_t trial) { return fmt::format("fit {} on train", trial + 1); }

// What the stages before carry on to the next: trials and warnings so far. A figure that is no number becomes null, and back.
std::string to_json(const Selection& selection) {
  nlohmann::ordered_json json{{"trials", nlohmann::ordered_json::array()}, {"warnings", selection.warnings}};
  for (const Trial& trial : selection.trials)
    json["trials"].push_back(
        {{"knobs", trial.knobs}, {"ndcg_at_20", trial.ndcg_at_20}, {"recall_at_20", trial.recall_at_20}, {"seconds", trial.seconds}});
  return json.dump();
}

Result<Selection> from_json(std::string_view text) {
  const auto number = [](const nlohmann::json& value) { return value.is_null() ? std::nan("") : value.get<double>(); };
  Selection selection;
  try {  // nlohmann reports a wrong shape by exception; it ends here
    const auto json = nlohmann::json::parse(text);
    for (const auto& trial : json.at("trials"))
      selection.trials.push_back(
          {trial.at("knobs"), number(trial.at("ndcg_at_20")), number(trial.at("recall_at_20")), trial.at("seconds")});
    json.at("warnings").get_to(selection.warnings);
  } catch (const nlohmann::json::exception& error) {
    return fail(ErrorCode::kCorrupt, "checkpoint: what earlier fits found: ", error.what());
  }
  return selection;
}

// What an earlier run had found when it stopped, and `next`, the setting that it was fitting (num_settings: the last fit).
Result<Selection> resumed_selection(const CheckpointStore* checkpoints, std::size_t num_settings, std::size_t& next) {
  next = 0;
  if (checkpoints == nullptr || !checkpoints->resumed()) return Selection{};
  GEMEL_ASSIGN_OR_RETURN(Selection selection, from_json(checkpoints->resumed()->carried));
  next = selection.trials.size();
  const std::string expected = next == num_settings ? std::string(kLastFit) : trial_stage(next);
  if (next > num_settings || checkpoints->resumed()->name != expected)
    return fail(ErrorCode::kCorrupt, "checkpoint: of the stage '", checkpoints->resumed()->name, "' with ", next, " trials, expected '",
                expected, "'");
  return selection;
}

// With selection.knobs, on all that lies before the test (or on everything).
Result<void> fit_last(const ModelEntry& entry, const Dataset& dataset, const Split& split, const SelectOptions& options,
                      const FitContext& context, Selection& selection) {
  GEMEL_ASSIGN_OR_RETURN(selection.model, make_model(entry.name, selection.knobs));
  const TrainView last = options.refit_on_all ? TrainView{&dataset, split.end, split.until} : split.train_and_validation(dataset);
  if (context.checkpoints) context.checkpoints->begin({std::string(kLastFit), to_json(selection)});
  const PeakMemory memory;
  const auto start = Clock::now();
  GEMEL_RETURN_IF_ERROR(selection.model->fit(last, context));
  selection.last_fit_seconds = seconds_since(start);
  selection.last_fit_peak_bytes = memory.growth_bytes();
  for (std::string& warning : selection.model->warnings()) selection.warnings.push_back(std::move(warning));
  return {};
}

// Files of a public benchmark may bring no validation part: nothing is chosen then, and it is said.
Result<Selection> fit_without_validation(const ModelEntry& entry, std::string_view fixed_knobs, const Dataset& dataset, const Split& split,
                                         const SelectOptions& options, ThreadPool& pool, ProgressSink& progress) {
  std::size_t ignored;  // there is one fit, the last
  GEMEL_ASSIGN_OR_RETURN(Selection selection, resumed_selection(options.checkpoints, /*num_settings=*/0, ignored));
  selection.knobs = fixed_knobs;
  const FitContext context{
      .pool = pool, .progress = progress, .seed = options.seed, .curves_path = options.curves_path, .checkpoints = options.checkpoints};
  GEMEL_RETURN_IF_ERROR(fit_last(entry, dataset, split, options, context, selection));
  selection.knobs = selection.model->knobs();
  progress.note(fmt::format("{}: the split has no validation part, so nothing was chosen: {}", entry.name, selection.knobs));
  return selection;
}

}  // namespace

const Trial* best_trial(const std::vector<Trial>& trials) {
  const Trial* best = nullptr;
  for (const Trial& trial : trials)
    if (best == nullptr || trial.ndcg_at_20 > best->ndcg_at_20) best = &trial;
  return best;
}

Result<Selection> select_on_validation(const ModelEntry& entry, std::string_view fixed_knobs, const Dataset& dataset, const Split& split,
                                       const SelectOptions& options, ThreadPool& pool, ProgressSink& progress) {
  std::vector<std::string> space = entry.search_space();
  if (!fixed_knobs.empty() || space.empty()) space = {std::string(fixed_knobs)};
  if (split.validation_begin == split.test_begin)
    return fit_without_validation(entry, fixed_knobs, dataset, split, options, pool, progress);
  const Histories known = histories_for(dataset, options.protocol, split.validation_begin, split.test_begin);
  GEMEL_ASSIGN_OR_RETURN(const QueryPlan plan, make_query_plan(dataset, known, options.protocol, options.repeats, split.validation_begin,
                                                               split.test_begin, split.validation_from));
  const std::size_t ndcg = find_metric(kDecidingMetric), recall = find_metric(kSecondMetric);
  const auto score = [&](Recommender& model) -> Result<double> {  // silent: the fit that asks has a stage of its own
    GEMEL_ASSIGN_OR_RETURN(const Evaluation evaluation, evaluate(model, dataset, known, plan, pool, no_progress()));
    return evaluation.all.mean(ndcg);
  };
  const Validation validation{.plan = plan, .histories = known, .score = score};
  FitContext context{.pool = pool,
                     .progress = progress,
                     .seed = options.seed,
                     .validation = &validation,
                     .curves_path = options.curves_path,
                     .checkpoints = options.checkpoints};
  std::size_t next;
  GEMEL_ASSIGN_OR_RETURN(Selection selection, resumed_selection(options.checkpoints, space.size(), next));
  std::unique_ptr<Recommender> model;
  for (; next < space.size(); ++next) {
    std::unique_ptr<Recommender> earlier = std::move(model);
    const auto start = Clock::now();
    GEMEL_ASSIGN_OR_RETURN(model, make_model(entry.name, space[next]));
    if (options.checkpoints) options.checkpoints->begin({trial_stage(next), to_json(selection)});
    GEMEL_RETURN_IF_ERROR(model->fit_after(std::move(earlier), split.train(dataset), context));
    for (std::string& warning : model->warnings()) selection.warnings.push_back(std::move(warning));
    GEMEL_ASSIGN_OR_RETURN(Evaluation evaluation, evaluate(*model, dataset, known, plan, pool, progress));
    selection.trials.push_back({model->knobs(), evaluation.all.mean(ndcg), evaluation.all.mean(recall), seconds_since(start)});
    if (best_trial(selection.trials) == &selection.trials.back()) selection.validation = std::move(evaluation.all);
    const Trial& trial = selection.trials.back();
    progress.note(fmt::format("{} on validation: NDCG@20 {:.4f}, recall@20 {:.4f}, {}", entry.name, trial.ndcg_at_20, trial.recall_at_20,
                              trial.knobs));
  }
  selection.knobs = best_trial(selection.trials)->knobs;
  model.reset();
  context.validation = nullptr;
  context.curves_path.clear();
  GEMEL_RETURN_IF_ERROR(fit_last(entry, dataset, split, options, context, selection));
  return selection;
}

}  // namespace gemel
