// Normalised discounted cumulative gain with binary gains (Järvelin, Kekäläinen, TOIS 2002; discount log2(rank + 1), rank from 1).
#pragma once

#include <cmath>

#include "gemel/eval/ranked_targets.h"

namespace gemel {

// DCG / ideal DCG; the ideal ranking begins with min(targets, k) hits.
inline double ndcg_at_k(const RankedTargets& ranked, std::size_t k) {
  const auto discount = [](std::size_t rank) { return 1 / std::log2(static_cast<double>(rank) + 2); };
  double gain = 0, ideal = 0;
  for (std::size_t hit = 0; hit < hits_at_k(ranked, k); ++hit) gain += discount(ranked.hit_ranks[hit]);
  for (std::size_t rank = 0; rank < std::min(ranked.num_targets, k); ++rank) ideal += discount(rank);
  return gain / ideal;
}

}  // namespace gemel
