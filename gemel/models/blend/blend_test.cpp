#include "gemel/models/blend/blend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "gemel/data/testing.h"
#include "gemel/models/blend/fusion_search.h"
#include "gemel/models/registry.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

using testing::at_day;
using ::testing::HasSubstr;
using testing::item_of;
using ::testing::Not;

ScoredItem scored(std::uint32_t item, float score) { return {ItemIndex{item}, score}; }

std::vector<ScoredIndex> fuse(FusionMethod method, std::span<const double> weights, std::size_t k = 10) {
  const std::vector<ScoredItem> first = {scored(7, 5), scored(3, 3), scored(1, 1)}, second = {scored(3, .5f), scored(9, .25f)};
  const std::span<const ScoredItem> lists[] = {first, second};
  FusedCandidates candidates;
  candidates.gather(method, lists);
  std::vector<ScoredIndex> best;
  candidates.best(weights, k, best);
  return best;
}

TEST(Blend, ReciprocalRanksAgreeWithACaseWorkedByHand) {
  const double weights[] = {1, 2};
  const auto best = fuse(FusionMethod::kRank, weights);
  ASSERT_EQ(best.size(), 4u);
  EXPECT_EQ(best[0].index, 3u);
  EXPECT_FLOAT_EQ(best[0].score, 1 / 62.f + 2 / 61.f);
  EXPECT_EQ(best[1], (ScoredIndex{9, 2 / 62.f}));
  EXPECT_EQ(best[2], (ScoredIndex{7, 1 / 61.f}));
  EXPECT_EQ(best[3], (ScoredIndex{1, 1 / 63.f}));
}

TEST(Blend, StandardisedScoresAgreeWithACaseWorkedByHand) {
  // First list: mean 3, deviation sqrt(8/3); second: mean .375, deviation .125. Who is not named counts as the last one named.
  const double weights[] = {1, .5};
  const auto best = fuse(FusionMethod::kScore, weights);
  const float one = 2 / std::sqrt(8 / 3.f);
  ASSERT_EQ(best.size(), 4u);
  EXPECT_EQ(best[0].index, 7u);
  EXPECT_FLOAT_EQ(best[0].score, one - .5f);
  EXPECT_EQ(best[1], (ScoredIndex{3, .5f}));
  EXPECT_EQ(best[2].index, 1u);
  EXPECT_FLOAT_EQ(best[2].score, -one - .5f);
  EXPECT_EQ(best[3].index, 9u);
}

TEST(Blend, TheSearchTrustsThePartThatIsRight) {
  Rng rng(3);
  FusionSearch search(2);
  for (int query = 0; query < 200; ++query) {
    std::vector<ScoredItem> wrong, right;
    for (std::uint32_t n = 0; n < 30; ++n)
      wrong.push_back(scored(static_cast<std::uint32_t>((rng.below(40) * 31 + n) % 100), -static_cast<float>(n)));
    std::ranges::sort(wrong, {}, &ScoredItem::item);
    wrong.erase(std::ranges::unique(wrong, {}, &ScoredItem::item).begin(), wrong.end());
    const auto target = static_cast<std::uint32_t>(rng.below(100));
    for (std::uint32_t n = 0; n < 30; ++n) right.push_back(scored((target + n) % 100, 10 - static_cast<float>(n)));
    const std::span<const ScoredItem> lists[] = {wrong, right};
    const ItemIndex targets[] = {ItemIndex{target}};
    search.add_query(lists, targets);
  }
  ThreadPool pool(2);
  for (const FusionMethod method : {FusionMethod::kRank, FusionMethod::kScore}) {
    const Fusion found = search.search(method, pool);
    const double equal[] = {.5, .5};
    EXPECT_GT(found.ndcg_at_20, search.ndcg_at_20(method, equal, pool));
    EXPECT_GT(found.weights[1], found.weights[0]);
    EXPECT_NEAR(found.ndcg_at_20, search.ndcg_at_20(method, found.weights, pool), 1e-12);
    EXPECT_NEAR(found.weights[0] + found.weights[1], 1, 1e-12);
  }
}

// Customers of two tastes over two months; the last ten days are left to choose on.
Dataset two_tastes() {
  Rng rng(5);
  std::vector<testing::EventRow> events;
  for (int event = 0; event < 900; ++event) {
    const std::uint64_t user = rng.below(60);
    events.push_back({concat("user", user), concat("item", user % 2 + 2 * rng.below(20)), rng.uniform() * 70});
  }
  return testing::make_dataset(events, {}, {}, {.models = "[models.item_knn]\nneighbours = 7\n"});
}

