// What every registered model promises, one suite over the registry: a new model is tested by its line there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "gemel/data/testing.h"
#include "gemel/models/registry.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

using testing::at_day;
using Answers = std::vector<std::vector<ScoredItem>>;

constexpr std::size_t kNumItems = 30;
constexpr double kCutDay = 80;

std::vector<testing::EntityRow> catalogue() {
  std::vector<testing::EntityRow> items;
  for (std::size_t item = 0; item < kNumItems; ++item) {
    items.push_back({concat("item", item), {{"brand", concat("brand", item % 4)}, {"price", concat(1 + item)}}});
  }
  return items;
}

// 400 events of 40 customers from day 0 to the cut, mostly of a taste of their own.
std::vector<testing::EventRow> early_events() {
  Rng rng(3);
  std::vector<testing::EventRow> events;
  for (std::size_t event = 0; event < 400; ++event) {
    const std::uint64_t user = rng.below(40);
    const std::uint64_t item = rng.uniform() < 0.7 ? user % 5 * 6 + rng.below(6) : rng.below(kNumItems);
    events.push_back({concat("user", user), concat("item", item), std::floor(rng.uniform() * 79), rng.uniform() < 0.2 ? "view" : "buy"});
  }
  return events;
}

Dataset make_shop(const std::vector<testing::EventRow>& later = {}) {
  std::vector<testing::EventRow> events = early_events();
  events.insert(events.end(), later.begin(), later.end());
  const std::vector<testing::EntityRow> users = {{"user0", {{"skin", "dry"}}}, {"user1", {{"skin", "oily"}}}};
  return testing::make_dataset(events, catalogue(), users,
                               {.item_features = "brand = \"category\"\nprice = \"number\"", .user_features = "skin = \"category\""});
}

const Dataset& shop() {
  static const Dataset dataset = make_shop();
  return dataset;
}

TrainView view_of(const Dataset& dataset) { return {&dataset, early_events().size(), at_day(kCutDay)}; }

// Customers of every kind, asked at the cut; the spans borrow from the object.
struct Asked {
  explicit Asked(const Dataset& dataset) : histories(dataset, early_events().size()) {
    for (std::uint32_t user = 0; user < 10; ++user) {
      const auto history = history_before(histories.of(UserIndex{user}), at_day(kCutDay));
      queries.push_back({.user = UserIndex{user}, .action = {}, .weight = 1, .at = at_day(kCutDay), .history = history, .excluded = {}});
    }
    for (const std::uint32_t item : {0u, 3u, 7u, 29u}) excluded.push_back(ItemIndex{item});
    queries[3].excluded = excluded;
    queries[4].user.reset();        // known by history alone
    queries[5].history = {};        // known by name alone
    queries[6].user.reset();        // not known at all
    queries[6].history = {};
    queries[7].user = UserIndex{static_cast<std::uint32_t>(dataset.num_users())};  // came after the Dataset was made
  }
  Histories histories;
  std::vector<ItemIndex> excluded;
  std::vector<Query> queries;
};

// The two-tower once more, its products searched by partitions however few they are: then all are opened, and nothing is missed.
constexpr std::string_view kByPartitions = "two_tower_by_partitions";
std::string_view model_name(std::string_view contender) { return contender == kByPartitions ? "two_tower" : contender; }
std::string_view usual_knobs(std::string_view contender) { return contender == kByPartitions ? "index = \"approximate\"" : ""; }

class RecommenderContract : public ::testing::TestWithParam<std::string_view> {
 protected:
  std::unique_ptr<Recommender> make() const { return make(usual_knobs(GetParam())); }
  std::unique_ptr<Recommender> make(std::string_view knobs) const { return *make_model(model_name(GetParam()), knobs); }

  std::unique_ptr<Recommender> fitted(const Dataset& dataset, std::size_t num_threads = 2, std::uint64_t seed = 1) const {
    auto model = make();
    ThreadPool pool(num_threads);
    const auto outcome = model->fit(view_of(dataset), {.pool = pool, .seed = seed, .curves_path = {}});
    GEMEL_CHECK(outcome.has_value(), outcome ? "" : outcome.error().message);
    return model;
  }

