// How towers and counters are put together. What the towers learnt over years says who likes what; how much the last days count against
// that is another question, and its answer is in the most recent weeks. With the towers fixed, a product's score for a planned query is
//
//   gate[history length of the query] * tower logit  +  sum over half-lives h of weight[h] * log_share[h] as of the query's block
//     +  sum over p of personal_weight[p] * the p-th value of the customer's own count of the product
//
// and these few numbers are chosen by what they are for, the NDCG@20 of the planned queries: coordinate ascent from the best single
// counter with closed gates, so that the best counter is always a special case; with personal counts also from what training learnt of them
// and from each of them ruling alone. Where training learnt a bias of its own, a second ascent begins at what it learnt, and the better end
// counts. (The most likely weights are not the best ones: on Sephora they rank worse than the counter, docs/decisions/0004-calibration.md.)
// Queries are scored on a shortlist: the best of each counter and of two mixtures of tower and counters; what is in none of them has no
// chance at the top 20.
// Thread safety: pure functions; results do not depend on the number of threads.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "gemel/data/query_plan.h"
#include "gemel/features/personal_counts.h"
#include "gemel/numerics/matrix.h"
#include "gemel/numerics/thread_pool.h"

namespace gemel {

// Gates by how many events the customer's history has: 0, 1, 2, 3 to 5, 6 to 15, more.
inline constexpr std::size_t kNumGates = 6;
std::size_t gate_of(std::size_t history_length);

struct CalibrationProblem {
  const QueryPlan& plan;
  std::span<const std::uint32_t> queries;  // which queries of the plan to look at, ascending
  ConstMatrixView query_embeddings;  // [queries, dim]
  std::span<const std::uint8_t> gates;  // [queries], gate_of(history length)
  ConstMatrixView candidate_embeddings;  // [num_items, dim]
  float scale = 1;  // tower logit = scale * dot product
  std::span<const Matrix> log_shares;  // [blocks] of [half-lives, num_items]
  std::span<const std::vector<std::uint8_t>> eligible;  // [blocks] of [num_items]
  std::span<const PersonalCounts::Of> personal = {};  // [queries]; empty: none
  std::vector<double> trained_personal_weights = {};  // [personal values]
  std::optional<std::size_t> learned_bias = {};  // which row of log_shares is the bias that training learnt beside the towers
  std::size_t shortlist = 150;  // products taken from each ranking
};

struct Calibration {
  std::vector<double> popularity_weights;  // [half-lives]
  std::vector<double> tower_gates;  // [kNumGates], >= 0
  std::vector<double> personal_weights = {};  // [personal values]
  double ndcg_at_20 = 0;  // mean over the queries looked at
};

// `start` continues an earlier calibration; without it the ascent begins at the best single counter. Without half-lives the gates stay
// open.
Calibration calibrate(const CalibrationProblem& problem, const std::optional<Calibration>& start, ThreadPool& pool);

// The mean NDCG@20 of the shortlisted queries at given weights and gates.
double calibration_ndcg(const CalibrationProblem& problem, const Calibration& at, ThreadPool& pool);

}  // namespace gemel
