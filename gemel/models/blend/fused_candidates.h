// The rankings of several models for one query, laid side by side. For product j and part p:
//   rank   feature = 1 / (60 + rank of j in p's list), 0 where p does not name it (reciprocal rank fusion: Cormack, Clarke, Buettcher,
//          SIGIR 2009)
//   score  feature = (score - mean of p's list) / deviation of p's list; where p does not name it, that of the last one it names
//   (standardised
//          sums: Montague, Aslam, SIGIR 2001)
// A blend's score is the weighted sum of the features.
// Thread safety: one for each thread.
#pragma once

#include <span>
#include <vector>

#include "gemel/models/recommender.h"
#include "gemel/numerics/top_k.h"

namespace gemel {

enum class FusionMethod : std::uint8_t { kRank, kScore };

class FusedCandidates {
 public:
  // lists[p]: the best products of part p, best first.
  void gather(FusionMethod method, std::span<const std::span<const ScoredItem>> lists);

  std::size_t size() const { return items_.size(); }
  std::span<const ItemIndex> items() const { return items_; }  // ascending
  // The k best by weighted sum of the features; weights [parts].
  void best(std::span<const double> weights, std::size_t k, std::vector<ScoredIndex>& out) const;
  std::span<const float> features_of(std::size_t row) const { return std::span(features_).subspan(row * num_parts_, num_parts_); }

 private:
  std::size_t num_parts_ = 0;
  std::vector<ItemIndex> items_;
  std::vector<float> features_;  // [items, parts]
};

}  // namespace gemel