  // On the shop, by default settings: fitted once for the tests that only ask.
  const Recommender& model() const {
    static std::map<std::string_view, std::unique_ptr<Recommender>> models;
    auto& model = models[GetParam()];
    if (!model) model = fitted(shop());
    return *model;
  }
};

Answers ask(const Recommender& model, std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible = {},
            std::size_t num_threads = 2) {
  ThreadPool pool(num_threads);
  Answers answers;
  model.recommend(queries, k, eligible, pool, answers);
  return answers;
}

TEST_P(RecommenderContract, AnswersWithKDistinctProductsFromTheBestDown) {
  const Asked asked(shop());
  const Answers answers = ask(model(), asked.queries, 12);
  ASSERT_EQ(answers.size(), asked.queries.size());
  for (const auto& answer : answers) {
    ASSERT_EQ(answer.size(), 12u);
    std::set<ItemIndex> distinct;
    for (std::size_t rank = 0; rank < answer.size(); ++rank) {
      EXPECT_LT(to_size(answer[rank].item), kNumItems);
      EXPECT_TRUE(std::isfinite(answer[rank].score));
      distinct.insert(answer[rank].item);
      if (rank == 0) continue;
      const ScoredItem &better = answer[rank - 1], &worse = answer[rank];
      EXPECT_TRUE(better.score > worse.score || (better.score == worse.score && better.item < worse.item)) << "at rank " << rank;
    }
    EXPECT_EQ(distinct.size(), answer.size());
  }
}

TEST_P(RecommenderContract, AFewerKIsThePrefixOfALargerOne) {
  const Asked asked(shop());
  const Answers few = ask(model(), asked.queries, 3), many = ask(model(), asked.queries, 12);
  for (std::size_t q = 0; q < few.size(); ++q) {
    ASSERT_EQ(few[q].size(), 3u);
    EXPECT_TRUE(std::equal(few[q].begin(), few[q].end(), many[q].begin())) << "query " << q;
  }
}

TEST_P(RecommenderContract, AnswersDoNotDependOnTheOtherQueriesOfTheBatch) {
  const Asked asked(shop());
  const Answers together = ask(model(), asked.queries, 5);
  for (std::size_t q = 0; q < asked.queries.size(); ++q) {
    const Answers alone = ask(model(), std::span(asked.queries).subspan(q, 1), 5);
    for (std::size_t rank = 0; rank < 5; ++rank) EXPECT_EQ(alone[0][rank].item, together[q][rank].item) << "query " << q;
  }
}

TEST_P(RecommenderContract, LeavesOutWhatIsExcludedOrNotEligibleAndReturnsAllTheRest) {
  const Asked asked(shop());
  std::vector<std::uint8_t> eligible(kNumItems, 1);
  for (const std::size_t item : {1, 3, 20}) eligible[item] = 0;
  const Answers answers = ask(model(), asked.queries, 1000, eligible);
  for (std::size_t q = 0; q < answers.size(); ++q) {
    // 3 are not eligible; of the 4 that query 3 excludes one is among those.
    EXPECT_EQ(answers[q].size(), q == 3 ? kNumItems - 6 : kNumItems - 3);
    for (const ScoredItem& scored : answers[q]) {
      EXPECT_TRUE(eligible[to_size(scored.item)]);
      const auto excluded = asked.queries[q].excluded;
      EXPECT_FALSE(std::binary_search(excluded.begin(), excluded.end(), scored.item));
    }
  }
}

TEST_P(RecommenderContract, TheScoresThatItExplainsAreThoseOfItsAnswersAndTheirPartsAddUp) {
  const Asked asked(shop());
  ThreadPool pool(2);
  const Answers answers = ask(model(), asked.queries, 12);
  std::size_t num_explained = 0;
  for (std::size_t q = 0; q < answers.size(); ++q) {
    std::vector<ItemIndex> items;
    for (const ScoredItem& scored : answers[q]) items.push_back(scored.item);
    const auto explained = model().explain(asked.queries[q], items, {}, pool);
    if (!explained) {
      EXPECT_EQ(explained.error().code, ErrorCode::kBadInput);
      EXPECT_THAT(explained.error().message, ::testing::HasSubstr("cannot tell"));
      return;
    }
    ASSERT_EQ(explained->products.size(), items.size());
    for (std::size_t rank = 0; rank < items.size(); ++rank) {
      const ScoreExplanation& product = explained->products[rank];
      if (product.parts.empty()) continue;
      ++num_explained;
      EXPECT_NEAR(product.score, answers[q][rank].score, 1e-4) << "query " << q << ", rank " << rank;
      double sum = 0;
      for (const ScorePart& part : product.parts) sum += part.value;
      EXPECT_NEAR(sum, product.score, 1e-4);
    }
  }
  EXPECT_GT(num_explained, 0u);
}

