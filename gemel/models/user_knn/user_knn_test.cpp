#include "gemel/models/user_knn/user_knn.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "gemel/data/testing.h"
#include "gemel/models/half_life.h"
#include "gemel/models/testing.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

using testing::at_day;
using testing::item_of;
using testing::user_of;

std::map<ItemIndex, float> scores(const UserKnn& model, const Query& query) {
  ThreadPool pool(1);
  std::vector<std::vector<ScoredItem>> out;
  model.recommend(std::span(&query, 1), 100, {}, pool, out);
  std::map<ItemIndex, float> found;
  for (const ScoredItem& scored : out[0])
    if (scored.score > 0) found[scored.item] = scored.score;  // below zero: only popular
  return found;
}

TEST(UserKnn, AgreesWithACaseWorkedByHand) {
  // bob shares tea and rum with ann's history, cat shares tea; dan shares nothing.
  const Dataset shop = testing::make_dataset({{"bob", "tea", 0},
                                              {"bob", "rum", 2},
                                              {"bob", "pie", 4},
                                              {"cat", "tea", 0},
                                              {"cat", "ice", 6},
                                              {"dan", "jam", 7},
                                              {"ann", "tea", 4},
                                              {"ann", "rum", 8}});
  ThreadPool pool(1);
  UserKnn model({.similarity = {.shrinkage = 1}, .history = {.half_life_days = kNoDecay}, .recency_half_life_days = 4});
  ASSERT_TRUE(model.fit({&shop, shop.num_events(), at_day(8)}, {.pool = pool}));
  const Histories histories(shop, shop.num_events());
  const auto history = histories.of(user_of(shop, "ann"));
  const auto found = scores(model, {.user = user_of(shop, "ann"), .at = at_day(8.5), .history = history, .excluded = {}});
  const float bob = 2 / (std::sqrt(2.f) * std::sqrt(3.f) + 1), cat = 1 / (std::sqrt(2.f) * std::sqrt(2.f) + 1);
  ASSERT_EQ(found.size(), 4u);
  EXPECT_FLOAT_EQ(found.at(item_of(shop, "pie")), bob / 2);            // four days ago
  EXPECT_FLOAT_EQ(found.at(item_of(shop, "ice")), cat * std::exp2(-.5f));
  EXPECT_FLOAT_EQ(found.at(item_of(shop, "tea")), bob / 4 + cat / 4);
  EXPECT_FLOAT_EQ(found.at(item_of(shop, "rum")), bob * std::exp2(-1.5f));
  // Somebody unknown with the same past has ann, who is all alike, for a neighbour too.
  const auto of_stranger = scores(model, {.user = {}, .at = at_day(8.5), .history = history, .excluded = {}});
  EXPECT_FLOAT_EQ(of_stranger.at(item_of(shop, "rum")), bob * std::exp2(-1.5f) + 2 / (2.f + 1));
}

TEST(UserKnn, OnlyTheNearestNeighboursSpeak) {
  const Dataset shop =
      testing::make_dataset({{"bob", "tea", 0}, {"bob", "rum", 1}, {"cat", "tea", 0}, {"cat", "ice", 1}, {"cat", "pie", 1}});
  ThreadPool pool(1);
  UserKnn model({.neighbours = 1, .similarity = {.shrinkage = 0}});
  ASSERT_TRUE(model.fit({&shop, shop.num_events(), at_day(3)}, {.pool = pool}));
  const std::vector<HistoryItem> history = {{at_day(2), item_of(shop, "tea"), 1, {}}};
  const auto found = scores(model, {.user = {}, .at = at_day(3), .history = history, .excluded = {}});
  EXPECT_TRUE(found.contains(item_of(shop, "rum")));  // bob has less else: he is nearer
  EXPECT_FALSE(found.contains(item_of(shop, "ice")));
}

TEST(UserKnn, NeighboursAreKnownUpToTheMomentThatTheModelStandsAt) {
  const Dataset shop = testing::make_dataset({{"bob", "tea", 0}, {"bob", "rum", 5}, {"bob", "ice", 8}});
  ThreadPool pool(1);
  UserKnn model({});
  ASSERT_TRUE(model.fit({&shop, 1, at_day(3)}, {.pool = pool}));
  const std::vector<HistoryItem> history = {{at_day(2), item_of(shop, "tea"), 1, {}}};
  const auto had = [&](std::string_view item, double day) {
    return scores(model, {.user = {}, .at = at_day(day), .history = history, .excluded = {}}).contains(item_of(shop, item));
  };
  EXPECT_FALSE(had("rum", 3));
  model.advance(shop, 2, at_day(6));
  EXPECT_TRUE(had("rum", 6));
  EXPECT_FALSE(had("ice", 6));
}

