#include "gemel/models/content/content.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "gemel/data/testing.h"
#include "gemel/models/half_life.h"
#include "gemel/models/registry.h"
#include "gemel/models/testing.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

using testing::ask;
using testing::at_day;
using testing::item_of;

std::map<ItemIndex, float> scores(const Recommender& model, std::span<const HistoryItem> history, TimePoint at) {
  std::map<ItemIndex, float> found;
  for (const ScoredItem& scored : ask(model, history, at))
    if (scored.score > 0) found[scored.item] = scored.score;
  return found;
}

// Nobody bought new, the last of the catalogue.
Dataset tea_shop() {
  return testing::make_dataset({{"ann", "green", 0}, {"bob", "black", 1}, {"bob", "mug", 2, "view"}, {"cat", "mug", 3}},
                               {{"green", {{"brand", "Acme"}, {"tags", "tea|loose"}}},
                                {"black", {{"brand", "Best"}, {"tags", "tea"}}},
                                {"mug", {{"brand", "Best"}, {"tags", "cup"}}},
                                {"new", {{"brand", "Acme"}, {"tags", "tea"}}}},
                               {}, {.item_features = "brand = \"category\"\ntags = \"tags\""});
}

TEST(Content, AgreesWithACaseWorkedByHand) {
  const Dataset shop = tea_shop();
  ThreadPool pool(1);
  Content model({.history = {.half_life_days = 4}});
  ASSERT_TRUE(model.fit({&shop, shop.num_events(), at_day(4)}, {.pool = pool}));
  // Three products are known. idf: Acme log(4/2) + 1, Best log(4/3) + 1, tea log(4/3) + 1, loose and cup log(4/2) + 1.
  const double one = std::log(2.) + 1, two = std::log(4. / 3) + 1, root = std::sqrt(2.);
  const double green = std::sqrt(one * one + (two * two + one * one) / 2);  // Acme; tea, loose
  const double black = std::sqrt(two * two + two * two);                     // Best; tea
  const double mug = std::sqrt(two * two + one * one);                      // Best; cup
  const double unsold = std::sqrt(one * one + two * two);                    // Acme; tea
  const std::vector<HistoryItem> history = {{at_day(4), item_of(shop, "green"), 1, {}}};
  const auto found = scores(model, history, at_day(4));
  EXPECT_EQ(found.size(), 3u);
  EXPECT_NEAR(found.at(item_of(shop, "green")), 1, 1e-6);
  EXPECT_NEAR(found.at(item_of(shop, "new")), (one * one + two * two / root) / (green * unsold), 1e-6);
  EXPECT_NEAR(found.at(item_of(shop, "black")), two * two / root / (green * black), 1e-6);

  // A mug looked at four days ago weighs .2 / 2 beside a green tea bought today.
  const ActionIndex view = *shop.find_action("view");
  const std::vector<HistoryItem> longer = {{at_day(0), item_of(shop, "mug"), 1, view}, history[0]};
  const double length = std::sqrt(1 + .1 * .1);  // green tea and mug share nothing
  const auto both = scores(model, longer, at_day(4));
  EXPECT_NEAR(both.at(item_of(shop, "mug")), .1 / length, 1e-6);
  EXPECT_NEAR(both.at(item_of(shop, "black")), (two * two / root / (green * black) + .1 * two * two / (mug * black)) / length, 1e-6);
}

TEST(Content, KnowsAProductThatNobodyHasBought) {
  const Dataset shop = tea_shop();
  ThreadPool pool(1);
  Content model({});
  ASSERT_TRUE(model.fit({&shop, shop.num_events(), at_day(4)}, {.pool = pool}));
  const std::vector<HistoryItem> history = {{at_day(3), item_of(shop, "green"), 1, {}}};
  EXPECT_EQ(ask(model, history, at_day(4))[1].item, item_of(shop, "new"));
}

