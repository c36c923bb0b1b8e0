#include "gemel/models/two_tower/two_tower.h"

#include <gtest/gtest.h>

#include "gemel/data/testing.h"
#include "gemel/models/registry.h"

namespace gemel {
namespace {

using testing::at_day;
using testing::EventRow;

// Customers with an even number buy even products, the others odd ones.
std::vector<EventRow> checkered(int num_events, std::uint64_t seed = 1) {
  std::vector<EventRow> events;
  Rng rng(seed);
  for (int i = 0; i < num_events; ++i) {
    const auto user = rng.below(40);
    events.push_back({concat("u", user), concat("p", 2 * rng.below(8) + user % 2), static_cast<double>(i) / 10});
  }
  return events;
}

std::unique_ptr<Recommender> make(std::string_view extra = "") {
  return make_model("two_tower",
                    concat("embedding_dim = 8\nquery_layers = [\"8 linear\"]\ncandidate_layers = [\"8 linear\"]\nbatch_size = 64\n"
                           "epochs = 5\nlearning_rate = 0.02\ndropout = 0.1\n",
                           extra))
      .value();
}

constexpr const char* kRecipes[] = {"loss = \"full\"", "loss = \"in_batch\"", "loss = \"mixed\"\nnum_uniform = 7",
                                    "history = { pool = [\"attention\", \"mean\"], attention_heads = 2, attention_blocks = 2 }",
                                    "query_gate = true\ncounter_interval_days = 7\ntrend = { units = 4 }\naverage_decay = 0.99"};

std::vector<ScoredItem> ask(const Recommender& model, const Dataset& shop, std::string_view user, TimePoint at, std::size_t k,
                            ThreadPool& pool) {
  const Histories histories(shop, shop.num_events());
  const UserIndex index = testing::user_of(shop, user);
  const Query query{.user = index, .at = at, .history = history_before(histories.of(index), at), .excluded = {}};
  std::vector<std::vector<ScoredItem>> out;
  model.recommend({&query, 1}, k, {}, pool, out);
  return out[0];
}

TEST(TwoTower, LearnsWhoBuysWhat) {
  const Dataset shop = testing::make_dataset(checkered(1500));
  ThreadPool pool(2);
  const auto model = make();
  ASSERT_TRUE(model->fit({&shop, shop.num_events(), at_day(151)}, {.pool = pool}));
  int right = 0;
  for (int user = 0; user < 40; ++user) {
    for (const ScoredItem& scored : ask(*model, shop, concat("u", user), at_day(151), 4, pool)) {
      const std::string id(shop.item_table().ids[to_size(scored.item)]);
      right += (id[id.size() - 1] - '0') % 2 == user % 2;
    }
  }
  EXPECT_GT(right, 150) << "of 160";
}

TEST(TwoTower, ABlockIsNoLargerThanABatch) {
  const Dataset shop = testing::make_dataset(checkered(300));
  ThreadPool pool(2);
  std::vector<std::vector<ScoredItem>> answers;
  for (const std::string_view block : {"32", "8"}) {  // the schedule, too, ends with the last step
    const auto model =
        make_model("two_tower", concat("batch_size = 8, epochs = 1, calibrate = false, schedule = \"linear\", block_size = ", block))
            .value();
    ASSERT_TRUE(model->fit({&shop, shop.num_events(), at_day(151)}, {.pool = pool}));
    answers.push_back(ask(*model, shop, "u1", at_day(151), 4, pool));
  }
  EXPECT_EQ(answers[0], answers[1]);
}

TEST(TwoTower, SameSeedGivesTheSameBytesForOneAndTwoThreads) {
  const Dataset shop = testing::make_dataset(checkered(600));
  std::vector<std::string> bytes;
  for (const std::size_t threads : {1, 2}) {
    for (const char* recipe : kRecipes) {
      ThreadPool pool(threads);
      const auto model = make(recipe);
      ASSERT_TRUE(model->fit({&shop, shop.num_events(), at_day(61)}, {.pool = pool, .seed = 5}));
      const testing::TemporaryFolder folder;
      ASSERT_TRUE(model->save(folder.path()));
      bytes.push_back(read_file(folder.path() / "weights.safetensors").value());
    }
  }
  for (std::size_t recipe = 0; recipe < std::size(kRecipes); ++recipe)
    EXPECT_EQ(checksum_hex(bytes[recipe]), checksum_hex(bytes[recipe + std::size(kRecipes)])) << kRecipes[recipe];
  EXPECT_NE(bytes[0], bytes[1]);
}

TEST(TwoTower, SavedAndLoadedItAnswersTheSameAndItsCountersRollOnAlike) {
  const Dataset shop = testing::make_dataset(checkered(600), {{"p1", {{"brand", "odd"}}}, {"p3", {{"brand", "odd"}}}}, {},
                                             {.item_features = "brand = \"category\""});
  ThreadPool pool(1);
  const auto model = make(
      "query_gate = true\naverage_decay = 0.9\ntrend = { units = 4, groups = [\"brand\"] }\ncounter_interval_days = 7\n"
      "history = { pool = [\"attention\"], shared_table = true }");
  ASSERT_TRUE(model->fit({&shop, 400, at_day(40)}, {.pool = pool}));
  const testing::TemporaryFolder folder;
  ASSERT_TRUE(model->save(folder.path()));
  const auto loaded = make();
  ASSERT_TRUE(loaded->load(folder.path()));
  for (const int day : {40, 47, 58}) {
    model->advance(shop, static_cast<std::size_t>(day) * 10, at_day(day));
    loaded->advance(shop, static_cast<std::size_t>(day) * 10, at_day(day));
    EXPECT_EQ(ask(*model, shop, "u3", at_day(day), 16, pool), ask(*loaded, shop, "u3", at_day(day), 16, pool)) << "day " << day;
  }
}

TEST(TwoTower, WithoutTimesOrOrderLearnsFromAllElseThatTheCustomerHad) {
  std::vector<EventRow> events = checkered(1500);
  for (EventRow& event : events) event.day = 0;
  const std::size_t all = events.size();
  const Dataset shop =
      testing::make_dataset(std::move(events), {}, {}, {.time_kind = TimeKind::kNone, .file_split = Dataset::FileSplit{all, all}});
  ThreadPool pool(2);
  const auto model = make("popularity_half_life_days = []\ntime = []\n");
  const TimePoint next_part(std::chrono::microseconds(1));
  ASSERT_TRUE(model->fit({&shop, shop.num_events(), next_part}, {.pool = pool}));
  int right = 0;
  for (int user = 0; user < 40; ++user) {
    for (const ScoredItem& scored : ask(*model, shop, concat("u", user), next_part, 4, pool)) {
      const std::string id(shop.item_table().ids[to_size(scored.item)]);
      right += (id[id.size() - 1] - '0') % 2 == user % 2;
    }
  }
  EXPECT_GT(right, 150) << "of 160";
}

// One product after the other sells for a week, and nothing tells the customers apart.
TEST(TwoTower, TheTrendHeadLearnsThatWhatSoldLongIsOverAndWhatRisesGoesOn) {
  std::vector<EventRow> events;
  Rng rng(4);
  for (int i = 0; i < 4000; ++i) {
    const double day = i / 20.0;
    const int running = static_cast<int>(day) / 7 % 10;
    events.push_back({concat("u", rng.below(300)), concat("p", rng.below(10) < 8 ? running : static_cast<int>(rng.below(10))), day});
  }
  const Dataset shop = testing::make_dataset(std::move(events));
  ThreadPool pool(2);
  const auto rank_of_running = [&](std::string_view trend) {
    const auto model = make_model("two_tower", concat("epochs = 30\nbatch_size = 64\nlearning_rate = 0.01\nid_dropout = 0.0\n"
                                                      "history = { length = 0 }\npersonal_half_life_days = []\n"
                                                      "popularity_half_life_days = [1, 7, 30]\n",
                                                      trend))
                           .value();
    EXPECT_TRUE(model->fit({&shop, 3600, at_day(180)}, {.pool = pool}));
    int found = 0;
    for (int day = 182; day < 196; ++day) {
      model->advance(shop, static_cast<std::size_t>(day) * 20, at_day(day));
      const auto top = ask(*model, shop, "u1", at_day(day), 1, pool);
      found += shop.item_table().ids[to_size(top[0].item)] == concat("p", day / 7 % 10);
    }
    return found;
  };
  const int with = rank_of_running("trend = { units = 8 }");
  EXPECT_GE(with, 12) << "of 14 days, two of them the first of a product";
  EXPECT_GE(with, rank_of_running(""));
}

// A product that comes after the fit, and that only customers with an odd number buy.
std::vector<EventRow> with_launch() {
  std::vector<EventRow> events = checkered(1000);
  Rng rng(4);
  for (int i = 0; i < 150; ++i) events.push_back({concat("u", 2 * rng.below(20) + 1), "launched", 100 + i / 20.0});
  return events;
}

TEST(TwoTower, ARefitLearnsWhoBuysWhatCameSinceTheFit) {
  const Dataset shop = testing::make_dataset(with_launch());
  ThreadPool pool(2);
  const auto model = make("refit_days = 60\npopularity_half_life_days = []\n");
  ASSERT_TRUE(model->fit({&shop, 1000, at_day(100)}, {.pool = pool}));
  for (int week = 0; week < 3; ++week) ASSERT_TRUE(model->refit({&shop, shop.num_events(), at_day(108)}, {.pool = pool}));
  const ItemIndex launched = testing::item_of(shop, "launched");
  double mean_rank[2] = {0, 0};
  for (int user = 0; user < 40; ++user) {
    const auto answer = ask(*model, shop, concat("u", user), at_day(108), 17, pool);
    mean_rank[user % 2] += static_cast<double>(std::ranges::find(answer, launched, &ScoredItem::item) - answer.begin()) / 20;
  }
  EXPECT_LT(mean_rank[1], mean_rank[0] - 3);
  EXPECT_TRUE(model->warnings().empty());
}

TEST(TwoTower, ARefitOfALoadedModelIsThatOfTheOneSaved) {
  std::vector<EventRow> events = with_launch();
  const Dataset shop =
      testing::make_dataset(std::move(events), {{"p1", {{"brand", "x"}}}, {"launched", {{"brand", "y"}}}}, {{"u1", {{"skin", "dry"}}}},
                            {.item_features = "brand = \"category\"\n", .user_features = "skin = \"category\"\n"});
  ThreadPool pool(2);
  for (const char* recipe : {kRecipes[4], "trend = { units = 4, groups = [\"brand\"] }\nquery_gate = true"}) {
    const auto model = make(recipe), loaded = make();
    ASSERT_TRUE(model->fit({&shop, 1000, at_day(100)}, {.pool = pool}));
    const testing::TemporaryFolder folder;
    ASSERT_TRUE(model->save(folder.path()));
    ASSERT_TRUE(loaded->load(folder.path()));
    for (Recommender* each : {model.get(), loaded.get()}) {
      for (int week = 0; week < 2; ++week) {
        const auto outcome = each->refit({&shop, shop.num_events(), at_day(108)}, {.pool = pool});
        ASSERT_TRUE(outcome) << outcome.error().message;
      }
    }
    EXPECT_EQ(ask(*loaded, shop, "u1", at_day(108), 17, pool), ask(*model, shop, "u1", at_day(108), 17, pool));
  }
}

TEST(TwoTower, ARefitIsTheSameForOneAndTwoThreadsAndSurvivesSaving) {
  const Dataset shop = testing::make_dataset(with_launch());
  std::vector<std::string> bytes;
  for (const std::size_t threads : {1, 2}) {
    ThreadPool pool(threads);
    const auto model = make();
    ASSERT_TRUE(model->fit({&shop, 1000, at_day(100)}, {.pool = pool, .seed = 5}));
    ASSERT_TRUE(model->refit({&shop, shop.num_events(), at_day(108)}, {.pool = pool, .seed = 5}));
    const testing::TemporaryFolder folder;
    ASSERT_TRUE(model->save(folder.path()));
    bytes.push_back(read_file(folder.path() / "weights.safetensors").value());
    const auto loaded = make();
    ASSERT_TRUE(loaded->load(folder.path()));
    EXPECT_EQ(ask(*loaded, shop, "u1", at_day(108), 5, pool), ask(*model, shop, "u1", at_day(108), 5, pool));
  }
  EXPECT_EQ(bytes[0], bytes[1]);
}

// Plain SGD on raw dot products: a large step blows up within a few epochs, an absurd one at once.
std::unique_ptr<Recommender> make_diverging(double learning_rate) {
  return make_model("two_tower",
                    concat("optimizer = \"sgd\"\nnormalize = false\ndropout = 0.0\nepochs = 60\nbatch_size = 64\nlearning_rate = ",
                           learning_rate, "\n"))
      .value();
}

TEST(TwoTower, DivergenceInTheFirstEpochIsAnErrorWithAHint) {
  const Dataset shop = testing::make_dataset(checkered(300));
  ThreadPool pool(1);
  const auto outcome = make_diverging(1e30)->fit({&shop, shop.num_events(), at_day(31)}, {.pool = pool});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::kDiverged);
  EXPECT_NE(outcome.error().message.find("epoch 1"), std::string::npos) << outcome.error().message;
  EXPECT_NE(outcome.error().message.find("learning_rate"), std::string::npos) << outcome.error().message;
}

TEST(TwoTower, LaterDivergenceStopsTheFitAndKeepsTheLastGoodState) {
  const Dataset shop = testing::make_dataset(checkered(300));
  ThreadPool pool(1);
  bool seen = false;
  for (double learning_rate = 0.5; learning_rate < 1e6 && !seen; learning_rate *= 1.5) {
    const auto model = make_diverging(learning_rate);
    if (!model->fit({&shop, shop.num_events(), at_day(31)}, {.pool = pool})) break;  // from here on it diverges at once
    if (model->warnings().empty()) continue;
    seen = true;
    EXPECT_NE(model->warnings()[0].find("is kept"), std::string::npos) << model->warnings()[0];
    for (const ScoredItem& scored : ask(*model, shop, "u1", at_day(31), 3, pool)) EXPECT_TRUE(std::isfinite(scored.score));
  }
  EXPECT_TRUE(seen) << "no learning rate diverged late";
}

TEST(TwoTower, KnobsReadBackGiveTheSameKnobs) {
  const auto model =
      make("loss = \"mixed\"\npopularity_half_life_days = [1, 3.5]\nhistory = { length = 7, pool = [\"mean\", \"recency\"] }");
  EXPECT_EQ(make_model("two_tower", model->knobs()).value()->knobs(), model->knobs());
}

// The personal weights of serving do not touch the training: models that differ in them alone have the same towers.
TEST(TwoTower, WhatTheCustomerHadGainsItsPersonalCountsAndNothingElseMoves) {
  const Dataset shop = testing::make_dataset(checkered(600));
  ThreadPool pool(2);
  const auto fitted = [&](std::string_view weights) {
    auto model = make(concat("personal_half_life_days = [5, inf]\npersonal_weights = ", weights));
    EXPECT_TRUE(model->fit({&shop, shop.num_events(), at_day(61)}, {.pool = pool}));
    return model;
  };
  const auto without = fitted("[0, 0]"), with = fitted("[-0.5, 2]");
  const Histories histories(shop, shop.num_events());
  const PersonalCounts counts({5, kNoDecay}, {1}, shop.num_items());
  PersonalCounts::Scratch scratch;
  PersonalCounts::Of own;
  for (std::uint32_t user = 0; user < 4; ++user) {
    const std::vector<ItemIndex> excluded{ItemIndex{1}};
    Query query{.user = UserIndex{user}, .at = at_day(61), .history = histories.of(UserIndex{user}), .excluded = excluded};
    counts.count(query.history, query.at, {}, scratch, own);
    ASSERT_FALSE(own.items.empty());
    std::vector<double> expected(shop.num_items(), 0.0);
    for (std::size_t i = 0; i < own.items.size(); ++i) expected[own.items[i]] = -0.5 * own.values_of(i)[0] + 2 * own.values_of(i)[1];
    std::vector<std::vector<ScoredItem>> plain, personal, top;
    without->recommend(std::span(&query, 1), shop.num_items(), {}, pool, plain);
    with->recommend(std::span(&query, 1), shop.num_items(), {}, pool, personal);
    with->recommend(std::span(&query, 1), 3, {}, pool, top);
    ASSERT_EQ(plain[0].size(), shop.num_items() - 1) << "all but the excluded one";
    ASSERT_EQ(personal[0].size(), plain[0].size());
    for (const ScoredItem& scored : plain[0]) expected[to_size(scored.item)] += scored.score;
    for (const ScoredItem& scored : personal[0]) EXPECT_NEAR(scored.score, expected[to_size(scored.item)], 1e-4);
    EXPECT_TRUE(std::ranges::is_sorted(personal[0], std::greater<>(), &ScoredItem::score));
    EXPECT_TRUE(std::ranges::equal(top[0], std::span(personal[0]).first(3)));
  }
}

TEST(TwoTower, RefusesContradictoryKnobsWithTheKeyAndWhatWouldBeRight) {
  const auto refused = [](std::string_view text, std::string_view key) {
    const auto model = make_model("two_tower", concat(text, "\n"));
    ASSERT_FALSE(model) << text;
    EXPECT_EQ(model.error().code, ErrorCode::kBadConfig);
    EXPECT_NE(model.error().message.find(key), std::string::npos) << model.error().message;
  };
  refused("query_layers = [\"32 linear\"]", "candidate_layers");
  refused("query_layers = [\"many relu\"]", "query_layers");
  refused("history = { pool = \"newest\" }", "history.pool");
  refused("histroy = { length = 3 }", "histroy");
  refused("dropout = 1.5", "dropout");
  refused("embedding_dim = 1000000000", "embedding_dim");
  refused("popularity_half_life_days = [0]", "popularity_half_life_days");
  refused("history = { attention_heads = 3 }", "attention_heads");
  refused("trend = { units = 4 }\npopularity_half_life_days = [30, 2]", "trend");
  refused("trend = { unit = 4 }", "trend");
  refused("query_gate = true\nnormalize = false", "query_gate");
  refused("personal_half_life_days = [30]\nfirst_only = true", "personal_half_life_days");
}

// The rule of the whole program: what happens at or after t changes no feature of an example before t.
TEST(PointInTime, LaterEventsChangeNoFeatureOfEarlierExamples) {
  const auto batch_of = [](std::vector<EventRow> events, std::uint32_t num_examples, bool fit_on_all) {
    const Dataset shop = testing::make_dataset(std::move(events));
    const ConfigFile knobs = ConfigFile::parse(
                                 "user_id = true\naction = true\nweight = true\ntime = [\"year_cycle\", \"hour\", \"trend\"]\n"
                                 "loss = \"full\"\nhistory = { pool = [\"mean\", \"recency\"] }\nexample_half_life_days = 0\n"
                                 "personal_half_life_days = [4, inf]",
                                 "test")
                                 .value();
    const TwoTowerConfig config = TwoTowerConfig::read(knobs.root()).value();
    const std::size_t fitted = fit_on_all ? shop.num_events() : num_examples;
    const TrainView view{&shop, fitted, at_day(100)};
    const auto candidates = CandidateEncoder::fit(config, view).value();
    const auto queries = QueryEncoder::fit(config, view, candidates.ids()).value();
    Trainer trainer = Trainer::make(config, view, candidates, queries, TrendFeatures(), 1).value();
    std::vector<std::uint32_t> examples(num_examples);
    for (std::uint32_t i = 0; i < num_examples; ++i) examples[i] = i;
    TrainingBatch batch;
    ThreadPool pool(1);
    trainer.make_batch(examples, 0, batch, pool);
    return batch;
  };
  const auto expect_same = [](const TrainingBatch& a, const TrainingBatch& b) {
    ASSERT_EQ(a.queries.bags.size(), b.queries.bags.size());
    for (std::size_t bag = 0; bag < a.queries.bags.size(); ++bag) {
      EXPECT_EQ(a.queries.bags[bag].offsets, b.queries.bags[bag].offsets);
      EXPECT_EQ(a.queries.bags[bag].rows, b.queries.bags[bag].rows);
      EXPECT_EQ(a.queries.bags[bag].weights, b.queries.bags[bag].weights);
    }
    EXPECT_TRUE(std::ranges::equal(std::span(a.queries.numbers.data(), a.queries.numbers.size()),
                                   std::span(b.queries.numbers.data(), b.queries.numbers.size())));
    ASSERT_EQ(a.candidate_set.items, b.candidate_set.items);
    for (std::size_t h = 0; h < a.log_shares.size(); ++h)
      EXPECT_TRUE(std::ranges::equal(std::span(a.log_shares[h].data(), a.log_shares[h].size()),
                                     std::span(b.log_shares[h].data(), b.log_shares[h].size())));
    EXPECT_EQ(a.row_weight, b.row_weight);
    ASSERT_FALSE(a.personal_columns.empty());
    EXPECT_EQ(a.personal_offsets, b.personal_offsets);
    EXPECT_EQ(a.personal_columns, b.personal_columns);
    EXPECT_TRUE(std::ranges::equal(std::span(a.personal_values.data(), a.personal_values.size()),
                                   std::span(b.personal_values.data(), b.personal_values.size())));
  };

  const std::vector<EventRow> all = checkered(400);
  constexpr std::uint32_t kBefore = 300;  // events before t = day 30
  const TimePoint t = at_day(30);
  std::vector<EventRow> deleted(all.begin(), all.begin() + kBefore), changed = all;
  for (std::size_t event = kBefore; event < changed.size(); ++event) {
    ASSERT_GE(at_day(changed[event].day), t);
    changed[event] = {changed[event].user, concat("p", event % 16), changed[event].day + 3, "buy", 9};
  }
  const TrainingBatch original = batch_of(all, kBefore, false);
  expect_same(original, batch_of(deleted, kBefore, false));
  expect_same(original, batch_of(changed, kBefore, false));
  // Inside the training period too: features of early examples do not know later events that the fit itself has seen.
  const TrainingBatch fitted = batch_of(all, kBefore, true), fitted_changed = batch_of(changed, kBefore, true);
  for (std::size_t bag = 0; bag < fitted.queries.bags.size(); ++bag)
    EXPECT_EQ(fitted.queries.bags[bag].weights, fitted_changed.queries.bags[bag].weights);
  for (std::size_t h = 0; h < fitted.log_shares.size(); ++h)
    EXPECT_TRUE(std::ranges::equal(std::span(fitted.log_shares[h].data(), fitted.log_shares[h].size()),
                                   std::span(fitted_changed.log_shares[h].data(), fitted_changed.log_shares[h].size())));
}

}  // namespace
}  // namespace gemel
