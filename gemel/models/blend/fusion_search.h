// The weights of a blend, chosen on validation. Thread safety: one user.
#pragma once

#include <span>
#include <vector>

#include "gemel/models/blend/fused_candidates.h"

namespace gemel {

struct Fusion {
  FusionMethod method = FusionMethod::kRank;
  std::vector<double> weights;  // [parts]
  double ndcg_at_20 = 0;        // on what it was chosen by
};

// What the parts said to the queries of validation, and what was right.
class FusionSearch {
 public:
  explicit FusionSearch(std::size_t num_parts) : num_parts_(num_parts) {}

  // lists[p]: the answer of part p; targets sorted.
  void add_query(std::span<const std::span<const ScoredItem>> lists, std::span<const ItemIndex> targets);
  std::size_t num_queries() const { return queries_.size(); }

  // Each weight in turn is set to every multiple of a short grid, from equal weights on, as long as NDCG@20 rises.
  Fusion search(FusionMethod method, ThreadPool& pool) const;
  double ndcg_at_20(FusionMethod method, std::span<const double> weights, ThreadPool& pool) const;

 private:
  struct Asked {
    std::vector<std::vector<ScoredItem>> lists;  // [parts]
    std::vector<ItemIndex> targets;
  };
  std::vector<FusedCandidates> gather(FusionMethod method, ThreadPool& pool) const;
  double ndcg_at_20(std::span<const FusedCandidates> candidates, std::span<const double> weights, ThreadPool& pool) const;

  std::size_t num_parts_;
  std::vector<Asked> queries_;
};

}  // namespace gemel
