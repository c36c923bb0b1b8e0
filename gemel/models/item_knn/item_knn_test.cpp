#include "gemel/models/item_knn/item_knn.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "gemel/data/testing.h"
#include "gemel/models/half_life.h"
#include "gemel/models/testing.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

using testing::ask;
using testing::at_day;
using testing::item_of;

TEST(ItemKnn, AgreesWithACaseWorkedByHand) {
  // tea: ann bob cat; rum: ann bob; ice: cat; pie: dan. Common: tea-rum 2, tea-ice 1.
  const Dataset shop = testing::make_dataset({{"ann", "tea", 0},
                                              {"ann", "rum", 1},
                                              {"bob", "rum", 2},
                                              {"bob", "tea", 3},
                                              {"bob", "tea", 4},
                                              {"cat", "tea", 5},
                                              {"cat", "ice", 6},
                                              {"dan", "pie", 7}});
  ThreadPool pool(1);
  ItemKnn model({.similarity = {.shrinkage = 1}, .history = {.half_life_days = 2}, .popularity = {.half_life_days = kNoDecay}});
  ASSERT_TRUE(model.fit({&shop, shop.num_events(), at_day(8)}, {.pool = pool}));
  const std::vector<HistoryItem> history = {{at_day(4), item_of(shop, "rum"), 1, {}}, {at_day(6), item_of(shop, "tea"), 1, {}}};
  const auto answer = ask(model, history, at_day(8), 10);
  ASSERT_EQ(answer.size(), 4u);
  const float tea_rum = 2 / (std::sqrt(6.f) + 1), tea_ice = 1 / (std::sqrt(3.f) + 1);
  // tea 2 days ago counts 1/2, rum 4 days ago 1/4.
  std::map<ItemIndex, float> scores;
  for (const ScoredItem& scored : answer) scores[scored.item] = scored.score;
  EXPECT_FLOAT_EQ(scores[item_of(shop, "rum")], tea_rum / 2);
  EXPECT_FLOAT_EQ(scores[item_of(shop, "ice")], tea_ice / 2);
  EXPECT_FLOAT_EQ(scores[item_of(shop, "tea")], tea_rum / 4);
  EXPECT_FLOAT_EQ(scores[item_of(shop, "pie")], std::log2(1.f / 8));  // no neighbour speaks for it
  EXPECT_EQ(answer[0].item, item_of(shop, "rum"));
  EXPECT_EQ(answer[3].item, item_of(shop, "pie"));
}

// The formula, written as three loops over sets.
std::map<std::uint32_t, double> slow_scores(const Dataset& shop, std::span<const HistoryItem> history, TimePoint at, double shrinkage,
                                            double half_life_days, double half_life_events) {
  std::vector<std::set<std::uint32_t>> customers(shop.num_items());
  for (std::size_t event = 0; event < shop.num_events(); ++event) {
    customers[to_size(shop.items()[event])].insert(static_cast<std::uint32_t>(shop.users()[event]));
  }
  std::map<std::uint32_t, double> scores;
  double later = static_cast<double>(history.size());
  for (const HistoryItem& past : history) {
    --later;
    for (std::uint32_t other = 0; other < shop.num_items(); ++other) {
      const auto &a = customers[to_size(past.item)], &b = customers[other];
      double shared = 0;
      for (const std::uint32_t customer : a) shared += b.contains(customer);
      if (shared == 0 || other == static_cast<std::uint32_t>(past.item)) continue;
      const double norm = std::sqrt(static_cast<double>(a.size()) * static_cast<double>(b.size()));
      scores[other] += shared / (norm + shrinkage) * decay(at, past.at, half_life_days) * std::exp2(-later / half_life_events);
    }
  }
  return scores;
}

TEST(ItemKnn, AgreesWithItsSlowTwinOnRandomEvents) {
  Rng rng(11);
  std::vector<testing::EventRow> events;
  for (int event = 0; event < 400; ++event) {
    events.push_back({concat("user", rng.below(30)), concat("item", rng.below(40)), rng.uniform() * 50});
  }
  const Dataset shop = testing::make_dataset(events);
  ThreadPool pool(2);
  ItemKnn model(
      {.neighbours = 40, .similarity = {.shrinkage = 3}, .history = {.half_life_days = 20, .half_life_events = 5, .length = 1000}});
  ASSERT_TRUE(model.fit({&shop, shop.num_events(), at_day(51)}, {.pool = pool}));
  const Histories histories(shop, shop.num_events());
  for (std::uint32_t user = 0; user < 30; ++user) {
    const auto history = histories.of(UserIndex{user});
    const auto expected = slow_scores(shop, history, at_day(51), 3, 20, 5);
    std::size_t compared = 0;
    for (const ScoredItem& scored : ask(model, history, at_day(51), 40)) {
      if (scored.score <= 0) continue;
      EXPECT_NEAR(scored.score, expected.at(static_cast<std::uint32_t>(scored.item)), 1e-5);
      ++compared;
    }
    EXPECT_EQ(compared, expected.size());
  }
}

TEST(ItemKnn, CountsOldEventsForLessWhenTheyFade) {
  // Four days ago ann had tea and rum; bob had tea and ice today.
  const Dataset shop = testing::make_dataset({{"ann", "tea", 4}, {"ann", "rum", 4}, {"bob", "tea", 8}, {"bob", "ice", 8}});
  ThreadPool pool(1);
  ItemKnn model({.similarity = {.shrinkage = 1}, .recency_half_life_days = 4, .history = {.half_life_days = kNoDecay}});
  ASSERT_TRUE(model.fit({&shop, shop.num_events(), at_day(8)}, {.pool = pool}));
  const std::vector<HistoryItem> history = {{at_day(8), item_of(shop, "tea"), 1, {}}};
  const auto answer = ask(model, history, at_day(8), 2);
  const float tea = std::sqrt(1 / 4.f + 1);  // ann 1/2, bob 1
  EXPECT_EQ(answer[0].item, item_of(shop, "ice"));
  EXPECT_FLOAT_EQ(answer[0].score, 1 / (tea * 1 + 1));
  EXPECT_FLOAT_EQ(answer[1].score, .25f / (tea * .5f + 1));
}

