#include "gemel/models/two_tower/calibration.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gemel/numerics/gemm.h"
#include "gemel/numerics/kernels.h"

namespace gemel {
namespace {

constexpr std::size_t kTileQueries = 16;
constexpr int kMaxIterations = 30;
constexpr double kPull = 1.0;  // quadratic pull towards the start, in queries

// Value, gradient [p] and negative Hessian [p, p] of the log-likelihood, summed over queries; p = half-lives + kNumGates.
struct Derivatives {
  double value = 0;
  double num_queries = 0;
  std::vector<double> gradient, curvature;
  explicit Derivatives(std::size_t p) : gradient(p), curvature(p * p) {}
  void add(const Derivatives& other) {
    value += other.value;
    num_queries += other.num_queries;
    for (std::size_t i = 0; i < gradient.size(); ++i) gradient[i] += other.gradient[i];
    for (std::size_t i = 0; i < curvature.size(); ++i) curvature[i] += other.curvature[i];
  }
};

// One query against all items. `tower` [num_items] are its tower logits, `counters` [num_items] the weighted log shares of its block.
void add_query(const CalibrationProblem& problem, const PlannedQuery& query, std::size_t gate, double gate_value, std::span<const float> tower,
               std::span<const float> counters, std::vector<float>& logits, Derivatives& sum) {
  const Matrix& shares = problem.log_shares[query.block];
  const std::vector<std::uint8_t>& eligible = problem.eligible[query.block];
  const std::size_t num_half_lives = shares.rows(), num_items = tower.size(), p = num_half_lives + kNumGates;
  constexpr float kOut = -std::numeric_limits<float>::infinity();
  logits.resize(num_items);
  for (std::size_t j = 0; j < num_items; ++j)
    logits[j] = eligible[j] ? static_cast<float>(gate_value) * tower[j] + counters[j] : kOut;
  for (auto e = query.excluded_begin; e < query.excluded_end; ++e) logits[to_size(problem.plan.excluded[e])] = kOut;

  double num_targets = 0, target_logit = 0;
  std::vector<double> feature_of_targets(num_half_lives + 1);  // log shares, then the tower logit
  for (auto t = query.targets_begin; t < query.targets_end; ++t) {
    const std::size_t item = to_size(problem.plan.targets[t]);
    if (logits[item] == kOut) continue;  // cannot be recommended: says nothing about the weights
    ++num_targets;
    target_logit += logits[item];
    for (std::size_t h = 0; h < num_half_lives; ++h) feature_of_targets[h] += shares(h, item);
    feature_of_targets[num_half_lives] += tower[item];
  }
  if (num_targets == 0) return;

  const Kernels& k = kernels();
  const float max = k.row_max(logits.data(), num_items);
  const double total = k.exp_sum(max, logits.data(), num_items);  // logits now hold the unnormalised chances
  std::vector<double> mean(num_half_lives + 1);
  std::vector<float> weighted(num_items);
  const auto feature = [&](std::size_t f) { return f < num_half_lives ? shares.row(f).data() : tower.data(); };
  const auto place = [&](std::size_t f) { return f < num_half_lives ? f : num_half_lives + gate; };
  for (std::size_t f = 0; f <= num_half_lives; ++f) mean[f] = k.dot(logits.data(), feature(f), num_items) / total;
  for (std::size_t f = 0; f <= num_half_lives; ++f) {
    for (std::size_t j = 0; j < num_items; ++j) weighted[j] = logits[j] * feature(f)[j];
    for (std::size_t g = 0; g <= f; ++g) {
      const double covariance = k.dot(weighted.data(), feature(g), num_items) / total - mean[f] * mean[g];
      sum.curvature[place(f) * p + place(g)] += covariance;
      if (f != g) sum.curvature[place(g) * p + place(f)] += covariance;
    }
    sum.gradient[place(f)] += feature_of_targets[f] / num_targets - mean[f];
  }
  sum.value += target_logit / num_targets - (max + std::log(total));
  sum.num_queries += 1;
}

// The counters' part of the logits for each block. -> [blocks][num_items]
std::vector<std::vector<float>> weighted_shares(const CalibrationProblem& problem, std::span<const double> weights) {
  std::vector<std::vector<float>> counters;
  for (const Matrix& shares : problem.log_shares) {
    auto& of_block = counters.emplace_back(problem.candidate_embeddings.rows, 0.0f);
    for (std::size_t h = 0; h < weights.size(); ++h) kernels().axpy(static_cast<float>(weights[h]), shares.row(h).data(), of_block.data(), of_block.size());
  }
  return counters;
}

Derivatives derivatives(const CalibrationProblem& problem, std::span<const double> parameters, ThreadPool& pool) {
  const std::size_t p = parameters.size(), num_half_lives = p - kNumGates, num_items = problem.candidate_embeddings.rows;
  const auto counters = weighted_shares(problem, parameters.first(num_half_lives));
  const std::size_t num_tiles = (problem.queries.size() + kTileQueries - 1) / kTileQueries;
  std::vector<Derivatives> of_tile(num_tiles, Derivatives(p));
  pool.run(num_tiles, [&](std::size_t tile) {
    const std::size_t begin = tile * kTileQueries, end = std::min(problem.queries.size(), begin + kTileQueries);
    Matrix tower(end - begin, num_items);
    gemm(Transpose::kNo, problem.query_embeddings.row_block(begin, end), Transpose::kYes, problem.candidate_embeddings, problem.scale, 0, tower);
    std::vector<float> logits;
    for (std::size_t i = begin; i < end; ++i) {
      const PlannedQuery& query = problem.plan.queries[problem.queries[i]];
      const std::size_t gate = problem.gates[i];
      add_query(problem, query, gate, parameters[num_half_lives + gate], tower.row(i - begin), counters[query.block], logits, of_tile[tile]);
    }
  });
  Derivatives sum(p);
  for (const Derivatives& part : of_tile) sum.add(part);
  return sum;
}

// Solves a x = b for a symmetric positive definite a [p, p] (Cholesky; p is about ten). a and b are used up; false when a is not definite.
bool solve(std::vector<double>& a, std::vector<double>& b) {
  const std::size_t p = b.size();
  for (std::size_t i = 0; i < p; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = a[i * p + j];
      for (std::size_t m = 0; m < j; ++m) sum -= a[i * p + m] * a[j * p + m];
      if (i == j) {
        if (!(sum > 0)) return false;
        a[i * p + i] = std::sqrt(sum);
      } else {
        a[i * p + j] = sum / a[j * p + j];
      }
    }
  }
  for (std::size_t i = 0; i < p; ++i) {
    for (std::size_t m = 0; m < i; ++m) b[i] -= a[i * p + m] * b[m];
    b[i] /= a[i * p + i];
  }
  for (std::size_t i = p; i-- > 0;) {
    for (std::size_t m = i + 1; m < p; ++m) b[i] -= a[m * p + i] * b[m];
    b[i] /= a[i * p + i];
  }
  return true;
}

double pulled_value(const Derivatives& at, std::span<const double> parameters, std::span<const double> start) {
  double value = at.value;
  for (std::size_t i = 0; i < parameters.size(); ++i) value -= 0.5 * kPull * (parameters[i] - start[i]) * (parameters[i] - start[i]);
  return value;
}

std::vector<double> joined(const Calibration& calibration) {
  std::vector<double> parameters = calibration.popularity_weights;
  parameters.insert(parameters.end(), calibration.tower_gates.begin(), calibration.tower_gates.end());
  return parameters;
}

// The Newton step with negative gates held at 0 when the step would push them further down.
std::vector<double> newton_step(const Derivatives& at, std::span<const double> parameters, std::span<const double> start, std::size_t num_half_lives) {
  const std::size_t p = parameters.size();
  std::vector<double> curvature = at.curvature, step = at.gradient;
  for (std::size_t i = 0; i < p; ++i) {
    curvature[i * p + i] += kPull;
    step[i] -= kPull * (parameters[i] - start[i]);
    const bool held = i >= num_half_lives && parameters[i] <= 0 && step[i] < 0;
    if (!held) continue;
    for (std::size_t j = 0; j < p; ++j) curvature[i * p + j] = curvature[j * p + i] = i == j ? 1 : 0;
    step[i] = 0;
  }
  if (!solve(curvature, step)) std::ranges::fill(step, 0.0);
  return step;
}

}  // namespace