// The formula over maps: every customer compared, all sorted.
std::map<ItemIndex, double> slow_scores(const Dataset& shop, std::span<const HistoryItem> history, UserIndex own,
                                        const UserKnn::Knobs& knobs, TimePoint at) {
  const Histories histories(shop, shop.num_events());
  const auto row_of = [&](std::span<const HistoryItem> events, double half_life) {
    std::map<ItemIndex, double> row;
    for (const HistoryItem& event : events) row[event.item] = decay(at, event.at, half_life);
    return row;
  };
  const auto length = [](const std::map<ItemIndex, double>& row) {
    double squares = 0;
    for (const auto& [item, value] : row) squares += value * value;
    return std::sqrt(squares);
  };
  const auto query = row_of(history, knobs.history.half_life_days);
  std::vector<std::pair<double, UserIndex>> nearest;
  for (std::uint32_t u = 0; u < shop.num_users(); ++u) {
    const auto row = row_of(histories.of(UserIndex{u}), knobs.history.half_life_days);
    double dot = 0;
    for (const auto& [item, value] : query) dot += row.contains(item) ? value * row.at(item) : 0;
    if (dot > 0 && UserIndex{u} != own)
      nearest.push_back({-dot / (length(query) * length(row) + knobs.similarity.shrinkage), UserIndex{u}});
  }
  std::sort(nearest.begin(), nearest.end());
  nearest.resize(std::min(nearest.size(), knobs.neighbours));
  std::map<ItemIndex, double> found;
  for (const auto& [negative, user] : nearest)
    for (const auto& [item, value] : row_of(histories.of(user), knobs.recency_half_life_days)) found[item] -= negative * value;
  return found;
}

TEST(UserKnn, AgreesWithItsSlowTwinOnRandomEvents) {
  Rng rng(13);
  std::vector<testing::EventRow> events;
  for (int event = 0; event < 500; ++event)
    events.push_back({concat("user", rng.below(60)), concat("item", rng.below(40)), rng.uniform() * 50});
  const Dataset shop = testing::make_dataset(events);
  const UserKnn::Knobs knobs{
      .neighbours = 12, .similarity = {.shrinkage = 2}, .history = {.half_life_days = 30}, .recency_half_life_days = 9};
  ThreadPool pool(2);
  UserKnn model(knobs);
  ASSERT_TRUE(model.fit({&shop, shop.num_events(), at_day(51)}, {.pool = pool}));
  const Histories histories(shop, shop.num_events());
  for (std::uint32_t user = 0; user < 60; ++user) {
    const auto history = histories.of(UserIndex{user});
    const auto expected = slow_scores(shop, history, UserIndex{user}, knobs, at_day(51));
    const auto found = scores(model, {.user = UserIndex{user}, .at = at_day(51), .history = history, .excluded = {}});
    ASSERT_EQ(found.size(), expected.size());
    for (const auto& [item, score] : expected) EXPECT_NEAR(found.at(item), score, 1e-5);
  }
}

TEST(UserKnn, WhatThePastProductsAddIsItsOwnPartOfTheScore) {
  Rng rng(17);
  std::vector<testing::EventRow> events;
  for (int event = 0; event < 400; ++event)
    events.push_back({concat("user", rng.below(50)), concat("item", rng.below(30)), rng.uniform() * 50});
  const Dataset shop = testing::make_dataset(events);
  ThreadPool pool(1);
  for (const double weight : {0., .4}) {
    UserKnn model({.neighbours = 12, .history = {.half_life_days = 30}, .popularity = {.weight = weight}});
    ASSERT_TRUE(model.fit({&shop, shop.num_events(), at_day(51)}, {.pool = pool}));
    const Histories histories(shop, shop.num_events());
    const Query query{.user = UserIndex{3}, .at = at_day(51), .history = histories.of(UserIndex{3}), .excluded = {}};
    testing::expect_past_products_add_up(model, query, 10, weight > 0 ? 2 : 1);
  }
}

TEST(UserKnn, ADamagedFileIsAnErrorNotACrash) {
  const Dataset shop = testing::make_dataset({{"ann", "tea", 0}, {"ann", "rum", 1}, {"bob", "tea", 1}});
  ThreadPool pool(1);
  UserKnn model({});
  ASSERT_TRUE(model.fit({&shop, shop.num_events(), at_day(3)}, {.pool = pool}));
  const testing::TemporaryFolder folder;
  ASSERT_TRUE(model.save(folder.path()));
  const auto path = folder.path() / "user_knn.safetensors";
  const std::string whole = *read_file(path);
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    ASSERT_TRUE(write_file(path, whole.substr(0, size)));
    ASSERT_FALSE(UserKnn({}).load(folder.path())) << size;
  }
  for (std::size_t at = whole.rfind("}}") + 2; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = '\x7f';
    ASSERT_TRUE(write_file(path, damaged));
    UserKnn loaded({});
    if (loaded.load(folder.path())) scores(loaded, {.user = {}, .at = at_day(3), .history = {}, .excluded = {}});  // a value may be wrong
  }
}

}  // namespace
}  // namespace gemel