TEST(ItemKnn, KeepsOnlyTheMostSimilarNeighboursAndTheLatestEvents) {
  const Dataset shop =
      testing::make_dataset({{"ann", "tea", 0}, {"ann", "rum", 1}, {"bob", "tea", 0}, {"bob", "rum", 1}, {"bob", "ice", 2}});
  ThreadPool pool(1);
  ItemKnn model({.neighbours = 1, .similarity = {.shrinkage = 0}, .history = {.length = 1}});
  ASSERT_TRUE(model.fit({&shop, shop.num_events(), at_day(3)}, {.pool = pool}));
  const std::vector<HistoryItem> history = {{at_day(0), item_of(shop, "ice"), 1, {}}, {at_day(1), item_of(shop, "rum"), 1, {}}};
  const auto answer = ask(model, history, at_day(3), 10);
  EXPECT_EQ(answer[0].item, item_of(shop, "tea"));  // rum's only neighbour; ice is too long ago to speak
  EXPECT_LE(answer[1].score, 0);
}

TEST(ItemKnn, TakesAnotherOnesFitWhereItsOwnWouldBeTheSame) {
  Rng rng(5);
  std::vector<testing::EventRow> events;
  for (int event = 0; event < 300; ++event)
    events.push_back({concat("user", rng.below(20)), concat("item", rng.below(30)), rng.uniform() * 9});
  const Dataset shop = testing::make_dataset(events);
  const TrainView view{&shop, shop.num_events(), at_day(10)};
  ThreadPool pool(1);
  ItemKnn wide({.neighbours = 20, .similarity = {.shrinkage = 3}}), narrow({.neighbours = 5, .similarity = {.shrinkage = 3}}),
      taker({.neighbours = 5, .similarity = {.shrinkage = 3}});
  ASSERT_TRUE(wide.fit(view, {.pool = pool}));
  ASSERT_TRUE(narrow.fit(view, {.pool = pool}));
  ASSERT_TRUE(taker.take_fit(wide, view));
  const Histories histories(shop, shop.num_events());
  for (std::uint32_t user = 0; user < 20; ++user) {
    const auto history = histories.of(UserIndex{user});
    EXPECT_EQ(ask(taker, history, at_day(10), 30), ask(narrow, history, at_day(10), 30));
  }
  EXPECT_FALSE(ItemKnn({.neighbours = 20, .similarity = {.shrinkage = 3}}).take_fit(narrow, view)) << "20 cannot come from 5";
  EXPECT_FALSE(ItemKnn({.neighbours = 5, .similarity = {.shrinkage = 4}}).take_fit(wide, view)) << "similarities are others";
}

TEST(ItemKnn, WhatThePastProductsAddIsItsOwnPartOfTheScore) {
  Rng rng(17);
  std::vector<testing::EventRow> events;
  for (int event = 0; event < 400; ++event)
    events.push_back({concat("user", rng.below(50)), concat("item", rng.below(30)), rng.uniform() * 50});
  const Dataset shop = testing::make_dataset(events);
  ThreadPool pool(1);
  for (const double weight : {0., .4})
    for (const double half_life : {30., 2.}) {  // 150 half-lives: only the least of floats is left
      ItemKnn model({.neighbours = 12,
                     .history = {.half_life_days = half_life, .half_life_events = 4, .length = 9},
                     .popularity = {.weight = weight}});
      ASSERT_TRUE(model.fit({&shop, shop.num_events(), at_day(351)}, {.pool = pool}));
      const Histories histories(shop, shop.num_events());
      const Query query{.user = UserIndex{3}, .at = at_day(351), .history = histories.of(UserIndex{3}), .excluded = {}};
      testing::expect_past_products_add_up(model, query, 10, weight > 0 ? 2 : 1);
    }
}

TEST(ItemKnn, ADamagedFileIsAnErrorNotACrash) {
  const Dataset shop = testing::make_dataset({{"ann", "tea", 0}, {"ann", "rum", 1}});
  ThreadPool pool(1);
  ItemKnn model({});
  ASSERT_TRUE(model.fit({&shop, shop.num_events(), at_day(3)}, {.pool = pool}));
  const testing::TemporaryFolder folder;
  ASSERT_TRUE(model.save(folder.path()));
  const auto path = folder.path() / "item_knn.safetensors";
  const std::string whole = *read_file(path);
  ASSERT_TRUE(ItemKnn({}).load(folder.path()));
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    ASSERT_TRUE(write_file(path, whole.substr(0, size)));
    const auto loaded = ItemKnn({}).load(folder.path());
    ASSERT_FALSE(loaded) << size;
  }
  std::string wild = whole;  // the tensors lie in the order of their names: neighbours, offsets, similarities
  const std::size_t neighbours = wild.find('}', wild.rfind("similarities")) + 2;
  for (std::size_t at = neighbours; at < wild.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = '\x7f';
    ASSERT_TRUE(write_file(path, damaged));
    ItemKnn loaded({});
    if (loaded.load(folder.path())) ask(loaded, {}, at_day(3), 2);  // a similarity may be wrong; the checksum of the bundle tells
  }
}

}  // namespace
}  // namespace gemel
