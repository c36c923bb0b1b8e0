#include "gemel/eval/evaluate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "gemel/data/testing.h"
#include "gemel/eval/compare.h"
#include "gemel/eval/report.h"
#include "gemel/eval/select.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

using testing::at_day;

QueryPlan plan_of(const Dataset& dataset, const Histories& histories, double cut_day, Repeats repeats = Repeats::kKeep) {
  std::size_t begin = 0;
  while (dataset.times()[begin] < at_day(cut_day)) ++begin;
  return *make_query_plan(dataset, histories, Protocol::kRollingWeek, repeats, begin, dataset.num_events(), at_day(cut_day));
}

Evaluation evaluate_popularity(const Dataset& dataset, double cut_day, std::string_view knobs = "half_life_days = \"none\"",
                               std::size_t num_threads = 2) {
  const Histories histories(dataset, dataset.num_events());
  const QueryPlan plan = plan_of(dataset, histories, cut_day);
  ThreadPool pool(num_threads);
  const auto model = *make_model("popularity", knobs);
  model->fit({&dataset, plan.blocks.front().num_known_events, plan.cut}, {.pool = pool, .curves_path = {}}).value();
  return *evaluate(*model, dataset, histories, plan, pool, no_progress());
}

double mean(const Slice& slice, std::string_view metric) { return slice.mean(find_metric(metric)); }

TEST(Evaluate, AgreesWithTwoWeeksWorkedByHand) {
  // Before the cut on day 14: tea 3, rum 2, ice 1 sold. Week 0: ann buys rum and pie (new), dan (unknown) buys tea.
  // Week 1, rum 3 by then and so level with tea 4: ann buys tea.
  const Dataset shop = testing::make_dataset({{"ann", "tea", 0},
                                              {"bob", "tea", 1},
                                              {"cat", "tea", 2},
                                              {"ann", "rum", 3},
                                              {"bob", "rum", 4},
                                              {"cat", "ice", 5},
                                              {"ann", "rum", 15},
                                              {"ann", "pie", 16},
                                              {"dan", "tea", 17},
                                              {"ann", "tea", 22}},
                                             {{"tea"}, {"rum"}, {"ice"}, {"pie"}});
  const Evaluation evaluation = evaluate_popularity(shop, 14);
  ASSERT_EQ(evaluation.all.num_queries(), 3u);
  EXPECT_EQ(evaluation.all.num_targets, 4u);
  // Rankings: tea rum ice pie, in both weeks. ann's first query hits at ranks 2 and 4, the two others at 1.
  EXPECT_DOUBLE_EQ(mean(evaluation.all, "recall_at_1"), 2.0 / 3);
  EXPECT_DOUBLE_EQ(mean(evaluation.all, "recall_at_5"), 1);
  EXPECT_DOUBLE_EQ(mean(evaluation.all, "mrr_at_5"), (0.5 + 1 + 1) / 3);
  const double ann = (1 / std::log2(3.0) + 1 / std::log2(5.0)) / (1 + 1 / std::log2(3.0));
  EXPECT_DOUBLE_EQ(mean(evaluation.all, "ndcg_at_20"), (ann + 2) / 3);

  EXPECT_EQ(evaluation.part("without_history").num_queries(), 1u);  // dan
  EXPECT_EQ(evaluation.part("with_history").num_queries(), 2u);
  EXPECT_EQ(evaluation.part("repeats").num_targets, 2u);  // ann's rum, then ann's tea
  EXPECT_DOUBLE_EQ(mean(evaluation.part("repeats"), "recall_at_1"), 0.5);
  EXPECT_EQ(evaluation.part("first_purchases").num_targets, 2u);  // ann's pie, dan's tea
  EXPECT_DOUBLE_EQ(mean(evaluation.part("first_purchases"), "mrr_at_5"), (0.25 + 1) / 2);
  EXPECT_EQ(evaluation.part("new_products").num_targets, 1u);  // pie
  EXPECT_DOUBLE_EQ(mean(evaluation.part("new_products"), "mrr_at_5"), 0.25);

  ASSERT_EQ(evaluation.weeks.size(), 2u);
  EXPECT_EQ(evaluation.weeks[0].num_queries, 2u);
  EXPECT_EQ(evaluation.weeks[1].week, 1);
  EXPECT_DOUBLE_EQ(evaluation.weeks[1].means[find_metric("recall_at_1")], 1);
  EXPECT_DOUBLE_EQ(evaluation.lists[0].catalogue_coverage, 0.25);  // at 1: tea alone
  EXPECT_DOUBLE_EQ(evaluation.lists[0].overlap, 1);
}