TEST(Blend, ChoosesOnValidationWhatWasNotGivenAndStandsWhereTheFitEndsAfterwards) {
  const Dataset shop = two_tastes();
  const auto cut = static_cast<std::size_t>(std::ranges::lower_bound(shop.times(), at_day(60)) - shop.times().begin());
  const Histories histories(shop, shop.num_events());
  const QueryPlan plan =
      make_query_plan(shop, histories, Protocol::kRollingWeek, Repeats::kKeep, cut, shop.num_events(), at_day(60)).value();
  std::size_t num_scored = 0;
  const Validation validation{.plan = plan, .histories = histories, .score = [&](Recommender& model) -> Result<double> {
                                ++num_scored;
                                model.advance(shop, shop.num_events(), at_day(70));
                                return model.knobs().find("half_life_days = 7") == 0 ? .5 : .25;
                              }};
  ThreadPool pool(2);
  const auto blend = make_model("blend", "").value();
  const TrainView train{&shop, cut, at_day(60)};
  const auto fitted = blend->fit(train, {.pool = pool, .validation = &validation, .curves_path = {}});
  ASSERT_TRUE(fitted) << fitted.error().message;
  EXPECT_EQ(num_scored, find_model("popularity")->search_space().size()) << "item_knn has a table in shop.toml";
  EXPECT_THAT(blend->knobs(), HasSubstr("popularity = {half_life_days = 7}"));
  EXPECT_THAT(blend->knobs(), HasSubstr("item_knn = {neighbours = 7"));
  EXPECT_THAT(blend->knobs(), HasSubstr("method = "));
  // What it prints makes the same model without validation, counters included: they were put back.
  const auto again = make_model("blend", blend->knobs()).value();
  ASSERT_TRUE(again->fit(train, {.pool = pool, .curves_path = {}}));
  for (std::uint32_t user = 0; user < 10; ++user) {
    const Query query{
        .user = UserIndex{user}, .at = at_day(60), .history = history_before(histories.of(UserIndex{user}), at_day(60)), .excluded = {}};
    std::vector<std::vector<ScoredItem>> one, two;
    blend->recommend({&query, 1}, 40, {}, pool, one);
    again->recommend({&query, 1}, 40, {}, pool, two);
    EXPECT_EQ(one, two);
  }
}

TEST(Blend, TakesTheKnobsOfItsPartsFromTheirOwnTablesUnlessItsOwnNamesThem) {
  const ConfigFile config =
      ConfigFile::parse(
          "[models.item_knn]\nneighbours = 7\n[models.popularity]\nhalf_life_days = 3\n[models.repurchase]\nhalf_life_days = 9\n"
          "[models.blend]\nparts = ['popularity', 'item_knn']\nknobs = { item_knn = { neighbours = 8 } }\n",
          "knobs.toml")
          .value();
  const std::string fixed = fixed_knobs(config, "blend");
  EXPECT_THAT(fixed, HasSubstr("neighbours = 8"));
  EXPECT_THAT(fixed, HasSubstr("half_life_days = 3"));
  EXPECT_THAT(fixed, Not(HasSubstr("9")));
  EXPECT_THAT(make_model("blend", fixed).value()->knobs(), HasSubstr("popularity = {half_life_days = 3"));
}

TEST(Blend, PastTheCandidatesTheFirstPartGoesOnAlone) {
  const Dataset shop = two_tastes();
  const Histories histories(shop, shop.num_events());
  ThreadPool pool(1);
  const auto blend = make_model("blend", "depth = 3").value();
  ASSERT_TRUE(blend->fit({&shop, shop.num_events(), at_day(70)}, {.pool = pool, .curves_path = {}}));
  const Query query{.user = UserIndex{3}, .at = at_day(70), .history = histories.of(UserIndex{3}), .excluded = {}};
  std::vector<std::vector<ScoredItem>> all, few, popular;
  blend->recommend({&query, 1}, 1000, {}, pool, all);
  blend->recommend({&query, 1}, 9, {}, pool, few);
  ASSERT_EQ(all[0].size(), shop.num_items());
  EXPECT_TRUE(std::equal(few[0].begin(), few[0].end(), all[0].begin()));
  for (std::size_t rank = 6; rank < all[0].size(); ++rank) EXPECT_LT(all[0][rank].score, 0);
  const auto popularity = make_model("popularity", "").value();
  ASSERT_TRUE(popularity->fit({&shop, shop.num_events(), at_day(70)}, {.pool = pool, .curves_path = {}}));
  popularity->recommend({&query, 1}, 1000, {}, pool, popular);
  EXPECT_EQ(all[0].back().item, popular[0].back().item);
}

