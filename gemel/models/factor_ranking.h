// Products as rows of factors: how the factorizations rank by <customer, product> + bias, and how their products resemble each other.
// Thread safety: const after construction.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "gemel/index/exact_index.h"
#include "gemel/models/popularity/popularity_mix.h"
#include "gemel/models/recommender.h"

namespace gemel {

class FactorRanking {
 public:
  // The customers of some queries, [queries, dim]; has_taste [queries] receives 0 where nothing is known of one.
  using Embed = std::function<Matrix(std::span<const Query> queries, std::span<std::uint8_t> has_taste)>;

  FactorRanking() = default;
  explicit FactorRanking(ConstMatrixView item_factors);  // [num_items, dim], copied

  // [num_items, dim], of length 1; zeros where the factors are.
  ConstMatrixView directions() const { return directions_; }

  // As Recommender::recommend: the products that are known (is_known [num_items]) by dot product, plus item_biases ([num_items], or empty),
  // mixed with and followed by popularity.
  void recommend(std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible,
                 std::span<const std::uint8_t> is_known, std::span<const float> item_biases, const PopularityMix& popularity,
                 const Embed& embed, ThreadPool& pool, std::vector<std::vector<ScoredItem>>& out) const;

 private:
  ExactIndex index_;
  Matrix directions_;
};

}  // namespace gemel
