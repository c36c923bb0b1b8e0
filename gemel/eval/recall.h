// How many of the targets the first k hold. All in [0, 1].
#pragma once

#include "gemel/eval/ranked_targets.h"

namespace gemel {

// hits / targets. Cannot reach 1 when there are more than k targets.
inline double recall_at_k(const RankedTargets& ranked, std::size_t k) {
  return static_cast<double>(hits_at_k(ranked, k)) / static_cast<double>(ranked.num_targets);
}

// hits / min(targets, k): 1 is always within reach.
inline double capped_recall_at_k(const RankedTargets& ranked, std::size_t k) {
  return static_cast<double>(hits_at_k(ranked, k)) / static_cast<double>(std::min(ranked.num_targets, k));
}

// 1 when there is any hit. With one target for each query this is the top-k categorical accuracy.
inline double hit_rate_at_k(const RankedTargets& ranked, std::size_t k) { return hits_at_k(ranked, k) > 0 ? 1 : 0; }

}  // namespace gemel
