#include "gemel/eval/experiment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "gemel/base/file.h"
#include "gemel/data/testing.h"

namespace gemel {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Notes final : public ProgressSink {
 public:
  void note(std::string_view line) override { text.append(line).append("\n"); }
  std::string text;
};

constexpr std::string_view kFile = R"(
title = "Tiny"
dataset = "shop"
repeats = "drop"
seeds = [1, 2]
[base]
epochs = 2
embedding_dim = 4
query_layers = ["4 linear"]
candidate_layers = ["4 linear"]
popularity_half_life_days = []
personal_half_life_days = []
calibrate = false
[runs.plain]
title = "plain"
[runs.rating]
title = "forecasts ratings"
plot = false
knobs = { loss = "rating", epochs = 1 }
[runs.one_hot]
knobs = { one_hot = ["brand"] }
[runs.popularity]
model = "popularity"
knobs = { half_life_days = 7 }
)";

class ExperimentTest : public ::testing::Test {
 protected:
  ExperimentTest() {
    std::vector<testing::EventRow> events;
    for (int day = 0; day < 200; ++day)
      for (int user = day % 3; user < 12; user += 3)
        events.push_back({concat("u", user), concat("p", (user + day * 7) % 97), static_cast<double>(day), "buy"});
    std::vector<testing::EntityRow> items;
    for (int item = 0; item < 9; ++item) items.push_back({concat("p", item), {{"brand", item % 2 ? "A" : "B"}}});
    fs::create_directory(folder_.path() / "shop");
    testing::write_dataset(folder_.path() / "shop", events, items, {}, {.item_features = "brand = \"category\""});
    write(kFile);
  }

  void write(std::string_view text) const { std::ofstream(path()) << text; }
  fs::path path() const { return folder_.path() / "tiny.toml"; }
  ExperimentConfig config() const { return ExperimentConfig::open(path()).value(); }
  std::string refusal(std::string_view from, std::string_view to) const {
    std::string text(kFile);
    text.replace(text.find(from), from.size(), to);
    write(text);
    const auto opened = ExperimentConfig::open(path());
    return opened ? "" : opened.error().message;
  }

  testing::TemporaryFolder folder_;
  ThreadPool pool_{1};
};

TEST_F(ExperimentTest, KnobsOfARunStandAboveThoseOfTheBase) {
  const ExperimentConfig read = config();
  ASSERT_EQ(read.runs.size(), 4u);
  EXPECT_EQ(read.dataset, folder_.path() / "shop");
  EXPECT_EQ(read.seeds, (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(read.repeats, Repeats::kDrop);
  EXPECT_THAT(read.runs[1].knobs, HasSubstr("epochs = 1\n"));
  EXPECT_EQ(read.runs[1].knobs.find("epochs = 2"), std::string::npos);
  EXPECT_FALSE(read.runs[1].plot);
  EXPECT_EQ(read.runs[2].title, "one_hot");
  EXPECT_EQ(read.runs[3].knobs, "half_life_days = 7\n");
}

TEST_F(ExperimentTest, RefusesWhatIsMisspeltBeforeAnyRun) {
  EXPECT_THAT(refusal("loss = \"rating\"", "lozz = \"rating\""), HasSubstr("lozz"));
  EXPECT_THAT(refusal("repeats = \"drop\"", "repeat = \"drop\""), HasSubstr("repeat"));
  EXPECT_THAT(refusal("repeats = \"drop\"", "repeats = \"some\""), HasSubstr("repeats"));
  EXPECT_THAT(refusal("seeds = [1, 2]", "seeds = [1.5]"), HasSubstr("whole numbers"));
  EXPECT_THAT(refusal("seeds = [1, 2]", "seeds = [2, 1, 2]"), HasSubstr("seeds: expected each seed once, found 2 again"));
  for (const std::string_view name : {"../../esc", "a/b", ""})
    EXPECT_THAT(refusal("[runs.plain]", concat("[runs.\"", name, "\"]")), HasSubstr("expected a name that a file may have")) << name;
  EXPECT_THAT(refusal("plot = false", "plots = false"), HasSubstr("runs.rating.plots"));
}

TEST_F(ExperimentTest, FinishedRunsAreKeptAndOthersRunAgainToTheSameFigures) {
  const fs::path out = folder_.path() / "out";
  const auto first = run_experiment(config(), out, pool_, no_progress());
  ASSERT_TRUE(first) << first.error().message;
  ASSERT_EQ(first->size(), 8u);
  ASSERT_TRUE(write_experiment(config(), *first, out));
  const std::string before = read_file(out / "results.json").value();
  const auto json = nlohmann::json::parse(before);
  ASSERT_EQ(json["runs"].size(), 4u);
  EXPECT_EQ(json["runs"][0]["by_seed"].size(), 2u);
  for (const char* picture : {"loss.svg", "accuracy.svg", "validation.svg", "scores.svg"})
    EXPECT_THAT(read_file(out / picture).value(), HasSubstr("Tiny")) << picture;
  EXPECT_EQ(read_file(out / "loss.svg")->find("forecasts ratings"), std::string::npos);  // plot = false

  fs::remove(out / "runs" / "plain-2.json");                              // never finished
  std::ofstream(out / "runs" / "rating-1.json") << "{\"key\": \"torn";  // damaged
  Notes notes;
  const auto second = run_experiment(config(), out, pool_, notes);
  ASSERT_TRUE(second) << second.error().message;
  std::size_t num_kept = 0;
  for (auto at = notes.text.find("(kept)"); at != std::string::npos; at = notes.text.find("(kept)", at + 1)) ++num_kept;
  EXPECT_EQ(num_kept, 6u);
  for (std::size_t i = 0; i < first->size(); ++i) {
    EXPECT_EQ((*second)[i].run, (*first)[i].run);
    EXPECT_EQ((*second)[i].ndcg_at_20, (*first)[i].ndcg_at_20);
  }

  write(std::string(kFile).replace(kFile.find("epochs = 2"), 10, "epochs = 1"));  // other knobs: none is kept but popularity and rating
  Notes changed;
  ASSERT_TRUE(run_experiment(config(), out, pool_, changed));
  EXPECT_EQ(changed.text.find("plain, seed 1 (kept)"), std::string::npos);
  EXPECT_THAT(changed.text, HasSubstr("popularity, seed 1 (kept)"));
}

TEST(MeanOverSeeds, IsStudentsIntervalWorkedByHand) {
  // Mean 2, standard deviation 1, standard error 1 / sqrt(3).
  const Interval interval = mean_over_seeds({1, 2, 3});
  EXPECT_DOUBLE_EQ(interval.value, 2);
  constexpr double kTwoDegrees = 4.302652729749, kElevenDegrees = 2.200985160092;
  EXPECT_NEAR(interval.high, 2 + kTwoDegrees / std::sqrt(3.0), 1e-9);
  EXPECT_NEAR(interval.low, 2 - kTwoDegrees / std::sqrt(3.0), 1e-9);
  // Twelve values, half of them 0 and half 2: mean 1, standard error 1 / sqrt(11).
  EXPECT_NEAR(mean_over_seeds({0, 2, 0, 2, 0, 2, 0, 2, 0, 2, 0, 2}).high, 1 + kElevenDegrees / std::sqrt(11.0), 1e-9);
  EXPECT_EQ(mean_over_seeds({5}).high, 5);
}

}  // namespace
}  // namespace gemel
