#include "gemel/models/ials/ials.h"

#include <gtest/gtest.h>

#include <cmath>

#include "gemel/data/testing.h"
#include "gemel/models/testing.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

using testing::ask;
using testing::at_day;
using testing::item_of;

// Customers of five tastes, with some noise.
const Dataset& shop() {
  static const Dataset dataset = [] {
    Rng rng(5);
    std::vector<testing::EventRow> events;
    for (int event = 0; event < 900; ++event) {
      const std::uint64_t user = rng.below(60);
      const std::uint64_t item = rng.uniform() < 0.8 ? user % 5 * 8 + rng.below(8) : rng.below(40);
      events.push_back({concat("user", user), concat("item", item), rng.uniform() * 50});
    }
    return testing::make_dataset(events);
  }();
  return dataset;
}

TrainView everything() { return {&shop(), shop().num_events(), at_day(51)}; }

Ials fitted(Ials::Knobs knobs, std::uint64_t seed = 1) {
  ThreadPool pool(2);
  Ials model(knobs);
  GEMEL_CHECK(model.fit(everything(), {.pool = pool, .seed = seed}).has_value());
  return model;
}

// The loss of fixed_side.h over all pairs, with each customer's row solved from their history.
double loss(const Ials& model, const RowLoss& loss) {
  const Histories histories(shop(), shop().num_events());
  const InteractionRows users = items_of_users(everything());
  double sum = 0;
  for (std::uint32_t user = 0; user < shop().num_users(); ++user) {
    Query query;
    query.at = at_day(51);
    query.history = histories.of(UserIndex{user});
    for (const ScoredItem& scored : ask(model, query, shop().num_items())) {
      const auto row = users.row(user);
      const bool had = std::binary_search(row.begin(), row.end(), static_cast<std::uint32_t>(scored.item));
      sum += loss.unobserved_weight * scored.score * scored.score + (had ? (1 - scored.score) * (1 - scored.score) : 0);
    }
  }
  return sum;
}

TEST(Ials, EveryEpochLowersTheLoss) {
  Ials::Knobs knobs{
      .embedding_dim = 8, .loss = {.unobserved_weight = 0.1, .regularization = 1e-4}, .history = {.half_life_days = kNoDecay}};
  double before = std::numeric_limits<double>::infinity();
  for (const std::size_t epochs : {1, 2, 4, 8}) {
    knobs.epochs = epochs;
    const double now = loss(fitted(knobs), knobs.loss);
    EXPECT_LT(now, before) << epochs;
    before = now;
  }
}

TEST(Ials, GradientsReachWhatExactSolutionsReach) {
  Ials::Knobs knobs{.embedding_dim = 8, .epochs = 30, .loss = {.regularization = 1e-3}, .history = {.half_life_days = kNoDecay}};
  const double exact = loss(fitted(knobs), knobs.loss);
  knobs.cg_steps = 3;
  EXPECT_NEAR(loss(fitted(knobs), knobs.loss), exact, 0.01 * exact);
}

TEST(Ials, ACustomerWhoCameAfterTheFitIsOneLikeAnyOther) {
  const Ials model = fitted({});
  const Histories histories(shop(), shop().num_events());
  Query known;
  known.user = UserIndex{3};
  known.at = at_day(51);
  known.history = histories.of(*known.user);
  Query unknown = known;
  unknown.user.reset();
  EXPECT_EQ(ask(model, known, 40), ask(model, unknown, 40));
  unknown.history = known.history.first(known.history.size() / 2);
  EXPECT_NE(ask(model, known, 40), ask(model, unknown, 40));
}

TEST(Ials, RanksTheOwnTasteFirst) {
  const Ials model = fitted({.embedding_dim = 5, .loss = {.regularization = 0.03}});
  const std::vector<HistoryItem> history = {{at_day(40), item_of(shop(), "item8"), 1, {}}, {at_day(45), item_of(shop(), "item9"), 1, {}}};
  Query query;
  query.at = at_day(51);
  query.history = history;
  std::size_t own = 0;
  for (const ScoredItem& scored : ask(model, query, 8)) {
    const std::string name(shop().item_table().ids[to_size(scored.item)]);
    const int number = std::stoi(name.substr(4));
    own += number >= 8 && number < 16;
  }
  EXPECT_GE(own, 7u);
}

TEST(Ials, TakesAnotherOnesFitWhereItsOwnWouldBeTheSame) {
  const Ials model = fitted({.embedding_dim = 8});
  Ials taker({.embedding_dim = 8, .history = {.half_life_days = 10}, .popularity = {.weight = 0.1}});
  ASSERT_TRUE(taker.take_fit(model, everything()));
  const Ials own = fitted({.embedding_dim = 8, .history = {.half_life_days = 10}, .popularity = {.weight = 0.1}});
  const Histories histories(shop(), shop().num_events());
  Query query;
  query.at = at_day(51);
  query.history = histories.of(UserIndex{7});
  EXPECT_EQ(ask(taker, query, 40), ask(own, query, 40));
  EXPECT_FALSE(Ials({.embedding_dim = 9}).take_fit(model, everything()));
}

TEST(Ials, ProductsOfOneTasteResembleEachOther) {
  const Ials model = fitted({.embedding_dim = 8});
  const ConstMatrixView rows = model.item_embeddings();
  const auto cosine = [&](const char* a, const char* b) {
    double product = 0;
    for (std::size_t d = 0; d < rows.cols; ++d)
      product += rows.row(to_size(item_of(shop(), a)))[d] * rows.row(to_size(item_of(shop(), b)))[d];
    return product;
  };
  EXPECT_NEAR(cosine("item3", "item3"), 1, 1e-5);
  EXPECT_GT(cosine("item3", "item4"), 0.5);
  EXPECT_LT(cosine("item3", "item30"), 0.5);
}

}  // namespace
}  // namespace gemel
