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

TEST(TwinPairs, OfNothingAreNone) { EXPECT_TRUE(find_twin_pairs({}, 0, {}).empty()); }

}  // namespace
}  // namespace gemel
