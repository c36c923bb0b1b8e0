// gemel init as its users meet it: from files to a shop.toml that the other commands take as it stands.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/end_to_end/program.h"

namespace gemel::end_to_end {
namespace {
using ::testing::HasSubstr;

class InitCommand : public ShopFolder {
 protected:
  void SetUp() override {
    ShopFolder::SetUp();
    if (!IsSkipped()) fs::remove(folder() / "shop.toml");
  }
  Outcome init(std::vector<std::string> more = {}) const {
    std::vector<std::string> all{"init", "events.csv", "--items", "catalogue.csv", "--users", "customers.csv", "--quiet"};
    all.insert(all.end(), more.begin(), more.end());
    return run(std::move(all));
  }
};

TEST_F(InitCommand, WhatItWritesIsIngestedTrainedAndRecommendedFromUntouched) {
  const Outcome written = init();
  ASSERT_EQ(written.exit_code, 0) << written.err;
  const std::string text = text_of(folder() / "shop.toml");
  EXPECT_THAT(written.out, HasSubstr(text));
  for (const char* line : {"user = \"customer\"", "item = \"product\"", "time = \"time\"", "weight = \"pieces\"", "name = \"title\""})
    EXPECT_THAT(text, HasSubstr(line));
  const Outcome ingested = run({"ingest", "shop.toml", "--out", "dataset", "--quiet"});
  ASSERT_EQ(ingested.exit_code, 0) << ingested.err;
  EXPECT_THAT(ingested.out, HasSubstr("40 read = 40 kept"));
  ASSERT_EQ(run({"train", "dataset", "--model", "popularity", "--out", "bundle", "--quiet"}).exit_code, 0);
  EXPECT_EQ(run({"recommend", "bundle", "--user", "ann", "-k", "3"}).exit_code, 0);
}

TEST_F(InitCommand, NeverWritesOverAFileUnlessForced) {
  write("shop.toml", "# mine\n");
  const Outcome refused = init();
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_THAT(refused.err, HasSubstr("shop.toml: exists; expected another --out, or --force"));
  EXPECT_EQ(text_of(folder() / "shop.toml"), "# mine\n");
  EXPECT_EQ(init({"--force"}).exit_code, 0);
  EXPECT_THAT(text_of(folder() / "shop.toml"), HasSubstr("[events]"));
}

TEST_F(InitCommand, WhatItCannotReadLeavesNothingBehind) {
  const auto before = files();
  const auto refused = [&](const std::vector<std::string>& arguments, const std::string& message) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(message));
    EXPECT_EQ(files(), before);
  };
  refused({"init", "nothing.csv"}, "no file matches 'nothing.csv'");
  refused({"init", "customers.csv"}, "customers.csv: expected a column with the product of each event, found customer, country");
  refused({"init", "events.csv", "--out", "no/such/shop.toml"}, "--out: expected a path in a folder that exists");
}

TEST_F(InitCommand, AsJsonItGivesEachGuessWithReasonAndAlternatives) {
  const Outcome outcome = init({"--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["events"]["user"]["value"], "customer");
  EXPECT_THAT(json["events"]["user"]["reason"].get<std::string>(), HasSubstr("called so"));
  EXPECT_TRUE(json["events"]["time"]["alternatives"].is_array());
  EXPECT_EQ(json["items"]["features"][0]["name"], "kind");
}

TEST_F(InitCommand, PathsBeginAtTheFolderOfTheFileThatIsWritten) {
  fs::create_directory(folder() / "config");
  ASSERT_EQ(init({"--out", "config/shop.toml"}).exit_code, 0);
  EXPECT_THAT(text_of(folder() / "config" / "shop.toml"), HasSubstr("path = \"../events.csv\""));
  EXPECT_EQ(run({"ingest", "config/shop.toml", "--out", "dataset", "--quiet"}).exit_code, 0);
}

}  // namespace
}  // namespace gemel::end_to_end
