#include "gemel/eval/list_statistics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "gemel/data/testing.h"

namespace gemel {
namespace {

std::vector<ScoredItem> list(std::initializer_list<std::uint32_t> items) {
  std::vector<ScoredItem> scored;
  for (const std::uint32_t item : items) scored.push_back({ItemIndex{item}, 0});
  return scored;
}

// Products p0 to p4 with a colour each, or without one: p0 and p1 are red, p2 and p3 blue.
Dataset shop(bool with_colours) {
  std::vector<testing::EntityRow> products;
  for (const char* id : {"p0", "p1", "p2", "p3", "p4"})
    products.push_back({id, {{"colour", with_colours ? (id[1] < '2' ? "red" : "blue") : ""}}});
  return testing::make_dataset({{"ann", "p0", 0}}, products, {}, {.item_features = "colour = \"category\""});
}

TEST(Gini, IsZeroForEqualCountsAndKnownForOthers) {
  EXPECT_DOUBLE_EQ(gini({3, 3, 3}), 0);
  EXPECT_DOUBLE_EQ(gini({0, 0, 0, 8}), 0.75);  // (n - 1) / n when one has all
  EXPECT_DOUBLE_EQ(gini({1, 3}), 0.25);        // mean absolute difference 1 / (2 * mean 2) = 0.25
  EXPECT_DOUBLE_EQ(gini({0, 0}), 0);
}

TEST(ListCounter, AgreesWithACaseWorkedByHand) {
  // Sales 6, 2, 1, 1, 0: products 0 and 1 make 80 %, the rest is tail. Product 4 may not be recommended.
  const Dataset coloured = shop(true);
  const ItemAttributes colours(coloured.item_table());
  ListCounter counter(std::vector<double>{6, 2, 1, 1, 0}, colours, /*k=*/2);
  counter.add(list({0, 1, 2}));  // the third does not count
  counter.add(list({0, 3}));
  counter.end_block();
  counter.add(list({0, 1}));
  counter.end_block();
  const ListStatistics stats = counter.finish(std::vector<std::uint8_t>{1, 1, 1, 1, 0});
  EXPECT_EQ(stats.num_lists, 3u);
  EXPECT_DOUBLE_EQ(stats.catalogue_coverage, 3.0 / 4);
  EXPECT_DOUBLE_EQ(stats.tail_share, 1.0 / 6);
  EXPECT_DOUBLE_EQ(stats.overlap, 0.5);  // one pair, {0, 1} and {0, 3}; the third list was asked at another time
  EXPECT_DOUBLE_EQ(stats.gini, gini({3, 2, 0, 1}));
  EXPECT_DOUBLE_EQ(stats.intra_list_diversity.value(), 1.0 / 3);  // of three lists, {0, 3} has two colours
  EXPECT_NEAR(stats.novelty_bits, -(3 * std::log2(7 / 15.) + 2 * std::log2(3 / 15.) + std::log2(2 / 15.)) / 6, 1e-6);
}

TEST(ListCounter, SameListForAllOverlapsWholly) {
  const Dataset plain = shop(false);
  const ItemAttributes nothing(plain.item_table());
  ListCounter counter(std::vector<double>{1, 1, 1}, nothing, 2);
  for (int customer = 0; customer < 5; ++customer) counter.add(list({2, 1}));
  counter.end_block();
  EXPECT_DOUBLE_EQ(counter.finish(std::vector<std::uint8_t>{1, 1, 1}).overlap, 1);
}

TEST(ListCounter, WithoutListsIsAllZero) {
  const Dataset plain = shop(false);
  const ItemAttributes nothing(plain.item_table());
  ListCounter counter(std::vector<double>{1, 1, 1}, nothing, 2);
  const ListStatistics stats = counter.finish(std::vector<std::uint8_t>{1, 1, 1});
  EXPECT_EQ(stats.catalogue_coverage, 0);
  EXPECT_EQ(stats.overlap, 0);
  EXPECT_FALSE(stats.intra_list_diversity);
}

}  // namespace
}  // namespace gemel