TEST(Content, WordsOfATextAreTermsAndAWeightOfZeroSwitchesAFieldOff) {
  const Dataset shop = testing::make_dataset({{"ann", "a", 0}, {"ann", "b", 0}, {"ann", "c", 0}},
                                             {{"a", {{"title", "Green Tea, loose"}, {"brand", "x"}}},
                                              {"b", {{"title", "green soap"}, {"brand", "y"}}},
                                              {"c", {{"title", "mug"}, {"brand", "x"}}}},
                                             {}, {.item_features = "title = \"text\"\nbrand = \"category\""});
  ThreadPool pool(1);
  const std::vector<HistoryItem> history = {{at_day(1), item_of(shop, "a"), 1, {}}};
  Content both({});
  ASSERT_TRUE(both.fit({&shop, 3, at_day(1)}, {.pool = pool}));
  EXPECT_TRUE(scores(both, history, at_day(1)).contains(item_of(shop, "b")));
  EXPECT_TRUE(scores(both, history, at_day(1)).contains(item_of(shop, "c")));
  Content titles({.field_weights = {{"brand", 0}}});
  ASSERT_TRUE(titles.fit({&shop, 3, at_day(1)}, {.pool = pool}));
  EXPECT_TRUE(scores(titles, history, at_day(1)).contains(item_of(shop, "b")));
  EXPECT_FALSE(scores(titles, history, at_day(1)).contains(item_of(shop, "c")));
}

Dataset random_shop(Rng& rng) {
  std::vector<testing::EntityRow> items;
  for (int item = 0; item < 30; ++item)
    items.push_back({concat("item", item),
                     {{"brand", concat("brand", rng.below(4))},
                      {"price", concat(1 + rng.below(50))},
                      {"tags", concat("t", rng.below(6), "|t", rng.below(6), "|t", rng.below(6))}}});
  std::vector<testing::EventRow> events;
  for (int event = 0; event < 200; ++event)
    events.push_back({concat("user", rng.below(20)), concat("item", rng.below(30)), rng.uniform() * 50, rng.below(3) ? "buy" : "view"});
  return testing::make_dataset(events, items, {}, {.item_features = "brand = \"category\"\nprice = \"number\"\ntags = \"tags\""});
}

// The rows of two products, multiplied term by term.
double product_of(const ItemTerms& terms, ItemIndex a, ItemIndex b) {
  double sum = 0;
  for (std::size_t n = 0; n < terms.terms_of(to_size(a)).size(); ++n)
    for (std::size_t m = 0; m < terms.terms_of(to_size(b)).size(); ++m)
      if (terms.terms_of(to_size(a))[n] == terms.terms_of(to_size(b))[m])
        sum += static_cast<double>(terms.weights_of(to_size(a))[n]) * terms.weights_of(to_size(b))[m];
  return sum;
}

TEST(Content, TheInvertedIndexAgreesWithComparingEveryPair) {
  Rng rng(17);
  const Dataset shop = random_shop(rng);
  const TrainView view{&shop, shop.num_events(), at_day(51)};
  ThreadPool pool(2);
  Content model({.history = {.half_life_days = 20}});
  ASSERT_TRUE(model.fit(view, {.pool = pool}));
  const ItemTerms terms = ItemTerms::make(view, {}, 10).value();
  const Histories histories(shop, shop.num_events());
  for (std::uint32_t user = 0; user < shop.num_users(); ++user) {
    const auto history = histories.of(UserIndex{user});
    std::vector<double> strengths;
    for (const HistoryItem& past : history) strengths.push_back(shop.action_weight(past.action) * decay(at_day(51), past.at, 20));
    double squares = 0;
    for (std::size_t a = 0; a < history.size(); ++a)
      for (std::size_t b = 0; b < history.size(); ++b)
        squares += strengths[a] * strengths[b] * product_of(terms, history[a].item, history[b].item);
    for (const auto& [item, score] : scores(model, history, at_day(51))) {
      double expected = 0;
      for (std::size_t a = 0; a < history.size(); ++a) expected += strengths[a] * product_of(terms, history[a].item, item);
      EXPECT_NEAR(score, expected / std::sqrt(squares), 1e-5);
    }
  }
}

