// What the metrics see of one answer: where in the ranking the targets stand, and how many targets there were.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "gemel/data/ids.h"

namespace gemel {

// hit_ranks: positions of the hits in the ranking, 0 = best, ascending. num_targets > 0: queries without targets are counted, never
// averaged in.
struct RankedTargets {
  std::span<const std::uint32_t> hit_ranks;
  std::size_t num_targets;
};

// Positions in `ranking` (best first, distinct) of the items in `targets` (sorted), into `hit_ranks`.
inline void find_hit_ranks(std::span<const ItemIndex> ranking, std::span<const ItemIndex> targets, std::vector<std::uint32_t>& hit_ranks) {
  hit_ranks.clear();
  for (std::size_t rank = 0; rank < ranking.size(); ++rank) {
    if (std::binary_search(targets.begin(), targets.end(), ranking[rank])) hit_ranks.push_back(static_cast<std::uint32_t>(rank));
  }
}

// How many hits stand among the first k.
inline std::size_t hits_at_k(const RankedTargets& ranked, std::size_t k) {
  std::size_t hits = 0;
  while (hits < ranked.hit_ranks.size() && ranked.hit_ranks[hits] < k) ++hits;
  return hits;
}

}  // namespace gemel
