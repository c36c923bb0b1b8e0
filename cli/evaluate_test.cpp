#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "gemel/base/file.h"
#include "gemel/data/testing.h"
#include "gemel/models/registry.h"
#include "gemel/numerics/rng.h"
#include "gemel/retrieval/bundle.h"

namespace gemel::cli {
namespace {

using Json = nlohmann::json;

class EvaluateCommand : public ::testing::Test {
 protected:
  EvaluateCommand() {
    Rng rng(2);
    std::vector<testing::EventRow> events;
    for (int event = 0; event < 600; ++event) {
      const auto item = static_cast<std::size_t>(20 * rng.uniform() * rng.uniform());
      events.push_back({concat("customer", rng.below(40)), concat("item", item), rng.uniform() * 100});
    }
    std::filesystem::create_directory(shop());
    testing::write_dataset(shop(), events, {}, {}, {.split = "validation = 0.2\ntest = 0.2"});
  }

  std::filesystem::path shop() const { return folder_.path() / "shop"; }
  std::filesystem::path file(std::string_view name) const { return folder_.path() / name; }

  // `gemel evaluate SHOP arguments...` -> exit code.
  int run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"gemel", "evaluate", shop().string(), "--quiet"});
    std::vector<const char*> argv;
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    AddCommand* const commands[] = {add_evaluate};
    return run_program(static_cast<int>(argv.size()), argv.data(), commands);
  }

  Json json(std::string_view name) const { return Json::parse(*read_file(file(name))); }

  // Popularity of a week, fitted on all before the test, or on the test too.
  void save_popularity_bundle(std::string_view name, bool sees_the_test) const {
    const Dataset dataset = *Dataset::open(shop());
    const Split split = *make_split(dataset, dataset.config().split);
    ThreadPool pool(1);
    const auto model = *make_model("popularity", "half_life_days = 7");
    TrainView view = split.train_and_validation(dataset);
    if (sees_the_test) view = {&dataset, split.end, split.until};
    ASSERT_TRUE(model->fit(view, {.pool = pool, .curves_path = {}}));
    const BundleSource source{
        .model = *model, .dataset = dataset, .num_events = view.num_events, .trained_until = view.until, .cut = view.until};
    const auto saved = save_bundle(file(name), source);
    ASSERT_TRUE(saved) << saved.error().message;
  }

 private:
  testing::TemporaryFolder folder_;
};

TEST_F(EvaluateCommand, TunesJudgesAndWritesTheFigures) {
  const std::vector<std::string> arguments = {"--models",  "popularity,repurchase",       "--json",      file("report.json").string(),
                                              "--results", file("results.json").string(), "--data-name", "toys"};
  ::testing::internal::CaptureStdout();
  ASSERT_EQ(run(arguments), 0);
  const std::string table = ::testing::internal::GetCapturedStdout();
  EXPECT_NE(table.find("The best baseline is "), std::string::npos) << table;

  const Json report = json("report.json");
  ASSERT_EQ(report["models"].size(), 2u);
  EXPECT_EQ(report["protocol"], "rolling_week");
  const Json& recall = report["models"][0]["all"]["metrics"]["recall_at_20"];
  EXPECT_LE(recall["low"], recall["value"]);
  EXPECT_GE(recall["high"], recall["value"]);

  bool found = false;
  for (const Json& row : json("results.json")) {
    EXPECT_EQ(row["data"], "toys");
    if (row["model"] == "popularity" && row["metric"] == "recall_at_20") {
      EXPECT_EQ(row["value"], recall["value"]);
      found = true;
    }
  }
  EXPECT_TRUE(found);
}

TEST_F(EvaluateCommand, ABundleIsJudgedLikeTheModelInside) {
  save_popularity_bundle("bundle", /*sees_the_test=*/false);
  ASSERT_TRUE(write_file(file("model.toml"), "[models.popularity]\nhalf_life_days = 7\n"));
  ASSERT_EQ(run({"--models", "popularity", "--bundle", file("bundle").string(), "--config", file("model.toml").string(), "--json",
                 file("report.json").string()}),
            0);
  const Json report = json("report.json");
  ASSERT_EQ(report["models"].size(), 2u);
  EXPECT_EQ(report["models"][0]["all"], report["models"][1]["all"]);
  EXPECT_EQ(report["models"][0]["weeks"], report["models"][1]["weeks"]);
}

TEST_F(EvaluateCommand, ABundleThatHasSeenTheTestIsRefused) {
  save_popularity_bundle("bundle", /*sees_the_test=*/true);
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(run({"--models", "popularity", "--bundle", file("bundle").string()}), 3);
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("it has seen its own answers"), std::string::npos);
}

TEST_F(EvaluateCommand, AFileThatIsNoListOfResultsIsRefusedBeforeAnyWork) {
  ASSERT_TRUE(write_file(file("results.json"), "{\"not\": \"a list\"}"));
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(run({"--models", "popularity", "--results", file("results.json").string(), "--data-name", "toys"}), 3);
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("results.json: expected a list"), std::string::npos);
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "");
}

TEST_F(EvaluateCommand, WhatIsAskedWronglyIsExplained) {
  const auto message_of = [this](std::vector<std::string> arguments) {
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(run(arguments), 2);
    return ::testing::internal::GetCapturedStderr();
  };
  EXPECT_NE(message_of({"--json", shop().string()}).find("--json: expected the path of a file, found the folder"), std::string::npos);
  EXPECT_NE(message_of({"--models", "popularty"}).find("unknown model 'popularty'; known: popularity"), std::string::npos);
  EXPECT_NE(message_of({"--models", "popularity,,content"}).find("found an empty one in 'popularity,,content'"), std::string::npos);
  EXPECT_NE(message_of({"--models", "popularity", "popularity"}).find("popularity is named twice"), std::string::npos);
  EXPECT_NE(message_of({"--models", "", "--bundle", file("a").string(), "--bundle", file("b/../a").string()}).find("is named twice"),
            std::string::npos);
  EXPECT_NE(message_of({"--protocol", "weekly"}).find("rolling_week"), std::string::npos);
  EXPECT_NE(message_of({"--results", file("results.json").string()}).find("--data-name"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(file("results.json")));
  ASSERT_TRUE(write_file(file("model.toml"), "[models.popularity]\nhalf_life = 7\n"));
  EXPECT_NE(message_of({"--models", "popularity", "--config", file("model.toml").string()}).find("half_life"), std::string::npos);
}

}  // namespace
}  // namespace gemel::cli
