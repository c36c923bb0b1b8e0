#include "gemel/models/mf/mf.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "gemel/data/testing.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

using testing::at_day;
using testing::item_of;

InteractionRows rows_of(const std::vector<std::vector<double>>& matrix, const std::vector<std::pair<int, int>>& hidden = {}) {
  InteractionRows rows;
  for (int r = 0; r < static_cast<int>(matrix.size()); ++r) {
    for (int c = 0; c < static_cast<int>(matrix[0].size()); ++c) {
      if (std::ranges::find(hidden, std::pair(r, c)) != hidden.end()) continue;
      rows.columns.push_back(static_cast<std::uint32_t>(c));
      rows.values.push_back(static_cast<float>(matrix[static_cast<std::size_t>(r)][static_cast<std::size_t>(c)]));
    }
    rows.offsets.push_back(rows.columns.size());
  }
  return rows;
}

TEST(Factorize, TwoFactorsRecoverHiddenScoresOfASmallTable) {
  // Four listeners, four artists; energetic to calm times emotional lyrics to instrumental, to one decimal.
  const std::vector<std::vector<double>> scores = {{.9, .3, -.8, .5}, {.2, .8, -.8, .3}, {-.4, -.3, .5, -.3}, {-.7, .1, .3, -.3}};
  ThreadPool pool(1);
  const FactorizationKnobs knobs{.embedding_dim = 2, .epochs = 3000, .learning_rate = 0.05, .regularization = 0.005, .biases = false};
  for (const std::vector<std::pair<int, int>>& hidden :
       {std::vector<std::pair<int, int>>{{0, 1}}, {{1, 0}, {2, 2}}, {{0, 1}, {1, 3}, {3, 2}}}) {
    const auto found = factorize(rows_of(scores, hidden), 4, knobs, /*seed=*/1, pool);
    ASSERT_TRUE(found);
    for (const auto& [listener, artist] : hidden) {
      const auto user = static_cast<std::size_t>(listener), item = static_cast<std::size_t>(artist);
      EXPECT_NEAR(found->predict(user, item), scores[user][item], 0.15) << listener << ", " << artist;
    }
  }
}

TEST(Factorize, BiasesExplainWhatIsTheSameForAll) {
  // score = 3 + user + item exactly.
  std::vector<std::vector<double>> scores(6, std::vector<double>(5));
  for (std::size_t user = 0; user < 6; ++user) {
    for (std::size_t item = 0; item < 5; ++item) scores[user][item] = 3 + 0.3 * static_cast<double>(user) - 0.4 * static_cast<double>(item);
  }
  ThreadPool pool(1);
  const auto found = factorize(rows_of(scores, {{2, 2}}), 5, {.embedding_dim = 1, .epochs = 2000, .regularization = 1e-4}, 1, pool);
  ASSERT_TRUE(found);
  EXPECT_NEAR(found->predict(2, 2), scores[2][2], 0.05);
  EXPECT_NEAR(found->item_biases[0] - found->item_biases[4], 1.6, 0.05);
}

TEST(Factorize, GivesTheSameBitsForAnyNumberOfThreads) {
  Rng rng(4);
  std::vector<std::vector<double>> scores(80, std::vector<double>(60));
  for (auto& row : scores) {
    for (double& score : row) score = rng.normal();
  }
  ThreadPool one(1), three(3);
  const auto a = factorize(rows_of(scores), 60, {.embedding_dim = 8, .epochs = 5}, 1, one);
  const auto b = factorize(rows_of(scores), 60, {.embedding_dim = 8, .epochs = 5}, 1, three);
  ASSERT_TRUE(a && b);
  EXPECT_EQ(std::memcmp(a->user_factors.data(), b->user_factors.data(), a->user_factors.size() * sizeof(float)), 0);
  EXPECT_EQ(std::memcmp(a->item_factors.data(), b->item_factors.data(), a->item_factors.size() * sizeof(float)), 0);
}

TEST(Factorize, ATooLargeStepIsAnErrorNotNonsense) {
  ThreadPool pool(1);
  const auto found = factorize(rows_of({{100, -100}, {-100, 100}}), 2, {.learning_rate = 5}, 1, pool);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kDiverged);
}

// Ratings of two tastes: even customers like even products, odd ones odd products.
Dataset rated_shop() {
  Rng rng(2);
  std::vector<testing::EventRow> events;
  for (std::uint64_t user = 0; user < 40; ++user) {
    for (int n = 0; n < 10; ++n) {
      const std::uint64_t item = rng.below(20);
      events.push_back({concat("user", user), concat("item", item), rng.uniform() * 50, "buy", user % 2 == item % 2 ? 5.f : 1.f});
    }
  }
  return testing::make_dataset(events);
}

TEST(Mf, RanksWhatTheCustomerWouldRateBestAndNewCustomersToo) {
  const Dataset shop = rated_shop();
  ThreadPool pool(2);
  Mf model({.factorization = {.embedding_dim = 4, .epochs = 100}});
  ASSERT_TRUE(model.fit({&shop, shop.num_events(), at_day(51)}, {.pool = pool}));
  const std::vector<HistoryItem> history = {{at_day(40), item_of(shop, "item3"), 5, {}}, {at_day(45), item_of(shop, "item6"), 1, {}}};
  Query query;
  query.at = at_day(51);
  query.history = history;
  std::vector<std::vector<ScoredItem>> out;
  model.recommend(std::span(&query, 1), 10, {}, pool, out);
  std::size_t odd = 0;
  for (const ScoredItem& scored : out[0]) {
    odd += static_cast<std::size_t>(std::stoi(std::string(shop.item_table().ids[to_size(scored.item)]).substr(4))) % 2;
  }
  EXPECT_GE(odd, 9u);
}

TEST(Mf, SaysSoWhereAllScoresAreTheSameAndFollowsPopularity) {
  const Dataset shop = testing::make_dataset({{"ann", "tea", 0}, {"bob", "rum", 1}, {"cat", "rum", 2}});
  ThreadPool pool(1);
  Mf model({});
  ASSERT_TRUE(model.fit({&shop, shop.num_events(), at_day(3)}, {.pool = pool}));
  ASSERT_EQ(model.warnings().size(), 1u);
  EXPECT_NE(model.warnings()[0].find("nothing to learn"), std::string::npos);
  const Histories histories(shop, shop.num_events());
  Query query;
  query.at = at_day(3);
  query.history = histories.of(UserIndex{0});
  std::vector<std::vector<ScoredItem>> out;
  model.recommend(std::span(&query, 1), 2, {}, pool, out);
  EXPECT_EQ(out[0][0].item, item_of(shop, "rum"));
}

}  // namespace
}  // namespace gemel