std::vector<testing::EventRow> random_events(std::uint64_t seed, std::size_t count, const std::vector<std::string>& customers) {
  Rng rng(seed);
  std::vector<testing::EventRow> events;
  for (std::size_t event = 0; event < count; ++event) {
    const auto item = static_cast<std::size_t>(15 * rng.uniform() * rng.uniform());
    events.push_back({customers[rng.below(customers.size())], concat("item", item), rng.uniform() * 60});
  }
  return events;
}

std::vector<testing::EntityRow> fifteen_items() {
  std::vector<testing::EntityRow> items;
  for (int item = 0; item < 15; ++item) items.push_back({concat("item", item)});
  return items;
}

TEST(Evaluate, RelabellingCustomersChangesNoMetric) {
  std::vector<std::string> names, others;
  for (int n = 0; n < 20; ++n) names.push_back(concat("customer", n));
  for (int n = 0; n < 20; ++n) others.push_back(concat("kunde", 7 * n % 20));
  const Evaluation a = evaluate_popularity(testing::make_dataset(random_events(5, 300, names), fifteen_items()), 40, "half_life_days = 5");
  const Evaluation b = evaluate_popularity(testing::make_dataset(random_events(5, 300, others), fifteen_items()), 40, "half_life_days = 5");
  ASSERT_EQ(a.all.num_queries(), b.all.num_queries());
  EXPECT_GT(a.all.num_queries(), 20u);
  for (std::size_t metric = 0; metric < kNumMetrics; ++metric) {
    EXPECT_NEAR(a.all.mean(metric), b.all.mean(metric), 1e-12) << metric_name(metric);
    for (std::size_t part = 0; part < a.parts.size(); ++part) {
      EXPECT_NEAR(a.parts[part].mean(metric), b.parts[part].mean(metric), 1e-12) << a.parts[part].name << metric_name(metric);
    }
  }
}

TEST(Evaluate, PartsOfTheQueriesAddUpToAll) {
  std::vector<std::string> names;
  for (int n = 0; n < 60; ++n) names.push_back(concat("customer", n));
  const Evaluation evaluation = evaluate_popularity(testing::make_dataset(random_events(6, 150, names), fifteen_items()), 30);
  const Slice &known = evaluation.part("with_history"), &unknown = evaluation.part("without_history");
  EXPECT_GT(unknown.num_queries(), 0u);
  EXPECT_EQ(known.num_queries() + unknown.num_queries(), evaluation.all.num_queries());
  EXPECT_EQ(evaluation.part("repeats").num_targets + evaluation.part("first_purchases").num_targets, evaluation.all.num_targets);
  std::size_t queries = 0;
  for (const WeekResult& week : evaluation.weeks) queries += week.num_queries;
  EXPECT_EQ(queries, evaluation.all.num_queries());

  std::size_t by_history = 0, by_popularity = 0;
  for (const Slice& bucket : evaluation.by_history) by_history += bucket.num_queries();
  for (const Slice& bucket : evaluation.by_popularity) by_popularity += bucket.num_targets;
  EXPECT_EQ(by_history, evaluation.all.num_queries());
  EXPECT_EQ(by_popularity, evaluation.all.num_targets);
  EXPECT_EQ(evaluation.by_history[0].num_queries(), unknown.num_queries());
  EXPECT_EQ(evaluation.by_popularity[3].values, evaluation.part("new_products").values);
}

TEST(Evaluate, IsTheSameForEveryNumberOfThreads) {
  std::vector<std::string> names;
  for (int n = 0; n < 200; ++n) names.push_back(concat("customer", n));
  const Dataset shop = testing::make_dataset(random_events(3, 1500, names), fifteen_items());
  const Evaluation one = evaluate_popularity(shop, 40, "", 1), three = evaluate_popularity(shop, 40, "", 3);
  ASSERT_GT(one.all.num_queries(), 300u);
  EXPECT_EQ(one.all.values, three.all.values);
  for (const auto slices : {&Evaluation::parts, &Evaluation::by_popularity, &Evaluation::by_history}) {
    for (std::size_t i = 0; i < (one.*slices).size(); ++i) {
      EXPECT_EQ((one.*slices)[i].users, (three.*slices)[i].users);
      EXPECT_EQ((one.*slices)[i].values, (three.*slices)[i].values);
    }
  }
  for (std::size_t k = 0; k < one.lists.size(); ++k) EXPECT_EQ(one.lists[k].novelty_bits, three.lists[k].novelty_bits);
  ThreadPool pool(1), more(3);
  const auto intervals = [](const Evaluation& evaluation, ThreadPool& threads) {
    std::vector<Contender> contenders;
    contenders.push_back({.evaluation = evaluation});
    return compare(std::move(contenders), 1, threads).models[0].all.metrics;
  };
  const auto a = intervals(one, pool), b = intervals(three, more);
  for (std::size_t metric = 0; metric < kNumMetrics; ++metric) {
    EXPECT_EQ(a[metric].low, b[metric].low);
    EXPECT_EQ(a[metric].high, b[metric].high);
  }
}

