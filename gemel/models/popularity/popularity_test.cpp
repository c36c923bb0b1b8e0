#include "gemel/models/popularity/popularity.h"

#include <gtest/gtest.h>

#include <cmath>

#include "gemel/data/testing.h"
#include "gemel/models/registry.h"

namespace gemel {
namespace {

using testing::at_day;
using testing::item_of;

TrainView all_before(const Dataset& dataset, double day) { return {&dataset, dataset.num_events(), at_day(day)}; }

std::vector<ScoredItem> ask(const Recommender& model, std::size_t k, Query query = {}, std::vector<std::uint8_t> eligible = {}) {
  ThreadPool pool(1);
  std::vector<std::vector<ScoredItem>> out;
  model.recommend(std::span(&query, 1), k, eligible, pool, out);
  return out[0];
}

// Sold before day 10: tea on days 0 and 4, rum on day 8.
const Dataset& shop() {
  static const Dataset dataset = testing::make_dataset({{"ann", "tea", 0}, {"bob", "tea", 4}, {"ann", "rum", 8}, {"cat", "ice", 9, "view"}},
                                                       {{"ice"}, {"tea"}, {"rum"}});
  return dataset;
}

TEST(Popularity, CountsAllTargetEventsAlikeWithoutDecay) {
  ThreadPool pool(1);
  Popularity model(kNoDecay);
  ASSERT_TRUE(model.fit(all_before(shop(), 10), {.pool = pool}));
  const auto answer = ask(model, 10);
  ASSERT_EQ(answer.size(), 3u);
  EXPECT_EQ(answer[0].item, item_of(shop(), "tea"));
  EXPECT_FLOAT_EQ(answer[0].score, std::log2(2.f / 3));
  EXPECT_EQ(answer[1].item, item_of(shop(), "rum"));
  EXPECT_FLOAT_EQ(answer[1].score, std::log2(1.f / 3));
  EXPECT_EQ(answer[2].item, item_of(shop(), "ice"));  // looked at only: never sold
}

TEST(Popularity, DecaysByAgeInDays) {
  ThreadPool pool(1);
  Popularity model(2);
  ASSERT_TRUE(model.fit(all_before(shop(), 10), {.pool = pool}));
  // As of day 10: tea 2^-5 + 2^-3 = 5/32, rum 2^-1 = 16/32.
  const auto answer = ask(model, 2);
  ASSERT_EQ(answer.size(), 2u);
  EXPECT_EQ(answer[0].item, item_of(shop(), "rum"));
  EXPECT_FLOAT_EQ(answer[0].score, std::log2(16.f / 21));
  EXPECT_FLOAT_EQ(answer[1].score, std::log2(5.f / 21));
}

TEST(Popularity, LeavesOutWhatIsExcludedOrNotEligible) {
  ThreadPool pool(1);
  Popularity model(kNoDecay);
  ASSERT_TRUE(model.fit(all_before(shop(), 10), {.pool = pool}));
  const std::vector<ItemIndex> excluded = {item_of(shop(), "tea")};
  Query query;
  query.excluded = excluded;
  const auto answer = ask(model, 10, query, {0, 1, 1});
  ASSERT_EQ(answer.size(), 1u);
  EXPECT_EQ(answer[0].item, item_of(shop(), "rum"));
}

TEST(Popularity, AdvancesWithTheClock) {
  ThreadPool pool(1);
  Popularity model(2);
  ASSERT_TRUE(model.fit({&shop(), 2, at_day(5)}, {.pool = pool}));
  EXPECT_EQ(ask(model, 1)[0].item, item_of(shop(), "tea"));
  model.advance(shop(), shop().num_events(), at_day(10));
  EXPECT_EQ(ask(model, 1)[0].item, item_of(shop(), "rum"));
}

TEST(Popularity, KnowsAllEventsOfADatasetThatHasOnlyAnOrder) {
  const Dataset dataset =
      testing::make_dataset({{"ann", "tea", 0}, {"bob", "rum", 1}, {"cat", "rum", 2}}, {}, {}, {.time_kind = TimeKind::kOrder});
  ThreadPool pool(1);
  Popularity model(30);
  ASSERT_TRUE(model.fit({&dataset, 3, TimePoint(std::chrono::microseconds(3))}, {.pool = pool}));
  EXPECT_EQ(ask(model, 1)[0].item, item_of(dataset, "rum"));
}

// As of day 10 without decay: tea 2/3, rum 1/3, ice never sold.
std::vector<ScoredItem> rank(const TouchedScores& own, double weight, std::size_t k, Query query = {}) {
  PopularityOrder order(kNoDecay);
  order.fit(all_before(shop(), 10));
  std::vector<ScoredItem> answer;
  order.rank(query, k, {}, own, weight, answer);
  return answer;
}

TEST(Popularity, MixesWithTheScoresOfAModelAsTwoDistributions) {
  const auto tea = item_of(shop(), "tea"), rum = item_of(shop(), "rum"), ice = item_of(shop(), "ice");
  TouchedScores own(3);
  own.add(static_cast<std::uint32_t>(ice), 3);
  own.add(static_cast<std::uint32_t>(rum), 1);
  const auto mixed = rank(own, .25, 3);
  ASSERT_EQ(mixed.size(), 3u);
  EXPECT_EQ(mixed[0], (ScoredItem{ice, .75f * 3 / 4}));
  EXPECT_EQ(mixed[1].item, rum);
  EXPECT_FLOAT_EQ(mixed[1].score, .75f / 4 + .25f / 3);
  EXPECT_EQ(mixed[2].item, tea);
  EXPECT_FLOAT_EQ(mixed[2].score, .25f * 2 / 3);
  EXPECT_EQ(rank(own, .25, 1)[0], mixed[0]);

  const auto alone = rank(own, 0, 3);  // the model's own scores, then what sells
  EXPECT_EQ(alone[0], (ScoredItem{ice, 3}));
  EXPECT_EQ(alone[1], (ScoredItem{rum, 1}));
  EXPECT_EQ(alone[2], (ScoredItem{tea, std::log2(2.f / 3)}));

  const auto popular = rank(own, 1, 3);
  EXPECT_EQ(popular[0].item, tea);
  EXPECT_EQ(popular[1].item, rum);
  EXPECT_EQ(popular[2].item, ice);
}

TEST(Popularity, AMixLeavesOutWhatIsExcludedAndFillsUpWithTheRest) {
  const std::vector<ItemIndex> excluded = {item_of(shop(), "tea")};
  Query query;
  query.excluded = excluded;
  TouchedScores own(3);
  own.add(static_cast<std::uint32_t>(item_of(shop(), "tea")), 1);
  const auto mixed = rank(own, .5, 10, query);
  ASSERT_EQ(mixed.size(), 2u);
  EXPECT_EQ(mixed[0].item, item_of(shop(), "rum"));
  EXPECT_EQ(mixed[1], (ScoredItem{item_of(shop(), "ice"), PopularityOrder::kNeverSoldScore}));
}

TEST(Popularity, RefusesAHalfLifeThatIsNone) {
  for (const char* knobs : {"half_life_days = 0", "half_life_days = -1", "half_life_days = \"never\"", "half_life = 3"}) {
    const auto model = make_model("popularity", knobs);
    ASSERT_FALSE(model) << knobs;
    EXPECT_EQ(model.error().code, ErrorCode::kBadConfig);
    EXPECT_NE(model.error().message.find("half_life"), std::string::npos) << model.error().message;
  }
}

}  // namespace
}  // namespace gemel
