#include "gemel/models/two_tower/calibration.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "gemel/base/progress.h"
#include "gemel/numerics/gemm.h"
#include "gemel/numerics/kernels.h"
#include "gemel/numerics/top_k.h"

namespace gemel {
namespace {

constexpr std::size_t kCutoff = 20;
constexpr std::size_t kTileQueries = 16;        // queries whose tower logits are held at once
constexpr std::size_t kQueriesPerSum = 256;     // queries of one partial sum of the NDCG
constexpr std::array kSteps{0.5, 0.25, 0.1, 0.05};
constexpr int kRoundsPerStep = 4;
constexpr double kSmallestGain = 1e-6;

// What a query is ranked on.
struct Shortlisted {
  std::uint32_t block;
  std::uint8_t gate;
  std::vector<std::uint32_t> items;    // ascending
  std::vector<float> tower;            // tower logits of items
  std::vector<std::uint32_t> own;      // positions in items of what the customer had
  std::vector<float> own_values;       // [own, personal values]
  std::vector<std::uint32_t> targets;  // positions in items
  double ideal;                        // DCG of a perfect ranking, all targets counted, shortlisted or not
};

double discount(std::size_t rank) { return 1 / std::log2(static_cast<double>(rank) + 2); }  // rank from 0

// Best products of each counter alone, as of one block: the same for all its queries. Ascending, distinct.
std::vector<std::uint32_t> best_of_counters(const CalibrationProblem& problem, std::size_t block) {
  std::vector<std::uint32_t> items;
  const Matrix& shares = problem.log_shares[block];
  for (std::size_t h = 0; h < shares.rows(); ++h) {
    for (const ScoredIndex& best : top_k(shares.row(h), problem.shortlist, problem.eligible[block])) items.push_back(best.index);
  }
  std::ranges::sort(items);
  items.erase(std::unique(items.begin(), items.end()), items.end());
  return items;
}

// The products of the customer that their own counts speak for most.
std::vector<std::uint32_t> best_of_own(const PersonalCounts::Of& personal, std::size_t shortlist) {
  TopK best(shortlist);
  for (std::size_t i = 0; i < personal.items.size(); ++i) {
    const auto values = personal.values_of(i);
    best.offer(personal.items[i], std::accumulate(values.begin(), values.end(), 0.0f));
  }
  std::vector<ScoredIndex> ranked;
  best.take(ranked);
  std::vector<std::uint32_t> items;
  for (const ScoredIndex& item : ranked) items.push_back(item.index);
  return items;
}

void add_own_values(const PersonalCounts::Of& personal, Shortlisted& listed) {
  for (std::size_t i = 0; i < personal.items.size(); ++i) {
    const auto found = std::ranges::lower_bound(listed.items, personal.items[i]);
    if (found == listed.items.end() || *found != personal.items[i]) continue;
    listed.own.push_back(static_cast<std::uint32_t>(found - listed.items.begin()));
    const auto values = personal.values_of(i);
    listed.own_values.insert(listed.own_values.end(), values.begin(), values.end());
  }
}

Shortlisted shortlist_query(const CalibrationProblem& problem, std::size_t i, std::span<const float> tower, std::span<const float> counters,
                            std::span<const std::uint32_t> best_of_block) {
  const PlannedQuery& query = problem.plan.queries[problem.queries[i]];
  std::vector<std::uint32_t> excluded;
  for (auto e = query.excluded_begin; e < query.excluded_end; ++e) excluded.push_back(static_cast<std::uint32_t>(problem.plan.excluded[e]));
  std::vector<std::uint32_t> items;
  for (const std::uint32_t item : best_of_block) {
    if (!std::ranges::binary_search(excluded, item)) items.push_back(item);
  }
  std::vector<float> mixture(tower.size());
  for (const float share : {1.0f, 0.3f}) {
    for (std::size_t j = 0; j < tower.size(); ++j) mixture[j] = share * tower[j] + counters[j];
    for (const ScoredIndex& best : top_k(mixture, problem.shortlist, problem.eligible[query.block], excluded)) items.push_back(best.index);
  }
  if (!problem.personal.empty()) {
    for (const std::uint32_t item : best_of_own(problem.personal[i], problem.shortlist)) {
      if (problem.eligible[query.block][item] != 0 && !std::ranges::binary_search(excluded, item)) items.push_back(item);
    }
  }
  std::ranges::sort(items);
  items.erase(std::unique(items.begin(), items.end()), items.end());

  Shortlisted listed{query.block, problem.gates[i], std::move(items), {}, {}, {}, {}, 0};
  if (!problem.personal.empty()) add_own_values(problem.personal[i], listed);
  for (const std::uint32_t item : listed.items) listed.tower.push_back(tower[item]);
  for (auto t = query.targets_begin; t < query.targets_end; ++t) {
    const auto item = static_cast<std::uint32_t>(problem.plan.targets[t]);
    const auto found = std::ranges::lower_bound(listed.items, item);
    if (found != listed.items.end() && *found == item) listed.targets.push_back(static_cast<std::uint32_t>(found - listed.items.begin()));
  }
  for (std::size_t rank = 0; rank < std::min<std::size_t>(kCutoff, query.targets_end - query.targets_begin); ++rank)
    listed.ideal += discount(rank);
  return listed;
}

// The mean of the counters of one block: what the shortlists' mixtures are made with. -> [num_items]
std::vector<float> mean_of_counters(const Matrix& shares, std::size_t num_items) {
  std::vector<float> mean(num_items, 0.0f);
  for (std::size_t h = 0; h < shares.rows(); ++h)
    kernels().axpy(1.0f / static_cast<float>(shares.rows()), shares.row(h).data(), mean.data(), num_items);
  return mean;
}

std::vector<Shortlisted> make_shortlists(const CalibrationProblem& problem, ThreadPool& pool) {
  const std::size_t num_blocks = problem.log_shares.size(), num_items = problem.candidate_embeddings.rows;
  std::vector<std::vector<std::uint32_t>> best(num_blocks);
  std::vector<std::vector<float>> counters(num_blocks);
  pool.run(num_blocks, [&](std::size_t block) {
    best[block] = best_of_counters(problem, block);
    counters[block] = mean_of_counters(problem.log_shares[block], num_items);
  });
  std::vector<Shortlisted> lists(problem.queries.size());
  pool.for_blocks(problem.queries.size(), kTileQueries, [&](std::size_t begin, std::size_t end) {
    if (interrupted()) return;  // the evaluation that follows reports it, and nothing of this is kept
    Matrix tower(end - begin, num_items);
    gemm(Transpose::kNo, problem.query_embeddings.row_block(begin, end), Transpose::kYes, problem.candidate_embeddings, problem.scale, 0,
         tower);
    for (std::size_t i = begin; i < end; ++i) {
      const std::uint32_t block = problem.plan.queries[problem.queries[i]].block;
      lists[i] = shortlist_query(problem, i, tower.row(i - begin), counters[block], best[block]);
    }
  });
  return lists;
}

double ndcg_of(const Shortlisted& query, std::span<const float> bias, float gate, std::span<const double> personal_weights,
               std::vector<float>& scores) {
  scores.resize(query.items.size());
  for (std::size_t c = 0; c < scores.size(); ++c) scores[c] = gate * query.tower[c] + bias[query.items[c]];
  const std::size_t num_values = personal_weights.size();
  for (std::size_t own = 0; own < query.own.size(); ++own)
    for (std::size_t p = 0; p < num_values; ++p)
      scores[query.own[own]] += static_cast<float>(personal_weights[p]) * query.own_values[own * num_values + p];
  double dcg = 0;
  for (const std::uint32_t target : query.targets) {
    std::size_t rank = 0;  // how many come before it; ties go to the lower index
    for (std::size_t c = 0; c < scores.size(); ++c) rank += scores[c] > scores[target] || (scores[c] == scores[target] && c < target);
    if (rank < kCutoff) dcg += discount(rank);
  }
  return dcg / query.ideal;
}

// The objective of the ascent.
class Objective {
 public:
  Objective(const CalibrationProblem& problem, ThreadPool& pool) : problem_(problem), pool_(pool), lists_(make_shortlists(problem, pool)) {}