// Refitting before each week, a model that only counts knows what it knows by advancing.
TEST(Evaluate, RetrainingGivesACounterWhatAdvancingGivesIt) {
  std::vector<std::string> names;
  for (int n = 0; n < 30; ++n) names.push_back(concat("customer", n));
  const Dataset shop = testing::make_dataset(random_events(9, 200, names), fifteen_items());
  const Histories histories(shop, shop.num_events());
  const QueryPlan plan = plan_of(shop, histories, 30);
  ThreadPool pool(1);
  const FitContext weekly{.pool = pool, .curves_path = {}};
  const auto judged = [&](std::string_view name, const FitContext* retrain) {
    const auto model = *make_model(name, "");
    model->fit({&shop, plan.blocks.front().num_known_events, plan.cut}, weekly).value();
    return *evaluate(*model, shop, histories, plan, pool, no_progress(), {.retrain = retrain});
  };
  EXPECT_EQ(judged("popularity", &weekly).all.values, judged("popularity", nullptr).all.values);
  EXPECT_NE(judged("item_knn", &weekly).all.values, judged("item_knn", nullptr).all.values);  // its neighbours are learnt
  EXPECT_TRUE(judged("item_knn", &weekly).retrained);
}

TEST(Evaluate, KeepsTheAnswersThatAreWatched) {
  std::vector<std::string> names;
  for (int n = 0; n < 30; ++n) names.push_back(concat("customer", n));
  const Dataset shop = testing::make_dataset(random_events(8, 200, names), fifteen_items());
  const Histories histories(shop, shop.num_events());
  const QueryPlan plan = plan_of(shop, histories, 30);
  ASSERT_GT(plan.blocks.size(), 2u);
  const std::vector<std::uint32_t> watched = {0, plan.blocks[1].queries_begin, plan.blocks.back().queries_end - 1};
  ThreadPool pool(1);
  const auto model = *make_model("popularity", "half_life_days = 2");
  ASSERT_TRUE(model->fit({&shop, plan.blocks.front().num_known_events, plan.cut}, {.pool = pool, .curves_path = {}}));
  const Evaluation evaluation = *evaluate(*model, shop, histories, plan, pool, no_progress(), {.watched = watched});
  ASSERT_EQ(evaluation.watched.size(), 3u);
  // The model stands at the last block now: its answer is the last one watched.
  std::vector<std::vector<ScoredItem>> again;
  const Query last = to_query(plan.queries[watched[2]], plan, histories);
  const auto eligible = eligible_items(shop, plan.protocol, plan.blocks.back().num_known_events);
  model->recommend(std::span(&last, 1), kMaxCutoff, eligible, pool, again);
  EXPECT_EQ(evaluation.watched[2], again[0]);
}

// Best sellers of the last days against those of all time, where fashion changes each week.
Dataset fashionable_shop() {
  std::vector<testing::EventRow> events;
  for (int week = 0; week < 20; ++week) {
    for (int customer = 0; customer < 15; ++customer) {
      for (int day = 0; day < 14; ++day) events.push_back({concat("customer", customer), concat("item", week % 15), week * 7. + day});
    }
  }
  return testing::make_dataset(events, fifteen_items());
}

TEST(Compare, FindsTheBestBaselineAndThePairedDifference) {
  const Dataset shop = fashionable_shop();
  ThreadPool pool(2);
  std::vector<Contender> contenders;
  contenders.push_back({evaluate_popularity(shop, 70), true});
  contenders.push_back({evaluate_popularity(shop, 70, "half_life_days = 1"), true});
  contenders.push_back({evaluate_popularity(shop, 70), false});
  contenders.back().evaluation.model = "challenger";
  const Comparison comparison = compare(std::move(contenders), 1, pool);
  ASSERT_EQ(comparison.best_baseline, 1u);
  EXPECT_FALSE(comparison.models[1].ndcg_difference);
  const Interval& difference = *comparison.models[2].ndcg_difference;
  const std::size_t ndcg = find_metric("ndcg_at_20");
  EXPECT_NEAR(difference.value, comparison.models[2].all.metrics[ndcg].value - comparison.models[1].all.metrics[ndcg].value, 1e-12);
  EXPECT_LT(difference.high, 0);
  EXPECT_NE(verdict(comparison).find("challenger loses to the best baseline popularity"), std::string::npos) << verdict(comparison);
  EXPECT_NE(text_report(comparison, decide_promotion(comparison, 1, pool)).find("recall@20"), std::string::npos);
}

