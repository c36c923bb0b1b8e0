// Reciprocal rank of the first hit; its mean over queries is MRR.
#pragma once

#include "gemel/eval/ranked_targets.h"

namespace gemel {

// 1 / rank (from 1) of the first hit, 0 when none stands among the first k.
inline double mrr_at_k(const RankedTargets& ranked, std::size_t k) {
  return hits_at_k(ranked, k) == 0 ? 0 : 1 / static_cast<double>(ranked.hit_ranks.front() + 1);
}

}  // namespace gemel
