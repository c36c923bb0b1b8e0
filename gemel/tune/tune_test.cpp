#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "gemel/data/testing.h"
#include "gemel/tune/tpe.h"
#include "gemel/tune/tuner.h"

namespace gemel::tune {
namespace {

using ::testing::HasSubstr;

const TuningSpace kSpace = {uniform("u", 0, 2), log_uniform("l", 0.01, 100), integer("i", 3, 5), log_integer("li", 1, 1000),
                            choice("c", {"\"none\"", "[1, 2]"})};

TEST(Knobs, StandAtTheirScalesEndsAndMiddles) {
  const Knobs low = knobs_at(kSpace, {0, 0, 0, 0, 0});
  EXPECT_EQ(in_one_line(low), "c = \"none\", i = 3, l = 0.01, li = 1, u = 0.0");
  const Knobs middle = knobs_at(kSpace, {0.5, 0.5, 0.5, 0.5, 0.5});
  EXPECT_EQ(in_one_line(middle), "c = [1, 2], i = 4, l = 1.0, li = 32, u = 1.0");
  const double last = std::nextafter(1.0, 0.0);
  EXPECT_EQ(in_one_line(knobs_at(kSpace, {last, last, last, last, last})), "c = [1, 2], i = 5, l = 100.0, li = 1000, u = 2.0");
}

TEST(Knobs, OfAConfigurationAreFlatAndReadTheSameAgain) {
  const ConfigFile file = *ConfigFile::parse("[models.two_tower]\nepochs = 3\nhistory = { length = 7, pool = [\"mean\"] }\n", "a.toml");
  const Knobs knobs = fixed_knobs_of(file, "two_tower");
  EXPECT_EQ(knobs.at("history.length"), "7");
  const auto model = make_model("two_tower", in_one_line(knobs));
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ((*model)->knobs(), (*make_model("two_tower", "epochs = 3, history = { length = 7, pool = [\"mean\"] }"))->knobs());
}

TEST(Knobs, OfOneLineReadTheSameAgain) {
  const Knobs knobs{{"history.length", "7"},
                    {"layers", "[\"8 relu\", \"4 linear\"]"},
                    {"weights.\"a = b, [\"", "\"a \\\", [b\""},
                    {"rate", "16.3"},
                    {"share", "1.0"}};
  const auto again = parse_knobs(in_one_line(knobs));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*again, knobs);
  EXPECT_TRUE(parse_knobs("")->empty());
  EXPECT_EQ(parse_knobs("a = 1, b").error().code, ErrorCode::kBadConfig);
}

TEST(Knobs, AreLeftOutWhereTheChoiceMadeReadsNone) {
  const TuningSpace space = {choice("c", {"\"a\"", "\"b\""}), only_where("c", {"\"b\""}, uniform("of_b", 0, 1)), uniform("u", 0, 1)};
  EXPECT_EQ(in_one_line(knobs_at(space, {0, 0, 0})), "c = \"a\", u = 0.0");
  EXPECT_EQ(in_one_line(knobs_at(space, {.9, 0, 0})), "c = \"b\", of_b = 0.0, u = 0.0");
  const Knobs fixed = fixed_knobs_of(*ConfigFile::parse("[models.m]\nc = 'b'\nmore = 1", "a.toml"), "m");
  EXPECT_EQ(in_one_line(knobs_at({space[1], space[2]}, {0, 0}, fixed)), "c = \"b\", more = 1, of_b = 0.0, u = 0.0");
}

TEST(Knobs, ThatAreFixedAreReadByEveryChoiceThatIsLeft) {
  const TuningSpace space = {choice("c", {"1", "2", "3"}), only_where("c", {"1", "2"}, uniform("of_two", 0, 1)),
                             only_where("c", {"3"}, uniform("of_three", 0, 1)), uniform("u", 0, 1)};
  const TuningSpace left = without_fixed(space, {{"of_two", "0.5"}, {"u", "0.5"}});
  ASSERT_EQ(left.size(), 2u);
  EXPECT_EQ(left[0].choices, (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(left[1].key, "of_three");
  EXPECT_EQ(without_fixed(space, {{"c", "3"}, {"of_three", "0.5"}}).size(), 2u);
}

TEST(Tpe, GathersAroundWhatWasGood) {
  const TuningSpace space = {uniform("x", 0, 1), uniform("y", 0, 1), choice("c", {"0", "1", "2"})};
  const auto value = [](const UnitPoint& p) {  // best at x 0.2, y 0.8 and the second choice
    return -std::hypot(p[0] - 0.2, p[1] - 0.8) - (p[2] * 3 >= 1 && p[2] * 3 < 2 ? 0 : 0.5);
  };
  double searched = 0, drawn = 0;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    std::vector<Observation> observations;
    for (std::uint64_t trial = 0; trial < 60; ++trial) {
      Rng rng(seed, trial), chance(seed + 100, trial);
      const UnitPoint point = propose(space, observations, rng);
      observations.push_back({point, value(point)});
      if (trial < 40) continue;
      searched += value(point) / 100;
      drawn += value(random_point(space, chance)) / 100;
    }
  }
  EXPECT_GT(searched, 0.5 * drawn);  // both below zero: at most half as far away
}

TEST(Tpe, SurvivesFailuresAndEqualScores) {
  std::vector<Observation> observations;
  for (std::uint64_t trial = 0; trial < 30; ++trial) {
    Rng rng(1, trial);
    observations.push_back({propose(kSpace, observations, rng), trial % 2 == 0 ? -HUGE_VAL : 0.0});
    for (const double coordinate : observations.back().point) EXPECT_TRUE(coordinate >= 0 && coordinate < 1);
  }
}

class Tuner : public ::testing::Test {
 protected:
  Tuner() {
    Rng rng(9);
    std::vector<testing::EventRow> events;
    for (int event = 0; event < 900; ++event) {
      const auto day = std::floor(rng.uniform() * 100);
      // What is in fashion changes each ten days.
      const auto item =
          rng.uniform() < 0.6 ? static_cast<int>(day / 10) * 2 + static_cast<int>(rng.below(2)) : static_cast<int>(rng.below(20));
      events.push_back({concat("customer", rng.below(60)), concat("item", item), day});
    }
    dataset_.emplace(testing::make_dataset(events, {}, {}));
    split_ = *make_split(*dataset_, {.validation = 0.2, .test = 0.2});
  }

  Result<Tuning> run(std::size_t num_trials, std::string_view model = "item_knn", const Knobs& fixed = {}, double minutes = 0) {
    ThreadPool pool(2);
    return tune(*find_model(model), fixed, *dataset_, split_, {.num_trials = num_trials, .minutes = minutes, .trials_path = path()}, pool,
                no_progress());
  }
  std::filesystem::path path() const { return folder_.path() / "trials.jsonl"; }

  std::optional<Dataset> dataset_;
  Split split_;

 private:
  testing::TemporaryFolder folder_;
};

void expect_alike(const Tuning& a, const Tuning& b) {
  ASSERT_EQ(a.attempts.size(), b.attempts.size());
  for (std::size_t i = 0; i < a.attempts.size(); ++i) {
    EXPECT_EQ(a.attempts[i].knobs, b.attempts[i].knobs) << i;
    EXPECT_EQ(a.attempts[i].rung, b.attempts[i].rung) << i;
    EXPECT_EQ(a.attempts[i].ndcg_at_20, b.attempts[i].ndcg_at_20) << i;
  }
  EXPECT_EQ(a.best, b.best);
}

TEST_F(Tuner, HalvesEachBracketAndKeepsTheBestThatHadTheWholeBudget) {
  const auto tuning = run(20);
  ASSERT_TRUE(tuning) << tuning.error().message;
  std::map<std::size_t, std::size_t> on_rung;
  for (const Attempt& each : tuning->attempts) ++on_rung[each.rung];
  // The model's own knobs; two brackets of 9, 3, 1; one of 2, 1, 1.
  EXPECT_EQ(on_rung[0], 9u + 9 + 2);
  EXPECT_EQ(on_rung[1], 3u + 3 + 1);
  EXPECT_EQ(on_rung[2], 1u + 1 + 1 + 1);
  EXPECT_EQ(tuning->attempts[0].trial, 0u);
  for (const Attempt& each : tuning->attempts)
    EXPECT_TRUE(each.rung < kLastRung || each.ndcg_at_20 <= tuning->attempts[tuning->best].ndcg_at_20);
  EXPECT_EQ(tuning->attempts[tuning->best].rung, kLastRung);
  // Those that went on were the best of their bracket.
  double worst_kept = HUGE_VAL, best_dropped = -HUGE_VAL;
  std::set<std::size_t> kept;
  for (std::size_t i = 10; i < 13; ++i) kept.insert(tuning->attempts[i].trial);
  for (std::size_t i = 1; i < 10; ++i) {
    const Attempt& each = tuning->attempts[i];
    (kept.contains(each.trial) ? worst_kept : best_dropped) =
        kept.contains(each.trial) ? std::min(worst_kept, each.ndcg_at_20) : std::max(best_dropped, each.ndcg_at_20);
  }
  EXPECT_GE(worst_kept, best_dropped);
}

TEST_F(Tuner, GoesOnAfterAKillAsIfThereHadBeenNone) {
  const Tuning whole = *run(12);
  const std::string text = *read_file(path());
  for (const double share : {0.0, 0.3, 0.8}) {  // killed in the middle of a line
    ASSERT_TRUE(write_file(path(), text.substr(0, static_cast<std::size_t>(share * static_cast<double>(text.size())))));
    const auto resumed = run(12);
    ASSERT_TRUE(resumed) << resumed.error().message;
    expect_alike(whole, *resumed);
  }
  // More of the same search: what was tried stays.
  const auto longer = run(18);
  ASSERT_TRUE(longer) << longer.error().message;
  for (std::size_t each = 0; each < 14 + 3; ++each) EXPECT_EQ(longer->attempts[each].knobs, whole.attempts[each].knobs);
}

TEST_F(Tuner, LosesNoResultOfAnEarlierRunWithFewerTrialsOrMore) {
  ASSERT_TRUE(run(1));
  std::string text = *read_file(path());
  const std::size_t figure = text.find("\"ndcg_at_20\":", text.find("\"trial\":1,\"rung\":2")) + 13;
  ASSERT_TRUE(write_file(path(), text.replace(figure, text.find(',', figure) - figure, "0.99")));
  const auto longer = run(9);
  ASSERT_TRUE(longer) << longer.error().message;
  const Attempt& best = longer->attempts[longer->best];
  EXPECT_EQ(longer->best, longer->attempts.size() - 1) << "trial 1 goes no farther in a bracket of nine";
  EXPECT_EQ(best.trial, 1u);
  EXPECT_EQ(best.ndcg_at_20, 0.99);
  EXPECT_EQ(in_one_line(longer->knobs[longer->best]), best.knobs);
  const auto shorter = run(0);
  ASSERT_TRUE(shorter) << shorter.error().message;
  EXPECT_EQ(shorter->attempts.size(), 1u + 2);  // the winner of nine too
  EXPECT_EQ(shorter->attempts[shorter->best].knobs, best.knobs);
}

TEST_F(Tuner, RefusesTheTrialsOfAnotherSearchAndDamagedOnes) {
  ASSERT_TRUE(run(2));
  const auto other = run(2, "item_knn", {{"shrinkage", "7.0"}});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kBadConfig);
  EXPECT_THAT(other.error().message, HasSubstr("is of another search: its fixed is "));
  std::string text = *read_file(path());
  const std::string first_line = text.substr(0, text.find('\n') + 1);
  text.replace(text.find("neighbours = "), 13, "neighbours = 1");
  for (const std::string& damaged : {first_line + "[]\n", first_line + "{\"trial\": 1}\n", text}) {
    ASSERT_TRUE(write_file(path(), damaged));
    const auto refused = run(2);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kCorrupt) << refused.error().message;
  }
}

