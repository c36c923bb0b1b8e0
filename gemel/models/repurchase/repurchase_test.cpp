#include "gemel/models/repurchase/repurchase.h"

#include <gtest/gtest.h>

#include <cmath>

#include "gemel/data/testing.h"

namespace gemel {
namespace {

using testing::at_day;
using testing::item_of;

TEST(Repurchase, RanksTheCustomersOwnDecayedCountsBeforeWhatIsPopular) {
  const Dataset shop = testing::make_dataset({{"ann", "tea", 0},
                                              {"ann", "tea", 2},
                                              {"ann", "rum", 9},
                                              {"ann", "pie", 9.5, "view"},
                                              {"bob", "ice", 8},
                                              {"cat", "ice", 8},
                                              {"dan", "pie", 8}});
  ThreadPool pool(1);
  Repurchase model({.half_life_days = 4, .popularity_half_life_days = kNoDecay});
  ASSERT_TRUE(model.fit({&shop, shop.num_events(), at_day(10)}, {.pool = pool}));
  const Histories histories(shop, shop.num_events());
  Query query;
  query.at = at_day(10);
  query.history = history_before(histories.of(testing::user_of(shop, "ann")), query.at);
  std::vector<std::vector<ScoredItem>> out;
  model.recommend(std::span(&query, 1), 10, {}, pool, out);
  ASSERT_EQ(out[0].size(), 4u);
  EXPECT_EQ(out[0][0].item, item_of(shop, "rum"));
  EXPECT_FLOAT_EQ(out[0][0].score, std::exp2(-1.f / 4));
  EXPECT_EQ(out[0][1].item, item_of(shop, "tea"));
  EXPECT_FLOAT_EQ(out[0][1].score, std::exp2(-10.f / 4) + std::exp2(-8.f / 4));
  EXPECT_EQ(out[0][2].item, item_of(shop, "ice"));
  EXPECT_EQ(out[0][3].item, item_of(shop, "pie"));  // only looked at by ann: bought once by another
  EXPECT_LT(out[0][2].score, 0);
}

TEST(Repurchase, KeepsWhatWasBoughtLongAgoBeforeWhatIsOnlyPopular) {
  const Dataset shop = testing::make_dataset({{"ann", "tea", 0}, {"bob", "ice", 5000}, {"bob", "ice", 5001}});
  ThreadPool pool(1);
  Repurchase model({.half_life_days = 1, .popularity_half_life_days = 1});
  ASSERT_TRUE(model.fit({&shop, shop.num_events(), at_day(5002)}, {.pool = pool}));
  const Histories histories(shop, shop.num_events());
  Query query;
  query.at = at_day(5002);
  query.history = histories.of(testing::user_of(shop, "ann"));
  std::vector<std::vector<ScoredItem>> out;
  model.recommend(std::span(&query, 1), 1, {}, pool, out);
  EXPECT_EQ(out[0][0].item, item_of(shop, "tea"));
}

}  // namespace
}  // namespace gemel