std::size_t gate_of(std::size_t history_length) {
  return history_length <= 2 ? history_length : history_length <= 5 ? 3 : history_length <= 15 ? 4 : 5;
}

Calibration calibrate(const CalibrationProblem& problem, Calibration start, ThreadPool& pool) {
  GEMEL_CHECK(start.tower_gates.size() == kNumGates);
  const std::vector<double> from = joined(start);
  const std::size_t num_half_lives = start.popularity_weights.size();
  std::vector<double> parameters = from;
  Derivatives at = derivatives(problem, parameters, pool);
  if (at.num_queries == 0) return start;
  int iteration = 0;
  for (; iteration < kMaxIterations; ++iteration) {
    const std::vector<double> step = newton_step(at, parameters, from, num_half_lives);
    const double value = pulled_value(at, parameters, from);
    bool improved = false;
    for (double length = 1; length > 1e-3 && !improved; length /= 2) {
      std::vector<double> moved = parameters;
      for (std::size_t i = 0; i < moved.size(); ++i) moved[i] = std::max(moved[i] + length * step[i], i < num_half_lives ? -1e9 : 0.0);
      Derivatives there = derivatives(problem, moved, pool);
      if (pulled_value(there, moved, from) <= value + 1e-6 * at.num_queries) continue;
      parameters = std::move(moved);
      at = std::move(there);
      improved = true;
    }
    if (!improved) break;
  }
  Calibration found;
  found.popularity_weights.assign(parameters.begin(), parameters.begin() + static_cast<std::ptrdiff_t>(num_half_lives));
  found.tower_gates.assign(parameters.begin() + static_cast<std::ptrdiff_t>(num_half_lives), parameters.end());
  found.log_likelihood = at.value / at.num_queries;
  found.iterations = iteration;
  return found;
}

double calibration_log_likelihood(const CalibrationProblem& problem, const Calibration& at, std::span<double> gradient, ThreadPool& pool) {
  const Derivatives found = derivatives(problem, joined(at), pool);
  for (std::size_t i = 0; i < gradient.size(); ++i) gradient[i] = found.gradient[i] / found.num_queries;
  return found.value / found.num_queries;
}

}  // namespace gemel