TEST_F(Tuner, LeavesFixedKnobsAlone) {
  const auto tuning = run(9, "item_knn", {{"shrinkage", "7.0"}, {"neighbours", "11"}});
  ASSERT_TRUE(tuning) << tuning.error().message;
  for (const Knobs& knobs : tuning->knobs) {
    EXPECT_EQ(knobs.at("shrinkage"), "7.0");
    EXPECT_EQ(knobs.at("neighbours"), "11");
  }
  for (const Attempt& each : tuning->attempts) EXPECT_EQ(each.error, "") << each.knobs;  // bm25 and walk have no shrinkage
  for (const TuningDimension& dimension : tuning->space) EXPECT_NE(dimension.key, "shrinkage");
}

TEST_F(Tuner, StopsWhenTheTimeIsSpentAndGoesOnWithMore) {
  const auto stopped = run(27, "popularity", {}, 1e-9);
  ASSERT_TRUE(stopped) << stopped.error().message;
  EXPECT_TRUE(stopped->out_of_time);
  EXPECT_EQ(stopped->attempts.size(), 1u);
  const auto longer = run(9, "popularity");
  EXPECT_FALSE(longer->out_of_time);
  EXPECT_EQ(longer->attempts.size(), 1u + 9 + 3 + 1);
}

TEST_F(Tuner, FindsTheHalfLifeThatFollowsFashion) {
  const Tuning tuning = *run(18, "popularity");
  EXPECT_GT(tuning.attempts[tuning.best].ndcg_at_20, tuning.attempts[0].ndcg_at_20);  // 30 days are too many here
  EXPECT_LT(std::stod(tuning.knobs[tuning.best].at("half_life_days")), 15);
}

