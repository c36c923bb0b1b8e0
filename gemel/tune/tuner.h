// The search for a model's knobs on the validation period: settings are proposed by the Parzen estimator (tpe.h) in brackets of nine, and
// spent on by successive halving (Jamieson, Talwalkar, AISTATS 2016): all of a bracket a ninth of the budget, its best third a third, its
// best one all of it. The test period is never looked at.
//
// What a share of the budget is: where the model has a knob `epochs`, so many of its epochs, judged on all of validation; otherwise the
// whole fit, judged on so many of the customers, always the same ones.
//
// Every decision follows from the seed and from earlier results, none from the clock, so that a search which was killed goes on as if it
// had not been. Thread safety: one caller.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "gemel/data/query_plan.h"
#include "gemel/models/registry.h"
#include "gemel/tune/knobs.h"
#include "gemel/tune/trial_log.h"

namespace gemel::tune {

inline constexpr double kRungs[] = {1. / 9, 1. / 3, 1};  // share of the budget
inline constexpr std::size_t kLastRung = 2;
inline constexpr std::size_t kBracket = 9;  // settings that begin together

struct TuneOptions {
  Protocol protocol = Protocol::kRollingWeek;
  Repeats repeats = Repeats::kKeep;
  std::uint64_t seed = 1;
  std::size_t num_trials = 27;         // settings, besides the model's own
  double minutes = 0;                  // nothing new is begun once so much was spent, earlier runs included; 0: no limit
  std::filesystem::path trials_path;   // trial_log.h
};

struct Tuning {
  std::string model;
  TuningSpace space;                 // what was searched: the model's, less the knobs that the user has fixed
  bool by_epochs = false;            // what a share of the budget is
  // In the order they were made, the first with the model's own knobs; then those that had the whole budget in an earlier run, with
  // fewer trials or more, and not in this one.
  std::vector<Attempt> attempts;
  std::vector<Knobs> knobs;          // of each attempt
  std::size_t best = 0;              // of attempts: the best of those with the whole budget
  double seconds = 0;                // of all attempts
  bool out_of_time = false;
};

// `fixed` stay as they are. Errors: kBadConfig (not even the model's own knobs can be fitted; no validation period; no space), kInterrupted
// (what was found is in the file), those of the log.
Result<Tuning> tune(const ModelEntry& entry, const Knobs& fixed, const Dataset& dataset, const Split& split, const TuneOptions& options,
                    ThreadPool& pool, ProgressSink& progress);

// The queries of about `share` of the customers: those of a smaller share are among those of a larger one.
QueryPlan sample_customers(const QueryPlan& plan, double share);

}  // namespace gemel::tune
