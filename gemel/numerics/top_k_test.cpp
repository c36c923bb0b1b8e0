#include "gemel/numerics/top_k.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

std::vector<float> random_scores(std::size_t n, std::uint64_t seed) {  // few distinct values: ties are common
  Rng rng(seed);
  std::vector<float> scores(n);
  for (float& score : scores) score = static_cast<float>(rng.below(20)) - 10;
  return scores;
}

std::vector<ScoredIndex> top_k_by_full_sort(const std::vector<float>& scores, std::size_t k) {
  std::vector<ScoredIndex> all;
  for (std::uint32_t i = 0; i < scores.size(); ++i) all.push_back({i, scores[i]});
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
  all.resize(std::min(k, all.size()));
  return all;
}

TEST(TopK, AgreesWithAFullSortAndTiesGoToTheLowerIndex) {
  for (std::size_t n : {0, 1, 7, 8, 9, 63, 255, 256, 257, 1000})
    for (std::size_t k : {0, 1, 2, 10, 100, 200, 256, 999, 2000}) {  // k > n returns n results
      const auto scores = random_scores(n, 42 + n);
      EXPECT_EQ(top_k(scores, k), top_k_by_full_sort(scores, k)) << n << " scores, k " << k;
    }
}

TEST(TopK, DoesNotDependOnTheOrderOfOffers) {
  const auto scores = random_scores(500, 7);
  const auto expected = top_k_by_full_sort(scores, 20);
  std::vector<std::uint32_t> order(scores.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  Rng rng(1);
  TopK best(20);
  std::vector<ScoredIndex> found;
  for (int trial = 0; trial < 20; ++trial) {
    rng.shuffle(std::span(order));
    for (const std::uint32_t index : order) best.offer(index, scores[index]);
    best.take(found);
    EXPECT_EQ(found, expected);
  }
}

TEST(TopK, LeavesOutExcludedAndIneligibleItemsAndStillFillsK) {
  const std::vector<float> scores = {5, 9, 7, 9, 1, 3};
  const std::vector<std::uint8_t> eligible = {1, 1, 1, 0, 1, 1};
  const std::vector<std::uint32_t> excluded = {1, 4};
  EXPECT_EQ(top_k(scores, 3, eligible, excluded), (std::vector<ScoredIndex>{{2, 7}, {0, 5}, {5, 3}}));
  EXPECT_EQ(top_k(scores, 9, eligible, excluded).size(), 3u);
}

TEST(TopK, KeepsInfinitiesAndNeverANan) {
  const float inf = std::numeric_limits<float>::infinity();
  const std::vector<float> scores = {-inf, std::nanf(""), 0, inf};
  EXPECT_EQ(top_k(scores, 4), (std::vector<ScoredIndex>{{3, inf}, {2, 0}, {0, -inf}}));
}

}  // namespace
}  // namespace gemel
