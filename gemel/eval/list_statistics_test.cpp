#include "gemel/eval/list_statistics.h"

#include <gtest/gtest.h>

#include <cmath>

namespace gemel {
namespace {

std::vector<ScoredItem> list(std::initializer_list<std::uint32_t> items) {
  std::vector<ScoredItem> scored;
  for (const std::uint32_t item : items) scored.push_back({ItemIndex{item}, 0});
  return scored;
}

TEST(Gini, IsZeroForEqualCountsAndKnownForOthers) {
  EXPECT_DOUBLE_EQ(gini({3, 3, 3}), 0);
  EXPECT_DOUBLE_EQ(gini({0, 0, 0, 8}), 0.75);  // (n - 1) / n when one has all
  EXPECT_DOUBLE_EQ(gini({1, 3}), 0.25);        // mean absolute difference 1 / (2 * mean 2) = 0.25
  EXPECT_DOUBLE_EQ(gini({0, 0}), 0);
}

TEST(ListCounter, AgreesWithACaseWorkedByHand) {
  // Sales 6, 2, 1, 1, 0: products 0 and 1 make 80 %, the rest is tail. Product 4 may not be recommended.
  ListCounter counter(std::vector<double>{6, 2, 1, 1, 0}, /*k=*/2);
  counter.add(list({0, 1, 2}), 0);  // the third does not count
  counter.add(list({0, 3}), 1);
  counter.end_block();
  counter.add(list({0, 1}), std::nullopt);
  counter.end_block();
  const ListStatistics stats = counter.finish(std::vector<std::uint8_t>{1, 1, 1, 1, 0});
  EXPECT_EQ(stats.num_lists, 3u);
  EXPECT_DOUBLE_EQ(stats.catalogue_coverage, 3.0 / 4);
  EXPECT_DOUBLE_EQ(stats.tail_share, 1.0 / 6);
  EXPECT_DOUBLE_EQ(stats.overlap, 0.5);  // one pair, {0, 1} and {0, 3}; the third list was asked at another time
  EXPECT_DOUBLE_EQ(stats.gini, gini({3, 2, 0, 1}));
  EXPECT_DOUBLE_EQ(stats.intra_list_diversity.value(), 0.5);  // of the two that have one
  EXPECT_NEAR(stats.novelty_bits, -(3 * std::log2(7 / 15.) + 2 * std::log2(3 / 15.) + std::log2(2 / 15.)) / 6, 1e-6);
}

TEST(ListCounter, SameListForAllOverlapsWholly) {
  ListCounter counter(std::vector<double>{1, 1, 1}, 2);
  for (int customer = 0; customer < 5; ++customer) counter.add(list({2, 1}), std::nullopt);
  counter.end_block();
  EXPECT_DOUBLE_EQ(counter.finish(std::vector<std::uint8_t>{1, 1, 1}).overlap, 1);
}

TEST(ListCounter, WithoutListsIsAllZero) {
  ListCounter counter(std::vector<double>{1, 1, 1}, 2);
  const ListStatistics stats = counter.finish(std::vector<std::uint8_t>{1, 1, 1});
  EXPECT_EQ(stats.catalogue_coverage, 0);
  EXPECT_EQ(stats.overlap, 0);
  EXPECT_FALSE(stats.intra_list_diversity);
}

}  // namespace
}  // namespace gemel
