// Normalised discounted cumulative gain with binary gains (Järvelin, Kekäläinen, TOIS 2002; discount log2(rank + 1), rank from 1).
#pragma once

#include <array>
#include <cmath>

#include "gemel/eval/ranked_targets.h"

namespace gemel {

// Gain of a hit at this rank (from 0).
inline double discounted_gain(std::size_t rank) {
  static const auto table = [] {  // a logarithm a hit was a third of the evaluation's time
    std::array<double, 128> gains{};
    for (std::size_t r = 0; r < gains.size(); ++r) gains[r] = 1 / std::log2(static_cast<double>(r) + 2);
    return gains;
  }();
  return rank < table.size() ? table[rank] : 1 / std::log2(static_cast<double>(rank) + 2);
}

// DCG / ideal DCG; the ideal ranking begins with min(targets, k) hits.
inline double ndcg_at_k(const RankedTargets& ranked, std::size_t k) {
  double gain = 0, ideal = 0;
  for (std::size_t hit = 0; hit < hits_at_k(ranked, k); ++hit) gain += discounted_gain(ranked.hit_ranks[hit]);
  for (std::size_t rank = 0; rank < std::min(ranked.num_targets, k); ++rank) ideal += discounted_gain(rank);
  return gain / ideal;
}

}  // namespace gemel
