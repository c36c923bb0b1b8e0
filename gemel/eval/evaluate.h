// Asks a model what a plan asks, in the order of time, and scores the answers.
#pragma once

#include "gemel/eval/evaluation.h"
#include "gemel/models/recommender.h"

namespace gemel {

struct EvaluateExtras {
  std::span<const std::uint32_t> watched = {};  // queries of the plan, ascending, whose answers are kept
  // Not null: the model is refitted before each block but the first, on what is known by then, where otherwise its counters alone advance.
  const FitContext* retrain = nullptr;
};

// Advances the model block by block and asks for the top 100 of each query; the rest of its state is the model's own. `all_events`
// must hold every event before the last query. The model must stand before the plan's first block.
// Errors: kInterrupted; those of refit.
Result<Evaluation> evaluate(Recommender& model, const Dataset& dataset, const Histories& all_events, const QueryPlan& plan,
                            ThreadPool& pool, ProgressSink& progress, const EvaluateExtras& extras = {});

}  // namespace gemel