TEST_P(RecommenderContract, NoQueriesAreAnsweredByNothing) { EXPECT_TRUE(ask(model(), {}, 5).empty()); }

TEST_P(RecommenderContract, IsTheSameForOneAndTwoThreadsAndForTheSameSeed) {
  const Asked asked(shop());
  const Answers expected = ask(model(), asked.queries, 12);
  EXPECT_EQ(ask(*fitted(shop(), /*num_threads=*/1), asked.queries, 12, {}, /*num_threads=*/1), expected);
  EXPECT_EQ(ask(*fitted(shop(), /*num_threads=*/2), asked.queries, 12), expected);
}

TEST_P(RecommenderContract, IsTheSameModelAfterSaveAndLoad) {
  const std::vector<testing::EventRow> later = {{"user1", "item5", 81}, {"user2", "item5", 83}, {"user3", "item6", 84}};
  const Dataset longer = make_shop(later);
  const Asked asked(longer);
  const auto original = fitted(longer);
  const testing::TemporaryFolder folder;
  ASSERT_TRUE(original->save(folder.path()));
  const auto reloaded = make(original->knobs());
  const auto outcome = reloaded->load(folder.path());
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(reloaded->knobs(), original->knobs());
  EXPECT_EQ(ask(*reloaded, asked.queries, 12), ask(*original, asked.queries, 12));
  const testing::TemporaryFolder again;
  ASSERT_TRUE(reloaded->save(again.path()));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path())) {
    if (!entry.is_regular_file()) continue;
    const auto relative = entry.path().lexically_relative(folder.path());
    EXPECT_EQ(*read_file(again.path() / relative), *read_file(entry.path())) << relative;
  }
  // Its counters go on where they stood.
  original->advance(longer, longer.num_events(), at_day(85));
  reloaded->advance(longer, longer.num_events(), at_day(85));
  EXPECT_EQ(ask(*reloaded, asked.queries, 12), ask(*original, asked.queries, 12));
}

TEST_P(RecommenderContract, LoadingFromAnEmptyFolderIsAnError) {
  const testing::TemporaryFolder folder;
  EXPECT_FALSE(make()->load(folder.path()));
}

TEST_P(RecommenderContract, LaterEventsNeverChangeAnEarlierAnswer) {
  std::vector<testing::EventRow> later;
  for (int event = 0; event < 200; ++event) later.push_back({concat("user", event % 50), "item17", kCutDay + event / 10.});
  const Dataset longer = make_shop(later);
  const Asked asked(shop()), asked_longer(longer);
  auto model_of_longer = fitted(longer);
  // Query 7 asks for the first customer after the Dataset's last: somebody else in the longer one.
  std::vector<Query> queries(asked.queries.begin(), asked.queries.begin() + 7);
  std::vector<Query> queries_of_longer(asked_longer.queries.begin(), asked_longer.queries.begin() + 7);
  EXPECT_EQ(ask(*model_of_longer, queries_of_longer, 12), ask(model(), queries, 12));
}

TEST_P(RecommenderContract, KnobsThatItPrintsMakeTheSameModel) {
  const std::string knobs = make()->knobs();
  EXPECT_EQ(make(knobs)->knobs(), knobs);
  for (const std::string& setting : find_model(model_name(GetParam()))->search_space()) {
    const auto model = make_model(model_name(GetParam()), setting);
    ASSERT_TRUE(model) << setting << ": " << model.error().message;
    EXPECT_EQ(make((*model)->knobs())->knobs(), (*model)->knobs());
  }
}

TEST_P(RecommenderContract, AnUnknownKnobIsAnErrorThatNamesIt) {
  const auto model = make_model(model_name(GetParam()), "no_such_knob = 1");
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, ErrorCode::kBadConfig);
  EXPECT_NE(model.error().message.find("no_such_knob"), std::string::npos) << model.error().message;
}

