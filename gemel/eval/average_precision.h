// Average precision; its mean over queries is MAP.
#pragma once

#include "gemel/eval/ranked_targets.h"

namespace gemel {

// Sum over the hits among the first k of the precision at their rank, divided by all targets (not by min(targets, k)).
inline double map_at_k(const RankedTargets& ranked, std::size_t k) {
  double sum = 0;
  for (std::size_t hit = 0; hit < hits_at_k(ranked, k); ++hit) {
    sum += static_cast<double>(hit + 1) / static_cast<double>(ranked.hit_ranks[hit] + 1);
  }
  return sum / static_cast<double>(ranked.num_targets);
}

}  // namespace gemel
