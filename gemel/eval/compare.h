// The models of one plan side by side: metrics with intervals, and each model's paired difference to the best baseline.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gemel/eval/bootstrap.h"
#include "gemel/eval/evaluation.h"

namespace gemel {

// Metrics that a difference is given for, and that choose the best baseline (the first of them).
inline constexpr std::string_view kDecidingMetric = "ndcg_at_20";
inline constexpr std::string_view kSecondMetric = "recall_at_20";

struct ComparedSlice {
  std::string name, meaning;
  std::size_t num_queries = 0, num_customers = 0, num_targets = 0;
  std::vector<Interval> metrics;  // [kNumMetrics]
};

// What a model reached on the validation period with the knobs that were chosen there.
struct ValidationFigure {
  double ndcg_at_20 = 0, recall_at_20 = 0;
  std::optional<Slice> queries;  // query by query, for paired differences; a bundle only brings the two figures along
};

struct ComparedModel {
  Evaluation evaluation;
  std::string label;  // what tables and sentences call it
  bool is_baseline = false, is_oracle = false;
  std::optional<ValidationFigure> validation;
  ComparedSlice all;
  std::vector<ComparedSlice> parts, by_popularity, by_history;
  // This model minus the best baseline, query by query over the same customers; empty for the best baseline itself.
  std::optional<Interval> ndcg_difference, recall_difference;
};

struct Comparison {
  std::vector<ComparedModel> models;         // in the order given
  std::optional<std::size_t> best_baseline;  // highest NDCG@20
};

struct Contender {
  Evaluation evaluation;
  bool is_baseline = false;
  std::string label = {};  // empty: the name of the model
  std::optional<ValidationFigure> validation = {};
  bool is_oracle = false;  // the best possible, which knows the truth: nobody's rival, and the end of the scale for all
};

// All evaluations must come from the same plan.
Comparison compare(std::vector<Contender> contenders, std::uint64_t seed, ThreadPool& pool);

// slice minus baseline, query by query. Both must come from the same plan.
Interval paired_difference(const Slice& slice, const Slice& baseline, std::size_t metric, std::uint64_t seed, ThreadPool& pool);

// "two_tower beats the best baseline popularity by 0.0151 NDCG@20 (95 % interval 0.0135 to 0.0167)", or that it does not; with an oracle
// also how much of the way from the best baseline to it each model goes.
std::string verdict(const Comparison& comparison);

}  // namespace gemel