  double operator()(const Calibration& at) const {
    if (interrupted()) return 0;  // nothing gains: the ascent ends
    const std::size_t num_items = problem_.candidate_embeddings.rows;
    std::vector<std::vector<float>> bias(problem_.log_shares.size());
    pool_.run(bias.size(), [&](std::size_t block) {
      bias[block].assign(num_items, 0.0f);
      for (std::size_t h = 0; h < at.popularity_weights.size(); ++h)
        kernels().axpy(static_cast<float>(at.popularity_weights[h]), problem_.log_shares[block].row(h).data(), bias[block].data(),
                       num_items);
    });
    std::vector<double> sums((lists_.size() + kQueriesPerSum - 1) / kQueriesPerSum, 0.0);
    pool_.for_blocks(lists_.size(), kQueriesPerSum, [&](std::size_t begin, std::size_t end) {
      std::vector<float> scores;
      for (std::size_t i = begin; i < end; ++i)
        sums[begin / kQueriesPerSum] +=
            ndcg_of(lists_[i], bias[lists_[i].block], static_cast<float>(at.tower_gates[lists_[i].gate]), at.personal_weights, scores);
    });
    double total = 0;
    for (const double sum : sums) total += sum;
    return lists_.empty() ? 0 : total / static_cast<double>(lists_.size());
  }