TEST(Content, AnExplanationAddsUpByTermAndByPastProduct) {
  Rng rng(19);
  const Dataset shop = random_shop(rng);
  ThreadPool pool(1);
  for (const double weight : {0., .4}) {
    Content model({.history = {.half_life_days = 20}, .popularity = {.weight = weight}});
    ASSERT_TRUE(model.fit({&shop, shop.num_events(), at_day(51)}, {.pool = pool}));
    const Histories histories(shop, shop.num_events());
    const auto history = histories.of(UserIndex{3});
    const auto answer = ask(model, history, at_day(51), 10);
    std::vector<ItemIndex> items;
    for (const ScoredItem& scored : answer) items.push_back(scored.item);
    const Query query{.user = {}, .at = at_day(51), .history = history, .excluded = {}};
    const Explanations explained = model.explain(query, items, {}, pool).value();
    for (std::size_t i = 0; i < items.size(); ++i) {
      const ScoreExplanation& product = explained.products[i];
      EXPECT_NEAR(product.score, answer[i].score, 1e-6);
      double by_term = 0, by_past = 0;
      for (const FeatureEffect& effect : product.features) by_term += effect.effect;
      for (const HistoryEffect& effect : product.history) by_past += effect.effect;
      EXPECT_NEAR(by_term, product.parts[0].value, 1e-6);
      EXPECT_NEAR(by_past, product.parts[0].value, 1e-6);
    }
  }
}

TEST(Content, AnExplanationNamesTheTermsThatMovedTheScore) {
  const Dataset shop = tea_shop();
  ThreadPool pool(1);
  Content model({});
  ASSERT_TRUE(model.fit({&shop, shop.num_events(), at_day(4)}, {.pool = pool}));
  const std::vector<HistoryItem> history = {{at_day(3), item_of(shop, "green"), 1, {}}};
  const ItemIndex unsold = item_of(shop, "new");
  const auto explained = model.explain({.user = {}, .at = at_day(4), .history = history, .excluded = {}}, {&unsold, 1}, {}, pool).value();
  ASSERT_EQ(explained.products[0].features.size(), 2u);
  EXPECT_EQ(explained.products[0].features[0].name, "brand Acme");
  EXPECT_EQ(explained.products[0].features[1].name, "tags tea");
}

TEST(Content, NumbersAreComparedByBucketsOfTheTrainingPeriod) {
  std::vector<testing::EntityRow> items;
  for (int item = 0; item < 8; ++item) items.push_back({concat("item", item), {{"price", concat(10 * item)}}});
  std::vector<testing::EventRow> events;
  for (int item = 0; item < 4; ++item) events.push_back({"ann", concat("item", item), 0});  // 0 to 30 are known
  const Dataset shop = testing::make_dataset(events, items, {}, {.item_features = "price = \"number\""});
  const ItemTerms terms = ItemTerms::make({&shop, 4, at_day(1)}, {}, 2).value();
  ASSERT_EQ(terms.num_terms(), 2u);
  EXPECT_EQ(terms.name(0), "price below 20");
  EXPECT_EQ(terms.name(1), "price from 20");
  EXPECT_EQ(terms.items_with(0).size(), 2u);
}

TEST(Content, KnobsOfAFeatureWithAnyNameReadBackTheSame) {
  const std::string knobs = Content({.field_weights = {{"price \"eur\"", 2}, {"brand", 1}}}).knobs();
  const auto again = make_model("content", knobs);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ((*again)->knobs(), knobs);
}

TEST(Content, SaysWhatItCannotDo) {
  const Dataset bare = testing::make_dataset({{"ann", "tea", 0}});
  ThreadPool pool(1);
  Content model({});
  ASSERT_TRUE(model.fit({&bare, 1, at_day(1)}, {.pool = pool}));
  EXPECT_THAT(model.warnings(), ::testing::ElementsAre(::testing::HasSubstr("no features to compare products by")));
  EXPECT_EQ(ask(model, {}, at_day(1)).size(), 1u);
  const Dataset shop = tea_shop();
  const auto refused = Content({.field_weights = {{"colour", 2}}}).fit({&shop, 4, at_day(4)}, {.pool = pool});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "models.content.field_weights: unknown feature 'colour'; declared in shop.toml: brand, tags");
}

}  // namespace
}  // namespace gemel
