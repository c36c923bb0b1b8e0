// What the checks stand on: distributions and wording.
#include <gmock/gmock.h>

#include <cmath>

#include "gemel/data/health/distributions.h"
#include "gemel/data/health/wording.h"
#include "gemel/data/testing.h"

namespace gemel::health {
namespace {

using ::testing::ElementsAre;

TEST(Distributions, StabilityIndexAndDivergenceByHand) {
  EXPECT_EQ(stability_index({10, 20}, {10, 20}), 0);
  // With half a count in each bin: 99.5 + .5 of 200 against 149.5 + .5 of 200.
  EXPECT_NEAR(stability_index({99.5, 99.5}, {149.5, 49.5}), 0.25 * std::log(1.5) - 0.25 * std::log(0.5), 1e-12);
  EXPECT_EQ(jensen_shannon({1, 0}, {0, 3}), 1);
  EXPECT_EQ(jensen_shannon({1, 3}, {2, 6}), 0);
  EXPECT_NEAR(jensen_shannon({1, 0}, {1, 1}), 0.5 * std::log2(1 / 0.75) + 0.25 * std::log2(0.5 / 0.75) + 0.25 * std::log2(2.), 1e-12);
}

TEST(Distributions, BinsHoldTopValuesOthersAndMissing) {
  const Dataset shop = testing::make_dataset({},
                                             {{"a", {{"brand", "x"}, {"price", "1"}, {"notes", "m|n"}}},
                                              {"b", {{"brand", "y"}, {"price", "2"}, {"notes", "m"}}},
                                              {"c", {{"brand", "z"}, {"price", "9"}}},
                                              {"d", {}}},
                                             {}, {.item_features = "brand = \"category\"\nprice = \"number\"\nnotes = \"tags\""});
  const std::vector<std::uint32_t> weights{5, 9, 1, 2};
  const FieldValues brand(*shop.item_table().feature("brand"), 4), notes(*shop.item_table().feature("notes"), 4);
  const BinnedField brands = bin_values(brand, weights, 2);
  EXPECT_THAT(brands.labels, ElementsAre("missing", "y", "x", "other values"));
  EXPECT_THAT(histogram(brands, weights), ElementsAre(2, 9, 5, 1));
  EXPECT_THAT(histogram(bin_values(notes, weights, 5), weights), ElementsAre(3, 11.5, 2.5, 0));
  const BinnedField prices = bin_numbers(*shop.item_table().feature("price"), weights, 2);
  EXPECT_THAT(prices.labels, ElementsAre("missing", "below 9", "9 and more"));
  EXPECT_THAT(histogram(prices, weights), ElementsAre(2, 14, 1));
}

TEST(Wording, NumbersAsPeopleReadThem) {
  EXPECT_EQ(percent(0.1234), "12 %");
  EXPECT_EQ(percent(0.0123), "1.2 %");
  EXPECT_EQ(percent(0.0004), "0.04 %");
  EXPECT_EQ(percent(1e-6), "less than 0.01 %");
  EXPECT_EQ(percent(0), "0 %");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(counted(1, "event"), "1 event");
  EXPECT_EQ(counted(2, "category"), "2 categories");
  EXPECT_EQ(counted(0, "day"), "0 days");
  EXPECT_EQ(listed({"a", "b", "c"}, 2), "a, b and 1 more");
  EXPECT_EQ(short_number(12.345), "12.3");
  EXPECT_EQ(short_number(1234.5), "1234");
}

}  // namespace
}  // namespace gemel::health
