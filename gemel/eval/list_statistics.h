// What the recommended lists are like, hits aside: how much of the catalogue they use, how evenly, how obvious they are, and how much
// customers' lists resemble each other. Counted over the first k of every list.
// Thread safety: one counter for each thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "gemel/models/recommender.h"

namespace gemel {

struct ListStatistics {
  std::size_t k = 0;
  std::size_t num_lists = 0;
  double catalogue_coverage = 0;  // products recommended at least once / products that could have been
  double gini = 0;                // of how often each eligible product was recommended: 0 all alike, towards 1 a few get all
  double tail_share = 0;          // share of recommendations outside the best sellers that make 80 % of the sales before the cut
  double novelty_bits = 0;        // mean of -log2 (share of sales before the cut, add-one smoothed) (Vargas, Castells, RecSys 2011)
  double overlap = 0;             // mean over pairs of lists asked at the same time of |both| / k
  std::optional<double>
      intra_list_diversity;  // mean over lists (item_attributes.h); for k up to kMostDiverse, where products have attributes
};

class ListCounter {
 public:
  static constexpr std::size_t kMostDiverse = 20;  // a list of 100 has 4,950 pairs

  // sales [num_items]: how often each product was sold before the cut.
  ListCounter(std::span<const double> sales, std::size_t k);

  // diversity: of the first k of the list (item_attributes.h); empty where it has none, and for k above kMostDiverse.
  void add(std::span<const ScoredItem> list, std::optional<double> diversity);
  void end_block();  // lists of different blocks are not compared with each other
  // eligible [num_items]: what could have been recommended by the end.
  ListStatistics finish(std::span<const std::uint8_t> eligible) const;

 private:
  std::size_t k_;
  std::vector<float> novelty_;       // [num_items]
  std::vector<std::uint8_t> is_tail_;  // [num_items]
  std::vector<std::uint32_t> block_counts_, counts_;  // [num_items]
  std::size_t block_lists_ = 0, num_lists_ = 0, num_recommended_ = 0, num_tail_ = 0;
  double novelty_sum_ = 0, shared_pairs_ = 0, pairs_ = 0, diversity_sum_ = 0;
  std::size_t num_diverse_ = 0;      // lists that have a diversity
};

// Gini coefficient of counts, any order; 0 when nothing was counted.
double gini(std::vector<double> counts);

}  // namespace gemel