TEST(Select, ChoosesOnValidationAndFitsOnAllBeforeTheTest) {
  const Dataset shop = fashionable_shop();
  const Histories histories(shop, shop.num_events());
  const Split split = *make_split(shop, {.validation = 0.2, .test = 0.2});
  ThreadPool pool(2);
  const auto selection = select_on_validation(*find_model("popularity"), "", shop, split, {}, pool, no_progress());
  ASSERT_TRUE(selection) << selection.error().message;
  EXPECT_EQ(selection->trials.size(), find_model("popularity")->search_space().size());
  std::map<std::string, double> ndcg;
  for (const Trial& trial : selection->trials) ndcg[trial.knobs] = trial.ndcg_at_20;
  for (const auto& [knobs, value] : ndcg) EXPECT_GE(ndcg[selection->knobs], value) << knobs;
  EXPECT_GT(ndcg[selection->knobs], ndcg["half_life_days = \"none\""]);

  // The same model, fitted by hand.
  const auto expected = *make_model("popularity", selection->knobs);
  ASSERT_TRUE(expected->fit(split.train_and_validation(shop), {.pool = pool, .curves_path = {}}));
  std::vector<std::vector<ScoredItem>> a, b;
  const Query query;
  selection->model->recommend(std::span(&query, 1), 15, {}, pool, a);
  expected->recommend(std::span(&query, 1), 15, {}, pool, b);
  EXPECT_EQ(a, b);
}

TEST(Select, TriesOnlyWhatTheUserFixed) {
  const Dataset shop = fashionable_shop();
  const Histories histories(shop, shop.num_events());
  const Split split = *make_split(shop, {.validation = 0.2, .test = 0.2});
  ThreadPool pool(1);
  const ModelEntry& popularity = *find_model("popularity");
  const auto selection = select_on_validation(popularity, "half_life_days = 90", shop, split, {}, pool, no_progress());
  ASSERT_TRUE(selection) << selection.error().message;
  EXPECT_EQ(selection->trials.size(), 1u);
  EXPECT_EQ(selection->knobs, "half_life_days = 90");
}

TEST(MergeResults, ReplacesTheSameFigureAndKeepsTheOthers) {
  const Dataset shop = fashionable_shop();
  ThreadPool pool(1);
  const auto comparison_of = [&](std::string_view knobs) {
    std::vector<Contender> contenders;
    contenders.push_back({evaluate_popularity(shop, 70, knobs), true});
    return compare(std::move(contenders), 1, pool);
  };
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "results.json";
  ASSERT_TRUE(merge_results(path, comparison_of("half_life_days = 1"), {.data = "a", .seed = 1, .command = "first"}));
  const std::string once = *read_file(path);
  ASSERT_TRUE(merge_results(path, comparison_of("half_life_days = 90"), {.data = "b", .seed = 1, .command = "second"}));
  ASSERT_TRUE(merge_results(path, comparison_of("half_life_days = 90"), {.data = "b", .seed = 1, .command = "second"}));
  const std::string twice = *read_file(path);
  const auto lines = [](const std::string& text) { return std::count(text.begin(), text.end(), '\n'); };
  EXPECT_EQ(lines(twice) - 2, 2 * (lines(once) - 2));
  EXPECT_NE(twice.find(once.substr(2, once.find('}') - 2)), std::string::npos);
  ASSERT_TRUE(merge_results(path, comparison_of("half_life_days = 1"), {.data = "b", .seed = 1, .command = "third"}));
  const std::string thrice = *read_file(path);
  EXPECT_EQ(lines(thrice), lines(twice));
  EXPECT_EQ(thrice.find("second"), std::string::npos);

  ASSERT_TRUE(write_file(path, "{\"not\": \"a list\"}"));
  const auto refused = merge_results(path, comparison_of("half_life_days = 1"), {.data = "a", .seed = 1, .command = "x"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kBadInput);
}

}  // namespace
}  // namespace gemel