TEST(TwoTowerByPartitions, AnswersAsTheExactSearchDoesWhereAllAreOpened) {
  ThreadPool pool(2);
  std::vector<Answers> answers;
  const Asked asked(shop());
  for (const char* knobs : {"index = \"exact\"", "index = \"approximate\""}) {
    const auto model = make_model("two_tower", knobs).value();
    ASSERT_TRUE(model->fit(view_of(shop()), {.pool = pool, .seed = 1, .curves_path = {}}));
    EXPECT_EQ(model->index_report()->num_partitions > 1, !answers.empty());
    EXPECT_EQ(model->index_report()->recall, 1);
    answers.push_back(ask(*model, asked.queries, 12));
  }
  for (std::size_t q = 0; q < asked.queries.size(); ++q)
    EXPECT_TRUE(std::ranges::equal(answers[0][q], answers[1][q], {}, &ScoredItem::item, &ScoredItem::item)) << "query " << q;
}

// The models that learn what goes with what; mf learns how much what is tried is liked.
class TasteContract : public RecommenderContract {};

// Knobs for a few hundred events, where the defaults are made for many more.
std::string_view small_data_knobs(std::string_view model) {
  if (model == "blend") return "parts = [\"item_knn\", \"user_knn\"]";  // popularity knows no taste
  return model == "two_tower" ? "epochs = 60, batch_size = 64, dropout = 0.1, id_dropout = 0.0, calibrate = false" : "";
}

// Even customers buy even products, odd ones odd products, each but two of their ten. What is left to recommend is known.
TEST_P(TasteContract, FindsTheMissingFieldsOfACheckerboard) {
  std::vector<testing::EventRow> events;
  std::vector<testing::EntityRow> items;
  for (std::size_t item = 0; item < 20; ++item) items.push_back({concat("item", item)});
  for (std::size_t user = 0; user < 60; ++user) {
    for (std::size_t n = 0; n < 8; ++n) {
      const std::size_t item = user % 2 + 2 * ((user / 2 + n) % 10);
      events.push_back({concat("user", user), concat("item", item), static_cast<double>((user * 7 + n * 11) % 60)});
    }
  }
  const Dataset board = testing::make_dataset(events, items);
  ThreadPool pool(2);
  const auto model = make(small_data_knobs(GetParam()));
  ASSERT_TRUE(model->fit({&board, board.num_events(), at_day(60)}, {.pool = pool, .curves_path = {}}));
  const Histories histories(board, board.num_events());
  std::size_t right = 0;
  for (std::uint32_t user = 0; user < board.num_users(); ++user) {
    const auto history = histories.of(UserIndex{user});
    Query query{.user = UserIndex{user}, .action = {}, .weight = 1, .at = at_day(60), .history = history, .excluded = {}};
    std::vector<ItemIndex> seen;
    for (const HistoryItem& past : query.history) seen.push_back(past.item);
    std::sort(seen.begin(), seen.end());
    query.excluded = seen;
    const Answers answers = ask(*model, std::span(&query, 1), 2);
    for (const ScoredItem& scored : answers[0]) right += to_size(scored.item) % 2 == to_size(seen[0]) % 2;
  }
  EXPECT_GE(right, 108u) << "of 120 fields";  // chance would find 2 of 12 in each: 20
}

std::vector<std::string_view> model_names(const std::set<std::string_view>& without = {}) {
  std::vector<std::string_view> names;
  for (const ModelEntry& entry : registered_models()) {
    if (!without.contains(entry.name)) names.push_back(entry.name);
  }
  return names;
}

const auto kByName = [](const auto& parameter) { return std::string(parameter.param); };
INSTANTIATE_TEST_SUITE_P(Models, RecommenderContract, ::testing::ValuesIn(model_names()), kByName);
INSTANTIATE_TEST_SUITE_P(Indexes, RecommenderContract, ::testing::Values(kByPartitions), kByName);
INSTANTIATE_TEST_SUITE_P(
    Models, TasteContract,
    ::testing::ValuesIn(model_names({"popularity", "repurchase", "mf", "content"}) /* its products have no features */), kByName);

}  // namespace
}  // namespace gemel
