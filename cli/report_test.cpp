#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "cli/command.h"
#include "gemel/base/file.h"
#include "gemel/data/testing.h"
#include "gemel/numerics/rng.h"

namespace gemel::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

class ReportCommand : public ::testing::Test {
 protected:
  ReportCommand() {
    Rng rng(4);
    std::vector<testing::EventRow> events;
    std::vector<testing::EntityRow> items;
    for (std::size_t item = 0; item < 30; ++item) {
      items.push_back({concat("item", item),
                       {{"kind", concat("kind", item % 3)}, {"label", item == 0 ? "</script><b>\"tea\" & more" : concat("Tea ", item)}}});
    }
    for (int event = 0; event < 900; ++event) {
      const std::uint64_t user = rng.below(50);
      const std::uint64_t item =
          rng.uniform() < 0.6 ? user % 3 + 3 * rng.below(10) : static_cast<std::uint64_t>(30 * rng.uniform() * rng.uniform());
      events.push_back({concat("customer", user), concat("item", item), rng.uniform() * 100});
    }
    std::filesystem::create_directory(shop());
    testing::write_dataset(shop(), events, items, {},
                           {.item_features = "kind = \"category\"\nlabel = \"shown\"",
                            .item_name = "label",
                            .split = "validation = 0.2\ntest = 0.2",
                            .models = "[models.two_tower]\nepochs = 2\nembedding_dim = 8\nquery_layers = [\"8 linear\"]\n"
                                      "candidate_layers = [\"8 linear\"]\n"});
  }

  std::filesystem::path shop() const { return folder_.path() / "shop"; }
  std::filesystem::path file(std::string_view name) const { return folder_.path() / name; }

  int run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"gemel", "report", shop().string(), "--quiet"});
    std::vector<const char*> argv;
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    AddCommand* const commands[] = {add_report};
    ::testing::internal::CaptureStdout();
    const int code = run_program(static_cast<int>(argv.size()), argv.data(), commands);
    ::testing::internal::GetCapturedStdout();
    return code;
  }

 private:
  testing::TemporaryFolder folder_;
};

TEST_F(ReportCommand, SaysInThePageAndInJsonWhatWasFound) {
  ASSERT_EQ(
      run({"--models", "popularity,item_knn,two_tower", "--out", file("report.html").string(), "--json", file("report.json").string()}), 0);
  const Json report = Json::parse(*read_file(file("report.json")));
  ASSERT_EQ(report["models"].size(), 3u);
  EXPECT_FALSE(report["summary"].empty());
  EXPECT_TRUE(report["promotion"]["promoted"].is_string());
  EXPECT_EQ(report["promotion"]["validation"].size(), 3u);

  const Json& popularity = report["models"][0];
  std::size_t queries = 0, targets = 0;
  for (const Json& part : popularity["by_history_length"]) queries += part["num_queries"].get<std::size_t>();
  for (const Json& part : popularity["by_popularity"]) targets += part["num_targets"].get<std::size_t>();
  EXPECT_EQ(queries, popularity["all"]["num_queries"]);
  EXPECT_EQ(targets, popularity["all"]["num_targets"]);

  const Json& tower = report["fits"][2];
  EXPECT_GT(tower["fit_seconds"], 0);
  ASSERT_FALSE(tower["curves"].empty());
  EXPECT_TRUE(tower["curves"][0]["loss"].is_number());
  EXPECT_GT(report["fits"][0]["trials"].size(), 1u);

  EXPECT_EQ(report["map"]["kind_feature"], "kind");
  ASSERT_EQ(report["map"]["models"].size(), 1u);  // the only one with embeddings
  EXPECT_EQ(report["map"]["models"][0]["x"].size(), report["map"]["products"].size());

  const std::string page = *read_file(file("report.html"));
  EXPECT_THAT(page, HasSubstr("vegaEmbed"));
  EXPECT_THAT(page, Not(HasSubstr("</script><b>")));  // a product's name stays text
  EXPECT_THAT(page, HasSubstr("\\u003c/script>\\u003cb>"));
}

TEST_F(ReportCommand, ExamplesMarkExactlyWhatWasTakenAfterwards) {
  ASSERT_EQ(run({"--models", "popularity", "--out", file("report.html").string(), "--json", file("report.json").string()}), 0);
  const Json report = Json::parse(*read_file(file("report.json")));
  ASSERT_GT(report["examples"].size(), 2u);
  std::set<std::string> customers;
  for (const Json& example : report["examples"]) {
    customers.insert(example["customer"]);
    std::set<std::string> taken;
    for (const Json& product : example["taken"]) taken.insert(product["id"]);
    EXPECT_FALSE(taken.empty());
    for (const Json& past : example["history"]) EXPECT_LT(past["at"], example["at"]);
    for (const Json& product : example["models"][0]["products"]) EXPECT_EQ(product["hit"], taken.contains(product["id"]));
  }
  EXPECT_EQ(customers.size(), report["examples"].size());
}

TEST_F(ReportCommand, IsTheSameForTheSameSeedAndAnyNumberOfThreads) {
  const auto report_of = [&](std::string threads) {
    EXPECT_EQ(run({"--models", "popularity,two_tower", "--threads", std::move(threads), "--out", file("report.html").string(), "--json",
                   file("report.json").string()}),
              0);
    Json report = Json::parse(*read_file(file("report.json")));
    for (Json& model : report["models"]) model.erase("seconds");
    for (Json& fit : report["fits"]) {
      for (const char* key : {"fit_seconds", "fit_peak_bytes"}) fit.erase(key);
      for (Json& trial : fit["trials"]) trial.erase("seconds");
      for (Json& point : fit["curves"]) point.erase("examples_per_second");
    }
    return report;
  };
  EXPECT_EQ(report_of("1"), report_of("3"));
}

TEST_F(ReportCommand, RefusesAPlaceThatIsNotThereBeforeAnyWork) {
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(run({"--out", file("nowhere/report.html").string()}), 2);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("--out: expected a path in a folder that exists"));
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(run({"--out", shop().string()}), 2);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("--out: expected the path of a file, found the folder"));
}

}  // namespace
}  // namespace gemel::cli