 private:
  const CalibrationProblem& problem_;
  ThreadPool& pool_;
  std::vector<Shortlisted> lists_;
};

// Takes `candidate` where it is better.
void offer(const Objective& objective, Calibration candidate, Calibration& best) {
  candidate.ndcg_at_20 = objective(candidate);
  if (candidate.ndcg_at_20 > best.ndcg_at_20) best = std::move(candidate);
}

Calibration best_single_counter(const Objective& objective, std::size_t num_half_lives, std::size_t num_personal) {
  Calibration best;
  for (std::size_t h = 0; h < num_half_lives; ++h) {
    Calibration counter{std::vector<double>(num_half_lives, 0.0), std::vector<double>(kNumGates, 0.0),
                        std::vector<double>(num_personal, 0.0)};
    counter.popularity_weights[h] = 1;
    if (h == 0) best = counter;
    offer(objective, std::move(counter), best);
  }
  return best;
}

// Beside the best counter: the personal weights that training learnt, and each personal count so heavy that the counter only fills up.
void offer_personal(const Objective& objective, std::span<const double> trained, Calibration& best) {
  constexpr double kRuling = 5;
  const Calibration counter = best;
  for (std::size_t p = 0; p <= trained.size(); ++p) {
    Calibration candidate = counter;
    if (p < trained.size()) candidate.personal_weights[p] = kRuling;
    else candidate.personal_weights.assign(trained.begin(), trained.end());
    offer(objective, std::move(candidate), best);
  }
}

// Moves one number up or down when that gains; gates stay at 0 or above.
bool try_moves(const Objective& objective, double step, double min, double& number, Calibration& at) {
  const double kept = number;
  const auto rounded = [](double value) { return std::round(value * 1e4) / 1e4; };  // 1.2, not 1.1999999999999995
  for (const double moved : {std::max(min, rounded(kept + step)), std::max(min, rounded(kept - step))}) {
    if (moved == kept) continue;
    number = moved;
    const double ndcg = objective(at);
    if (ndcg > at.ndcg_at_20 + kSmallestGain) {
      at.ndcg_at_20 = ndcg;
      return true;
    }
  }
  number = kept;
  return false;
}

Calibration ascend(const Objective& objective, Calibration at) {
  for (const double step : kSteps) {
    bool improved = true;
    for (int round = 0; round < kRoundsPerStep && improved; ++round) {
      improved = false;
      for (double& weight : at.popularity_weights) improved |= try_moves(objective, step, -1e9, weight, at);
      for (double& weight : at.personal_weights) improved |= try_moves(objective, 2 * step, -1e9, weight, at);
      for (double& gate : at.tower_gates) improved |= try_moves(objective, step / 2, 0, gate, at);
    }
  }
  return at;
}

}  // namespace

std::size_t gate_of(std::size_t history_length) {
  return history_length <= 2 ? history_length : history_length <= 5 ? 3 : history_length <= 15 ? 4 : 5;
}

Calibration calibrate(const CalibrationProblem& problem, const std::optional<Calibration>& start, ThreadPool& pool) {
  const std::size_t num_half_lives = problem.log_shares.empty() ? 0 : problem.log_shares[0].rows();
  if (num_half_lives == 0 || problem.queries.empty())
    return start.value_or(Calibration{{}, std::vector<double>(kNumGates, 1.0), problem.trained_personal_weights});
  const Objective objective(problem, pool);
  const std::vector<double>& trained = problem.trained_personal_weights;
  Calibration at = best_single_counter(objective, num_half_lives, trained.size());
  if (!trained.empty()) offer_personal(objective, trained, at);
  if (start) offer(objective, *start, at);
  at = ascend(objective, std::move(at));
  if (problem.learned_bias) {
    Calibration trained_all{std::vector<double>(num_half_lives, 0.0), std::vector<double>(kNumGates, 1.0), trained};
    trained_all.popularity_weights[*problem.learned_bias] = 1;
    trained_all.ndcg_at_20 = objective(trained_all);
    Calibration other = ascend(objective, std::move(trained_all));
    if (other.ndcg_at_20 > at.ndcg_at_20) at = std::move(other);
  }
  return at;
}

double calibration_ndcg(const CalibrationProblem& problem, const Calibration& at, ThreadPool& pool) { return Objective(problem, pool)(at); }

}  // namespace gemel
