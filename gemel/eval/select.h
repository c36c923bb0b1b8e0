// Choosing knobs on validation, then fitting once more on all that lies before the test. Test is not looked at here.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gemel/data/query_plan.h"
#include "gemel/eval/evaluation.h"
#include "gemel/models/registry.h"

namespace gemel {

struct SelectOptions {
  Protocol protocol = Protocol::kRollingWeek;
  Repeats repeats = Repeats::kKeep;
  std::uint64_t seed = 1;
  std::filesystem::path curves_path = {};  // of the fits on train, see FitContext
  bool refit_on_all = false;               // the last fit sees the test period too: for serving, not for judging
  CheckpointStore* checkpoints = nullptr;  // an interrupted selection goes on where it stopped; null: from the start
};

struct Trial {
  std::string knobs;  // after the fit, with what the model chose itself
  double ndcg_at_20 = 0, recall_at_20 = 0;
  double seconds = 0;  // of fitting and judging
};

struct Selection {
  std::unique_ptr<Recommender> model;  // fitted on train and validation, or on all
  std::string knobs;
  std::vector<std::string> warnings;  // of the fits
  std::optional<Slice> validation;  // the best trial's queries; empty where it was another process that judged it
  double last_fit_seconds = 0;
  std::optional<std::uint64_t> last_fit_peak_bytes;  // beyond what was held before
  std::vector<Trial> trials;  // in the order of the search space
};

// The one with the highest NDCG@20, the first of equals; null when there is none.
const Trial* best_trial(const std::vector<Trial>& trials);

// Fits each setting of the model's search space on train, evaluates it on validation under the options' protocol, keeps the best and
// fits it on train and validation. When the user has fixed the knobs (`fixed_knobs` not empty: TOML) only they are tried. A split without a
// validation part gives no trials: the fixed knobs or the model's own are used. Errors: those of make, fit, make_query_plan and evaluate.
Result<Selection> select_on_validation(const ModelEntry& entry, std::string_view fixed_knobs, const Dataset& dataset, const Split& split,
                                       const SelectOptions& options, ThreadPool& pool, ProgressSink& progress);

}  // namespace gemel
