#include "gemel/models/ease/ease.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "gemel/data/testing.h"
#include "gemel/models/half_life.h"
#include "gemel/models/testing.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

using testing::ask;
using testing::at_day;
using testing::item_of;

TEST(Ease, AgreesWithACaseWorkedByHand) {
  // tea: ann bob cat; rum: ann bob. With 1 on the diagonal the matrix is (4 2; 2 3), its inverse (3 -2; -2 4) / 8,
  // so B(tea, rum) = 2 / 4 and B(rum, tea) = 2 / 3.
  const Dataset shop = testing::make_dataset(
      {{"ann", "tea", 0}, {"ann", "rum", 1}, {"bob", "tea", 2}, {"bob", "rum", 3}, {"cat", "tea", 4}}, {{"pie"}, {"tea"}, {"rum"}});
  ThreadPool pool(1);
  Ease model({.regularization = 1, .history = {.half_life_days = 2}, .popularity = {.half_life_days = kNoDecay}});
  ASSERT_TRUE(model.fit({&shop, shop.num_events(), at_day(8)}, {.pool = pool}));
  const std::vector<HistoryItem> history = {{at_day(4), item_of(shop, "tea"), 1, {}}, {at_day(6), item_of(shop, "rum"), 1, {}}};
  const auto answer = ask(model, history, at_day(8), 10);  // tea counts 1/4, rum 1/2
  ASSERT_EQ(answer.size(), 3u);
  EXPECT_EQ(answer[0].item, item_of(shop, "tea"));
  EXPECT_NEAR(answer[0].score, 0.5 * 2 / 3, 1e-6);
  EXPECT_EQ(answer[1].item, item_of(shop, "rum"));
  EXPECT_NEAR(answer[1].score, 0.25 * 0.5, 1e-6);
  EXPECT_EQ(answer[2].item, item_of(shop, "pie"));  // never sold
  EXPECT_LT(answer[2].score, 0);
}

struct RandomShop {
  RandomShop() {
    Rng rng(11);
    std::vector<testing::EventRow> events;
    for (int event = 0; event < 500; ++event)
      events.push_back({concat("user", rng.below(60)), concat("item", rng.below(25)), rng.uniform() * 50});
    shop.emplace(testing::make_dataset(events));
  }
  std::optional<Dataset> shop;
};

// Steck's equation 2: each product's column of B is the ridge regression of its customers on the other products, so that at the optimum
// the gradient transposed(X) (X b - x) + regularization b is zero in every other product.
TEST(Ease, EachColumnIsTheRidgeRegressionOnTheOtherProducts) {
  const RandomShop random;
  const Dataset& shop = *random.shop;
  const double regularization = 7;
  ThreadPool pool(2);
  Ease model({.regularization = regularization, .history = {.half_life_days = kNoDecay}});
  ASSERT_TRUE(model.fit({&shop, shop.num_events(), at_day(51)}, {.pool = pool}));
  const std::size_t n = shop.num_items();
  std::vector<std::vector<double>> b(n, std::vector<double>(n));  // row i: what a history of product i alone gives
  for (std::uint32_t i = 0; i < n; ++i) {
    const std::vector<HistoryItem> history = {{at_day(1), ItemIndex{i}, 1, {}}};
    for (const ScoredItem& scored : ask(model, history, at_day(51), n)) b[i][to_size(scored.item)] = scored.score;
  }
  const InteractionRows users = items_of_users({&shop, shop.num_events(), at_day(51)});
  for (std::size_t j = 0; j < n; ++j) {
    EXPECT_EQ(b[j][j], 0);
    std::vector<double> gradient(n);
    for (std::size_t user = 0; user < users.size(); ++user) {
      double error = 0;
      for (const std::uint32_t item : users.row(user)) error += b[item][j] - (item == j);
      for (const std::uint32_t item : users.row(user)) gradient[item] += error;
    }
    for (std::size_t i = 0; i < n; ++i) {
      if (i == j) continue;
      EXPECT_NEAR(gradient[i] + regularization * b[i][j], 0, 1e-4) << i << ", " << j;
    }
  }
}

TEST(Ease, SaysWhatItWouldNeedAndRefuses) {
  const RandomShop random;
  ThreadPool pool(1);
  Ease model({.max_memory_gb = 1e-6});
  const auto outcome = model.fit({&*random.shop, random.shop->num_events(), at_day(51)}, {.pool = pool});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::kBadConfig);
  EXPECT_NE(outcome.error().message.find("25 products sold needs 2.5e-06 GB of memory; max_memory_gb is 1e-06 GB"), std::string::npos)
      << outcome.error().message;
}

TEST(Ease, WeighsThePopularityOfTheDaysIn) {
  const Dataset shop = testing::make_dataset({{"ann", "tea", 0},
                                              {"ann", "rum", 1},
                                              {"bob", "tea", 2},
                                              {"bob", "rum", 3},
                                              {"cat", "pie", 4},
                                              {"dan", "pie", 5},
                                              {"eve", "pie", 6}});
  const std::vector<HistoryItem> history = {{at_day(7), item_of(shop, "tea"), 1, {}}};
  const TrainView view{&shop, shop.num_events(), at_day(8)};
  ThreadPool pool(1);
  const PopularityKnobs plain{.half_life_days = kNoDecay, .weight = 0.75};
  Ease taste({.regularization = 1}), mixed({.regularization = 1, .popularity = plain});
  ASSERT_TRUE(taste.fit(view, {.pool = pool}));
  ASSERT_TRUE(mixed.take_fit(taste, view));
  EXPECT_EQ(ask(taste, history, at_day(8), 1)[0].item, item_of(shop, "rum"));
  // Of tea, rum and pie only rum is to the taste: 3 / sqrt(2) deviations, whatever the taste is. Their shares are 2, 2 and 3 sevenths.
  const double rum = 0.25 * 3 / std::sqrt(2) - 0.75 / std::sqrt(2), pie = 0.75 * std::sqrt(2);
  const auto answer = ask(mixed, history, at_day(8), 3);
  std::map<ItemIndex, float> scores;
  for (const ScoredItem& scored : answer) scores[scored.item] = scored.score;
  EXPECT_NEAR(scores[item_of(shop, "rum")], rum, 1e-5);
  EXPECT_NEAR(scores[item_of(shop, "pie")], pie, 1e-5);
  EXPECT_FALSE(Ease({.regularization = 2}).take_fit(taste, view));
}

TEST(Ease, ADamagedFileIsAnErrorNotACrash) {
  const RandomShop random;
  ThreadPool pool(1);
  Ease model({});
  ASSERT_TRUE(model.fit({&*random.shop, random.shop->num_events(), at_day(51)}, {.pool = pool}));
  const testing::TemporaryFolder folder;
  ASSERT_TRUE(model.save(folder.path()));
  const auto path = folder.path() / "ease.safetensors";
  const std::string whole = *read_file(path);
  for (std::size_t size = 0; size < whole.size(); size += 97) {
    ASSERT_TRUE(write_file(path, whole.substr(0, size)));
    ASSERT_FALSE(Ease({}).load(folder.path())) << size;
  }
  const std::size_t values = whole.find('}', whole.rfind("weights")) + 2;  // action_weights, items, weights
  for (std::size_t at = values; at < std::min(whole.size(), values + 120); ++at) {
    std::string damaged = whole;
    damaged[at] = '\x7f';
    ASSERT_TRUE(write_file(path, damaged));
    Ease loaded({});
    if (loaded.load(folder.path())) ask(loaded, {}, at_day(3), 2);
  }
}

}  // namespace
}  // namespace gemel