TEST_F(Tuner, SamplesOfCustomersAreNestedAndKeepTheBlocks) {
  const Histories histories(*dataset_, dataset_->num_events());
  const QueryPlan plan =
      *make_query_plan(*dataset_, histories, Protocol::kRollingWeek, Repeats::kKeep, split_.test_begin, split_.end, split_.test_from);
  const auto customers = [](const QueryPlan& of) {
    std::set<UserIndex> users;
    for (const PlannedQuery& query : of.queries) users.insert(query.user);
    return users;
  };
  const QueryPlan few = sample_customers(plan, 1. / 9), some = sample_customers(plan, 1. / 3);
  EXPECT_LT(few.queries.size(), some.queries.size());
  EXPECT_LT(some.queries.size(), plan.queries.size());
  const auto small = customers(few), large = customers(some);
  EXPECT_TRUE(std::ranges::includes(large, small));
  ASSERT_EQ(some.blocks.size(), plan.blocks.size());
  EXPECT_EQ(some.blocks.back().queries_end, some.queries.size());
  for (std::size_t block = 0; block < some.blocks.size(); ++block)
    for (std::uint32_t query = some.blocks[block].queries_begin; query < some.blocks[block].queries_end; ++query)
      EXPECT_EQ(some.queries[query].block, block);
}

}  // namespace
}  // namespace gemel::tune
