#include "gemel/data/twin_pairs.h"

#include <gmock/gmock.h>

#include <set>
#include <tuple>

#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

using Found = std::set<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>>;  // lower, higher product, shared rows

// The definition, pair by pair.
Found slow_pairs(const std::vector<DayRow>& rows, std::size_t num_items, const TwinsConfig& config) {
  std::vector<std::set<std::pair<std::uint32_t, std::int32_t>>> baskets(num_items);
  for (const DayRow& row : rows) baskets[row.item].insert({row.user, row.day});
  Found found;
  for (std::uint32_t a = 0; a < num_items; ++a) {
    for (std::uint32_t b = a + 1; b < num_items; ++b) {
      std::uint32_t shared = 0;
      for (const auto& basket : baskets[a]) shared += baskets[b].contains(basket);
      const auto rarer = static_cast<double>(std::min(baskets[a].size(), baskets[b].size()));
      if (shared >= static_cast<std::uint32_t>(config.min_shared) && shared >= config.min_share * rarer) found.insert({a, b, shared});
    }
  }
  return found;
}

TEST(TwinPairs, AreThoseOfTheDefinitionOnRandomBasketsWithPlantedTwins) {
  Rng rng(17);
  for (int trial = 0; trial < 60; ++trial) {
    const std::size_t num_items = 2 + rng.below(30);
    std::vector<DayRow> rows;
    for (int i = 0; i < 400; ++i) {
      const DayRow row{static_cast<std::uint32_t>(rng.below(12)), static_cast<std::int32_t>(rng.below(9)),
                       static_cast<std::uint32_t>(rng.below(num_items))};
      rows.push_back(row);
      if (row.item % 5 == 1 && rng.uniform() < 0.95) rows.push_back({row.user, row.day, row.item - 1});
    }
    const TwinsConfig config{.merge = true, .min_shared = static_cast<int>(1 + rng.below(6)), .min_share = 0.5 + 0.5 * rng.uniform()};
    Found found;
    for (const TwinPair& pair : find_twin_pairs(rows, num_items, config)) {
      EXPECT_LE(std::tuple(pair.num_rarer, pair.rarer), std::tuple(pair.num_other, pair.other));
      found.insert({std::min(pair.rarer, pair.other), std::max(pair.rarer, pair.other), pair.num_shared});
    }
    EXPECT_EQ(found, slow_pairs(rows, num_items, config)) << "trial " << trial;
  }
}

TEST(TwinPairs, ShareNearlyAllCustomersAndDaysOfTheRarerOne) {
  std::vector<DayRow> rows;
  for (std::uint32_t user = 0; user < 10; ++user) {
    const auto day = static_cast<std::int32_t>(user);
    rows.push_back({user, day, 0});
    rows.push_back({user, day, 0});  // the same again
    if (user < 5) rows.push_back({user, day, 1});
    if (user < 4) rows.push_back({user, day, 2});           // too few
    rows.push_back({user, day + (user < 8 ? 0 : 1), 3});  // 80 %
  }
  std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs;
  for (const TwinPair& pair : find_twin_pairs(rows, 4, TwinsConfig{})) pairs.push_back({pair.rarer, pair.other});
  EXPECT_THAT(pairs, ::testing::ElementsAre(::testing::Pair(1, 0), ::testing::Pair(1, 3)));  // all 5 rows of product 1 are among theirs
}

TEST(TwinPairs, OfNothingAreNone) { EXPECT_TRUE(find_twin_pairs({}, 0, {}).empty()); }

}  // namespace
}  // namespace gemel
