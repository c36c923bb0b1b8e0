#include "gemel/eval/select.h"

#include <fmt/format.h>

#include "gemel/eval/compare.h"
#include "gemel/eval/evaluate.h"

namespace gemel {
namespace {

// With selection.knobs, on all that lies before the test (or on everything).
Result<void> fit_last(const ModelEntry& entry, const Dataset& dataset, const Split& split, const SelectOptions& options,
                      const FitContext& context, Selection& selection) {
  GEMEL_ASSIGN_OR_RETURN(selection.model, make_model(entry.name, selection.knobs));
  const TrainView last = options.refit_on_all ? TrainView{&dataset, split.end, split.until} : split.train_and_validation(dataset);
  GEMEL_RETURN_IF_ERROR(selection.model->fit(last, context));
  for (std::string& warning : selection.model->warnings()) selection.warnings.push_back(std::move(warning));
  return {};
}

// Files of a public benchmark may bring no validation part: nothing is chosen then, and it is said.
Result<Selection> fit_without_validation(const ModelEntry& entry, std::string_view fixed_knobs, const Dataset& dataset, const Split& split,
                                         const SelectOptions& options, ThreadPool& pool, ProgressSink& progress) {
  Selection selection;
  selection.knobs = fixed_knobs;
  const FitContext context{.pool = pool, .progress = progress, .seed = options.seed, .curves_path = options.curves_path};
  GEMEL_RETURN_IF_ERROR(fit_last(entry, dataset, split, options, context, selection));
  selection.knobs = selection.model->knobs();
  progress.note(fmt::format("{}: the split has no validation part, so nothing was chosen: {}", entry.name, selection.knobs));
  return selection;
}

}  // namespace

Result<Selection> select_on_validation(const ModelEntry& entry, std::string_view fixed_knobs, const Dataset& dataset,
                                       const Histories& all_events, const Split& split, const SelectOptions& options, ThreadPool& pool,
                                       ProgressSink& progress) {
  std::vector<std::string> space = entry.search_space();
  if (!fixed_knobs.empty() || space.empty()) space = {std::string(fixed_knobs)};
  if (split.validation_begin == split.test_begin)
    return fit_without_validation(entry, fixed_knobs, dataset, split, options, pool, progress);
  GEMEL_ASSIGN_OR_RETURN(const QueryPlan plan, make_query_plan(dataset, all_events, options.protocol, options.repeats,
                                                               split.validation_begin, split.test_begin, split.validation_from));
  const std::size_t ndcg = find_metric(kDecidingMetric), recall = find_metric(kSecondMetric);
  const auto score = [&](Recommender& model) -> Result<double> {  // silent: the fit that asks has a stage of its own
    GEMEL_ASSIGN_OR_RETURN(const Evaluation evaluation, evaluate(model, dataset, all_events, plan, pool, no_progress()));
    return evaluation.all.mean(ndcg);
  };
  const Histories known(dataset, split.test_begin);
  const Validation validation{.plan = plan, .histories = known, .score = score};
  Selection selection;
  std::size_t best = 0;
  std::unique_ptr<Recommender> model, earlier;
  for (const std::string& knobs : space) {
    earlier = std::move(model);
    GEMEL_ASSIGN_OR_RETURN(model, make_model(entry.name, knobs));
    const FitContext context{
        .pool = pool, .progress = progress, .seed = options.seed, .validation = &validation, .curves_path = options.curves_path};
    if (earlier == nullptr || !model->take_fit(*earlier, split.train(dataset))) {
      GEMEL_RETURN_IF_ERROR(model->fit(split.train(dataset), context));
    }
    for (std::string& warning : model->warnings()) selection.warnings.push_back(std::move(warning));
    GEMEL_ASSIGN_OR_RETURN(const Evaluation evaluation, evaluate(*model, dataset, all_events, plan, pool, progress));
    selection.trials.push_back({model->knobs(), evaluation.all.mean(ndcg), evaluation.all.mean(recall)});
    const Trial& trial = selection.trials.back();
    progress.note(fmt::format("{} on validation: NDCG@20 {:.4f}, recall@20 {:.4f}, {}", entry.name, trial.ndcg_at_20, trial.recall_at_20,
                              trial.knobs));
    if (trial.ndcg_at_20 > selection.trials[best].ndcg_at_20) best = selection.trials.size() - 1;
  }
  selection.knobs = selection.trials[best].knobs;
  const FitContext refit{.pool = pool, .progress = progress, .seed = options.seed, .curves_path = {}};
  GEMEL_RETURN_IF_ERROR(fit_last(entry, dataset, split, options, refit, selection));
  return selection;
}

}  // namespace gemel
