// Products as rows of factors: how the factorizations rank by <customer, product> + the product's bias, and how their products resemble
// each other.
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
  // item_factors [num_items, dim], item_biases [num_items] or empty; both are copied.
  explicit FactorRanking(ConstMatrixView item_factors, std::span<const float> item_biases = {});

  // [num_items, dim], of length 1; zeros where the factors are.
  ConstMatrixView directions() const { return directions_; }

  // As Recommender::recommend: the products that are known (is_known [num_items]), mixed with and followed by popularity.
  void recommend(std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible,
                 std::span<const std::uint8_t> is_known, const PopularityMix& popularity, const Embed& embed, ThreadPool& pool,
                 std::vector<std::vector<ScoredItem>>& out) const;

 private:
  // users [queries, dim] as rows that the index knows, brought to the scale that popularity is mixed at.
  Matrix scaled(Matrix users, const PopularityMix& popularity) const;

  bool has_biases_ = false;
  ExactIndex index_;  // of the factors and, with biases, one column more for them
  Matrix covariance_;  // of the index's columns over all products: a customer's tastes u have the variance transposed(u) covariance u
  Matrix directions_;
};

}  // namespace gemel
