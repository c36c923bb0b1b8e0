#include "gemel/models/blend/fusion_search.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace gemel {
namespace {

constexpr std::size_t kCutoff = 20, kQueriesAtOnce = 64;
constexpr double kMultiples[] = {0, .1, .25, .5, .7, 1.4, 2, 4, 10};
constexpr int kMaxRounds = 6;

double ndcg(std::span<const ScoredIndex> ranking, std::span<const ItemIndex> targets) {
  double gain = 0, ideal = 0;
  for (std::size_t rank = 0; rank < ranking.size(); ++rank)
    if (std::ranges::binary_search(targets, ItemIndex{ranking[rank].index})) gain += 1 / std::log2(static_cast<double>(rank) + 2);
  for (std::size_t rank = 0; rank < std::min(kCutoff, targets.size()); ++rank) ideal += 1 / std::log2(static_cast<double>(rank) + 2);
  return ideal > 0 ? gain / ideal : 0;
}

}  // namespace

void FusionSearch::add_query(std::span<const std::span<const ScoredItem>> lists, std::span<const ItemIndex> targets) {
  Asked& asked = queries_.emplace_back();
  for (const auto& list : lists) asked.lists.emplace_back(list.begin(), list.end());
  asked.targets.assign(targets.begin(), targets.end());
}

std::vector<FusedCandidates> FusionSearch::gather(FusionMethod method, ThreadPool& pool) const {
  std::vector<FusedCandidates> candidates(queries_.size());
  pool.for_blocks(queries_.size(), kQueriesAtOnce, [&](std::size_t begin, std::size_t end) {
    for (std::size_t q = begin; q < end; ++q) {
      const std::vector<std::span<const ScoredItem>> lists(queries_[q].lists.begin(), queries_[q].lists.end());
      candidates[q].gather(method, lists);
    }
  });
  return candidates;
}

double FusionSearch::ndcg_at_20(std::span<const FusedCandidates> candidates, std::span<const double> weights, ThreadPool& pool) const {
  std::vector<double> values(queries_.size());
  pool.for_blocks(queries_.size(), kQueriesAtOnce, [&](std::size_t begin, std::size_t end) {
    std::vector<ScoredIndex> best;
    for (std::size_t q = begin; q < end; ++q) {
      candidates[q].best(weights, kCutoff, best);
      values[q] = ndcg(best, queries_[q].targets);
    }
  });
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

double FusionSearch::ndcg_at_20(FusionMethod method, std::span<const double> weights, ThreadPool& pool) const {
  return ndcg_at_20(gather(method, pool), weights, pool);
}

Fusion FusionSearch::search(FusionMethod method, ThreadPool& pool) const {
  const std::vector<FusedCandidates> candidates = gather(method, pool);
  Fusion best{method, std::vector<double>(num_parts_, 1), 0};
  best.ndcg_at_20 = ndcg_at_20(candidates, best.weights, pool);
  bool has_risen = true;
  for (int round = 0; round < kMaxRounds && has_risen; ++round) {
    has_risen = false;
    for (std::size_t p = 0; p < num_parts_ && !interrupted(); ++p) {
      std::vector<double> weights = best.weights;
      const double from = weights[p] > 0 ? weights[p] : 1;  // a part that was left out may come back
      for (const double multiple : kMultiples) {
        weights[p] = from * multiple;
        const double value = ndcg_at_20(candidates, weights, pool);
        if (value <= best.ndcg_at_20) continue;
        best.ndcg_at_20 = value;
        best.weights = weights;
        has_risen = true;
      }
    }
  }
  const double sum = std::accumulate(best.weights.begin(), best.weights.end(), 0.0);
  if (sum > 0)
    for (double& weight : best.weights) weight /= sum;
  return best;
}

}  // namespace gemel