TEST(Blend, AnExplanationNamesThePartsAndAddsUpAmongTheProductsRanked) {
  const Dataset shop = two_tastes();
  const Histories histories(shop, shop.num_events());
  ThreadPool pool(1);
  const auto blend = make_model("blend", "weights = [1, 3], method = \"score\", depth = 3").value();
  ASSERT_TRUE(blend->fit({&shop, shop.num_events(), at_day(70)}, {.pool = pool, .curves_path = {}}));
  const Query query{.user = UserIndex{3}, .at = at_day(70), .history = histories.of(UserIndex{3}), .excluded = {}};
  std::vector<std::vector<ScoredItem>> answers;
  blend->recommend({&query, 1}, 1, {}, pool, answers);
  std::vector<std::uint8_t> eligible(shop.num_items(), 1);
  eligible[to_size(answers[0][0].item)] = 0;  // every rank and mean is another without it
  blend->recommend({&query, 1}, 1000, eligible, pool, answers);
  std::vector<ItemIndex> items;
  for (const ScoredItem& scored : answers[0]) items.push_back(scored.item);
  const Explanations explained = blend->explain(query, items, eligible, pool).value();
  ASSERT_EQ(explained.products[0].parts.size(), 2u);
  EXPECT_EQ(explained.products[0].parts[1].name, "item_knn");
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(explained.products[i].score, answers[0][i].score, 1e-6);
  EXPECT_TRUE(explained.products.back().parts.empty());  // past the depth of both
  ASSERT_EQ(explained.notes.size(), 1u);
  EXPECT_THAT(explained.notes[0], HasSubstr("no part has among its best 3"));
}

TEST(Blend, ARefitGoesOnWithEachPart) {
  const Dataset shop = two_tastes();
  const Histories histories(shop, shop.num_events());
  ThreadPool pool(2);
  const std::string tower = "epochs = 1, batch_size = 64, calibrate = false";
  const auto alone = make_model("two_tower", tower).value();
  const auto blend =
      make_model("blend", concat("parts = ['two_tower', 'item_knn'], weights = [1, 0], knobs = { two_tower = { ", tower, " } }")).value();
  const std::size_t num_known = shop.num_events() / 2;
  const TimePoint then = shop.times()[num_known];
  const Query query{.user = UserIndex{3}, .at = at_day(70), .history = histories.of(UserIndex{3}), .excluded = {}};
  std::vector<std::vector<ScoredItem>> of_alone, of_blend;
  for (Recommender* model : {alone.get(), blend.get()}) {
    ASSERT_TRUE(model->fit({&shop, num_known, then}, {.pool = pool}));
    ASSERT_TRUE(model->refit({&shop, shop.num_events(), at_day(70)}, {.pool = pool}));
    model->recommend({&query, 1}, 10, {}, pool, model == alone.get() ? of_alone : of_blend);
  }
  ASSERT_FALSE(of_alone[0].empty());
  for (std::size_t rank = 0; rank < of_alone[0].size(); ++rank) EXPECT_EQ(of_blend[0][rank].item, of_alone[0][rank].item) << rank;
  // It went on from the fit: a model fitted anew on the same view answers otherwise.
  const auto anew = make_model("two_tower", tower).value();
  ASSERT_TRUE(anew->fit({&shop, shop.num_events(), at_day(70)}, {.pool = pool}));
  std::vector<std::vector<ScoredItem>> of_anew;
  anew->recommend({&query, 1}, 10, {}, pool, of_anew);
  EXPECT_NE(of_anew[0], of_alone[0]);
}

TEST(Blend, RefusesWhatIsNoBlend) {
  const std::pair<const char*, const char*> cases[] = {
      {"parts = [\"item_knn\"]", "expected the names of two models or more"},
      {"parts = [\"item_knn\", \"blend\"]", "a blend is no part of a blend"},
      {"parts = [\"item_knn\", \"magic\"]", "unknown model 'magic'"},
      {"parts = [\"item_knn\", \"item_knn\"]", "names 'item_knn' twice"},
      {"weights = [1]", "expected a number for each of the 2 parts, found 1"},
      {"weights = [1, -1]", "expected finite numbers from 0"},
      {"weights = [inf, 1]", "expected finite numbers from 0"},
      {"weights = [0, 0]", "expected one above 0 at least"},
      {"knobs = { item_knn = { neighbors = 3 } }", "neighbors"},
      {"knobs = { ease = { shrinkage = 3 } }", "ease"},
  };
  for (const auto& [knobs, why] : cases) {
    const auto model = make_model("blend", knobs);
    ASSERT_FALSE(model) << knobs;
    EXPECT_EQ(model.error().code, ErrorCode::kBadConfig);
    EXPECT_THAT(model.error().message, HasSubstr(why));
  }
}

}  // namespace
}  // namespace gemel
