#include "gemel/models/bpr/bpr.h"

#include <gtest/gtest.h>

#include <cmath>

#include "gemel/data/testing.h"
#include "gemel/models/testing.h"

namespace gemel {
namespace {

using testing::ask;
using testing::at_day;
using testing::item_of;

// Even customers buy even products, odd ones odd products.
const Dataset& shop() {
  static const Dataset dataset = [] {
    Rng rng(5);
    std::vector<testing::EventRow> events;
    for (std::uint64_t user = 0; user < 60; ++user) {
      for (int n = 0; n < 6; ++n)
        events.push_back({concat("user", user), concat("item", user % 2 + 2 * rng.below(15)), rng.uniform() * 50});
    }
    return testing::make_dataset(events);
  }();
  return dataset;
}

TrainView everything() { return {&shop(), shop().num_events(), at_day(51)}; }

Bpr fitted(Bpr::Knobs knobs) {
  ThreadPool pool(2);
  Bpr model(knobs);
  GEMEL_CHECK(model.fit(everything(), {.pool = pool}).has_value());
  return model;
}

std::size_t count_odd(const std::vector<ScoredItem>& answer) {
  std::size_t odd = 0;
  for (const ScoredItem& scored : answer) {
    odd += static_cast<std::size_t>(std::stoi(std::string(shop().item_table().ids[to_size(scored.item)]).substr(4))) % 2;
  }
  return odd;
}

// The share of (had, not had) pairs of all customers that the scores put in the right order: what the loss is a smooth form of.
double area_under_curve(const Bpr& model) {
  const Histories histories(shop(), shop().num_events());
  double right = 0, all = 0;
  for (std::uint32_t user = 0; user < shop().num_users(); ++user) {
    Query query{.user = UserIndex{user}, .at = at_day(51), .history = histories.of(UserIndex{user}), .excluded = {}};
    double not_had_below = 0, had = 0;
    const auto answer = ask(model, query, shop().num_items());
    for (auto scored = answer.rbegin(); scored != answer.rend(); ++scored) {
      const bool is_had = std::ranges::any_of(query.history, [&](const HistoryItem& past) { return past.item == scored->item; });
      if (is_had) right += not_had_below, ++had;
      if (!is_had) ++not_had_below;
    }
    all += had * not_had_below;
  }
  return right / all;
}

TEST(Bpr, PutsWhatCustomersHadAboveWhatTheyHadNot) {
  for (const std::size_t negatives : {1, 4}) {
    const double early = area_under_curve(fitted({.embedding_dim = 8, .epochs = 1, .num_hard_negatives = negatives}));
    const double late = area_under_curve(fitted({.embedding_dim = 8, .epochs = 60, .num_hard_negatives = negatives}));
    EXPECT_GT(late, 0.95) << negatives;
    EXPECT_GT(late, early) << negatives;
  }
}

TEST(Bpr, ACustomerWhoCameAfterTheFitIsServedFromTheirHistory) {
  const Bpr model = fitted({.embedding_dim = 8});
  const std::vector<HistoryItem> history = {{at_day(52), item_of(shop(), "item3"), 1, {}}, {at_day(53), item_of(shop(), "item7"), 1, {}}};
  Query query;
  query.at = at_day(54);
  query.history = history;
  EXPECT_GE(count_odd(ask(model, query, 10)), 9u);
}

TEST(Bpr, EventsAfterTheFitMoveAKnownCustomer) {
  const Bpr model = fitted({.embedding_dim = 8});
  Query query{.user = testing::user_of(shop(), "user2"), .at = at_day(60), .history = {}, .excluded = {}};
  EXPECT_LE(count_odd(ask(model, query, 10)), 1u);
  std::vector<HistoryItem> history;
  for (int n = 0; n < 12; ++n) history.push_back({at_day(52 + n / 10.), item_of(shop(), concat("item", 1 + 2 * n)), 1, {}});
  query.history = history;
  EXPECT_GE(count_odd(ask(model, query, 10)), 5u);
}

TEST(Bpr, WithoutItemBiasOnlyTheFactorsSpeak) {
  const Bpr with = fitted({.embedding_dim = 8}), without = fitted({.embedding_dim = 8, .item_bias = false});
  Query query{.user = UserIndex{0}, .at = at_day(60), .history = {}, .excluded = {}};
  EXPECT_NE(ask(with, query, 5), ask(without, query, 5));
}

TEST(Bpr, ATooLargeStepIsAnErrorNotNonsense) {
  ThreadPool pool(1);
  Bpr model({.epochs = 200, .learning_rate = 10, .regularization = 1});
  const auto outcome = model.fit(everything(), {.pool = pool});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::kDiverged);
}

}  // namespace
}  // namespace gemel
