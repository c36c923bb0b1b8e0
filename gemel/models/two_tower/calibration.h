// How towers and counters are put together. What the towers learnt over years says who likes what; how much the last days count against that is
// another question, and its answer is in the most recent weeks. With the towers fixed the logit of a planned query is linear in
//
//   gate[history length of the query] * tower logit  +  sum over half-lives h of weight[h] * log_share[h] as of the query's block
//
// so that the weights and gates that make the customers' choices most likely are the optimum of a concave function: Newton's method.
// A gate of 0 leaves a customer to the counters alone, and the best counter is always a special case.
// Thread safety: a pure function.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "gemel/data/query_plan.h"
#include "gemel/numerics/matrix.h"
#include "gemel/numerics/thread_pool.h"

namespace gemel {

// Gates by how many events the customer's history has: 0, 1, 2, 3 to 5, 6 to 15, more.
inline constexpr std::size_t kNumGates = 6;
std::size_t gate_of(std::size_t history_length);

struct CalibrationProblem {
  const QueryPlan& plan;
  std::span<const std::uint32_t> queries;           // which queries of the plan to look at, ascending
  ConstMatrixView query_embeddings;                 // [queries, dim]
  std::span<const std::uint8_t> gates;              // [queries], gate_of(history length)
  ConstMatrixView candidate_embeddings;             // [num_items, dim]
  float scale = 1;                                  // tower logit = scale * dot product
  std::span<const Matrix> log_shares;               // [blocks] of [half-lives, num_items]
  std::span<const std::vector<std::uint8_t>> eligible;  // [blocks] of [num_items]
};

struct Calibration {
  std::vector<double> popularity_weights;  // [half-lives]
  std::vector<double> tower_gates;         // [kNumGates], >= 0
  double log_likelihood = 0;               // mean over queries of the mean over their targets, nats
  int iterations = 0;
};

// From `start`, which a weak quadratic pull (one query's worth) keeps for gates that no query tests.
Calibration calibrate(const CalibrationProblem& problem, Calibration start, ThreadPool& pool);

// The mean log-likelihood at given weights and its gradient with respect to (weights, gates): for the tests.
double calibration_log_likelihood(const CalibrationProblem& problem, const Calibration& at, std::span<double> gradient, ThreadPool& pool);

}  // namespace gemel
