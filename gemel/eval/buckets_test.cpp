#include "gemel/eval/buckets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gemel {
namespace {

using ::testing::ElementsAre;

TEST(PopularityBuckets, CutTheSalesAtHalfAndAtFourFifths) {
  // 100 sales: 40 + 20 pass the half, 15 + 10 end at 85, past four fifths; the rest is the tail, and what never sold stands apart.
  EXPECT_THAT(popularity_buckets(std::vector<double>{10, 40, 0, 20, 15, 8, 7}), ElementsAre(1, 0, 3, 0, 1, 2, 2));
}

TEST(PopularityBuckets, OfProductsThatSellAlikeTheFirstCountFirst) {
  EXPECT_THAT(popularity_buckets(std::vector<double>{5, 5, 5, 5}), ElementsAre(0, 0, 1, 1));
  EXPECT_THAT(popularity_buckets(std::vector<double>{0, 0}), ElementsAre(3, 3));
  EXPECT_THAT(popularity_buckets(std::vector<double>{}), ElementsAre());
}

TEST(HistoryBucket, IsNamedAfterTheLengthsItHolds) {
  const std::vector<std::pair<std::size_t, std::string_view>> cases = {
      {0, "0"}, {1, "1"}, {2, "2"}, {3, "3_to_5"}, {5, "3_to_5"}, {6, "6_to_15"}, {15, "6_to_15"}, {16, "16_or_more"}, {999, "16_or_more"}};
  for (const auto& [length, name] : cases) EXPECT_EQ(kHistoryBuckets[history_bucket(length)].name, name) << length;
}

}  // namespace
}  // namespace gemel
