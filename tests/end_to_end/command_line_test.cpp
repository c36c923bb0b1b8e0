// The whole way on the shop that is small enough to read: ingest, inspect, train, evaluate, recommend.
#include <gmock/gmock.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "gemel/models/registry.h"
#include "tests/end_to_end/program.h"

namespace gemel::end_to_end {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

class CommandLine : public ShopFolder {
 protected:
  Outcome succeed(std::vector<std::string> arguments) {
    arguments.push_back("--quiet");
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(outcome.err, "");  // --quiet: errors only
    return outcome;
  }
  Json json(std::vector<std::string> arguments) {
    const Outcome outcome = succeed(std::move(arguments));
    const Json json = Json::parse(outcome.out, nullptr, /*allow_exceptions=*/false);
    EXPECT_FALSE(json.is_discarded()) << outcome.out;
    return json;
  }
  std::vector<std::string> ids(const Json& answer) {
    std::vector<std::string> ids;
    for (const Json& product : answer.at("products")) ids.push_back(product.at("id"));
    return ids;
  }
};

TEST_F(CommandLine, EveryModelGoesAllTheWay) {
  const Json summary = json({"ingest", "shop.toml", "--out", "dataset", "--json"});
  EXPECT_EQ(summary.at("events").at("kept"), 40);
  EXPECT_EQ(json({"inspect", "dataset", "--json"}).at("num_users"), 5);
  std::vector<std::string> evaluate{"evaluate", "dataset", "--models", "popularity", "--json", "-"};
  for (const ModelEntry& entry : registered_models()) {
    SCOPED_TRACE(entry.name);
    const std::string model(entry.name), bundle = "bundles/" + model;
    EXPECT_EQ(json({"train", "dataset", "--model", model, "--out", bundle, "--json"}).at("model"), model);
    EXPECT_EQ(json({"inspect", bundle, "--json"}).at("model"), model);
    const Json known = json({"recommend", bundle, "--user", "ann", "-k", "3", "--json"});
    EXPECT_EQ(known.at("served"), "known");
    EXPECT_EQ(known.at("products").size(), 3u);
    EXPECT_EQ(json({"recommend", bundle, "--user", "nobody", "--json"}).at("served"), "fallback");
    EXPECT_EQ(json({"recommend", bundle, "--recent", "sencha,pot", "--json"}).at("served"), "unknown");
    const Json unseen = json({"recommend", bundle, "--user", "ann", "--exclude-seen", "-k", "9", "--json"});
    for (const char* had : {"sencha", "matcha", "whisk", "tin"}) EXPECT_THAT(ids(unseen), Not(::testing::Contains(had)));
    // With the Dataset the answer of a later day knows what came between.
    const Json later = json({"recommend", bundle, "--user", "eve", "--at", "2024-03-20", "--dataset", "dataset", "--json"});
    EXPECT_EQ(later.at("history_size"), 2);
    EXPECT_EQ(json({"recommend", bundle, "--user", "eve", "--json"}).at("history_size"), 0);
    evaluate.insert(evaluate.end(), {"--bundle", bundle});
  }
  const Json report = json(evaluate);
  EXPECT_EQ(report.at("models").size(), registered_models().size() + 1);
  EXPECT_EQ(succeed({"recommend", "bundles/two_tower", "--user", "ann"}).out,
            succeed({"recommend", "bundles/two_tower", "--user", "ann"}).out);
}

TEST_F(CommandLine, ASyntheticShopIsTakenAsItIsAndComparedWithItsOracle) {
  const Json made = json({"synth", "--out", "made_up", "--scale", "0.01", "--json"});
  EXPECT_EQ(made.at("num_customers"), 2500);
  const Json summary = json({"ingest", "made_up/shop.toml", "--out", "dataset", "--strict", "--json"});
  EXPECT_EQ(summary.at("events").at("kept"), made.at("num_events"));
  const Json report = json({"evaluate", "dataset", "--models", "popularity", "--oracle", "made_up", "--json", "-"});
  EXPECT_EQ(report.at("models").at(1).at("model"), "oracle");
  EXPECT_EQ(report.at("best_baseline"), "popularity");
  EXPECT_THAT(report.at("verdict").get<std::string>(), HasSubstr("The best possible here, the oracle, has NDCG@20 0."));
  EXPECT_EQ(run({"evaluate", "dataset", "--oracle", "nowhere", "--quiet"}).exit_code, 3);
  EXPECT_EQ(run({"synth", "--out", "made_up", "--scale", "0", "--quiet"}).exit_code, 2);
  EXPECT_EQ(run({"synth", "--out", "dataset", "--quiet"}).exit_code, 3);  // is not a synthetic shop, and is not replaced
}

TEST_F(CommandLine, TheAnswerForPeopleHasNamesReasonsAndFitsATerminal) {
  succeed({"ingest", "shop.toml", "--out", "dataset"});
  succeed({"train", "dataset", "--out", "bundle"});
  const std::string out = succeed({"recommend", "bundle", "--user", "ann", "-k", "8"}).out;
  EXPECT_THAT(out, HasSubstr("two_tower for purchase at 2024-03-18: known customer ann, 10 events of history"));
  EXPECT_THAT(out, HasSubstr("Matcha, ceremonial"));
  EXPECT_THAT(out, HasSubstr("had 4 times, last 2024-03-13"));
  std::istringstream lines(out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 120u) << line;
  EXPECT_THAT(succeed({"recommend", "bundle", "--recent", "sencha,nope"}).out,
              HasSubstr("Note: recent product 'nope' is not in this shop's data and was left out"));
}

TEST_F(CommandLine, InspectShowsTheHealthOfADatasetWithinAHundredColumns) {
  succeed({"ingest", "shop.toml", "--out", "dataset"});
  const std::string page = succeed({"inspect", "dataset"}).out;
  EXPECT_THAT(page, HasSubstr("FINDINGS: "));
  EXPECT_THAT(page, HasSubstr("WHAT THE SPLIT LEAVES"));
  EXPECT_THAT(page, HasSubstr("test: 5 customers"));  // of 40 events: too few to judge by
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    const auto characters = std::ranges::count_if(line, [](char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; });
    EXPECT_LE(characters, 100) << line;
  }
  const Json report = json({"inspect", "dataset", "--json"});
  EXPECT_EQ(report.at("kind"), "dataset");
  EXPECT_GE(report.at("findings").size(), 1u);
  for (const Json& finding : report.at("findings"))
    for (const char* key : {"severity", "check", "what", "means", "todo"}) EXPECT_NE(finding.at(key), "") << finding;
  EXPECT_EQ(report.at("sections").at("split").at("parts").size(), 3u);
}

TEST_F(CommandLine, SimilarFindsProductsByIdAndByNameAndExplainTellsWhatMovedAScore) {
  succeed({"ingest", "shop.toml", "--out", "dataset"});
  succeed({"train", "dataset", "--out", "bundle"});
  const Json similar = json({"similar", "bundle", "sencha", "-k", "3", "--json"});
  EXPECT_EQ(similar.at("products").size(), 3u);
  EXPECT_THAT(ids(similar), Not(::testing::Contains("sencha")));
  EXPECT_EQ(json({"similar", "bundle", "matcha, CEREMONIAL", "--json"}).at("product").at("id"), "matcha");
  const Outcome unknown = run({"similar", "bundle", "macha"});
  EXPECT_EQ(unknown.exit_code, 3);
  EXPECT_THAT(unknown.err, HasSubstr("near are matcha (Matcha, ceremonial)"));
  succeed({"train", "dataset", "--model", "popularity", "--out", "plain"});
  EXPECT_THAT(run({"similar", "plain", "sencha"}).err, HasSubstr("popularity has no embeddings of products"));

  const Json explained = json({"recommend", "bundle", "--user", "ann", "-k", "2", "--explain", "--json"});
  for (const Json& product : explained.at("products")) {
    double sum = 0;
    for (const Json& part : product.at("explained").at("parts")) sum += part.at("value").get<double>();
    EXPECT_NEAR(sum, product.at("score").get<double>(), 1e-3);
    EXPECT_FALSE(product.at("explained").at("features").empty());
  }
  const std::string page = succeed({"recommend", "bundle", "--user", "ann", "-k", "2", "--explain"}).out;
  EXPECT_THAT(page, HasSubstr("above the average product: towers "));
  EXPECT_THAT(page, HasSubstr("do not add up"));
}

TEST_F(CommandLine, AnAnswerThatCouldNotBeWrittenIsAnError) {
  succeed({"ingest", "shop.toml", "--out", "dataset"});
  const std::string command = concat("cd ", folder().string(), " && $GEMEL_PROGRAM inspect dataset >/dev/full 2>/dev/null");
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 4);
}

TEST_F(CommandLine, ADamagedBundleIsRefused) {
  succeed({"ingest", "shop.toml", "--out", "dataset"});
  succeed({"train", "dataset", "--out", "bundle"});
  std::string weights = text_of(folder() / "bundle/model/weights.safetensors");
  weights[weights.size() / 2] ^= 1;
  write("bundle/model/weights.safetensors", weights);
  const Outcome outcome = run({"recommend", "bundle", "--user", "ann"});
  EXPECT_EQ(outcome.exit_code, 5);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("weights.safetensors"));
}

TEST_F(CommandLine, AnApproximateIndexIsTrainedShownServedAndJudgedAndItsDamageIsFound) {
  succeed({"ingest", "shop.toml", "--out", "dataset"});
  succeed({"train", "dataset", "--out", "exact"});
  EXPECT_EQ(json({"inspect", "exact", "--json"}).at("index"), "exact");
  write("knobs.toml", "[models.two_tower]\nindex = \"approximate\"\n");
  EXPECT_THAT(succeed({"train", "dataset", "--config", "knobs.toml", "--out", "bundle"}).out,
              HasSubstr("two_tower: search approximate, 6 partitions, index_recall_at_100 1.0000"));
  EXPECT_THAT(json({"inspect", "bundle", "--json"}).at("index").get<std::string>(), HasSubstr("index_recall_at_100 1.0000"));
  // All partitions of so few products are opened.
  for (const char* user : {"ann", "eve", "nobody"})
    EXPECT_EQ(json({"recommend", "bundle", "--user", user, "--json"}).at("products"),
              json({"recommend", "exact", "--user", user, "--json"}).at("products"));
  const Json report = json({"evaluate", "dataset", "--models", "popularity", "--bundle", "exact", "--bundle", "bundle", "--json", "-"});
  EXPECT_EQ(report.at("models").at(1).at("all"), report.at("models").at(2).at("all"));
  std::string index = text_of(folder() / "bundle/model/index.safetensors");
  index[index.size() / 2] ^= 1;
  write("bundle/model/index.safetensors", index);
  const Outcome outcome = run({"recommend", "bundle", "--user", "ann"});
  EXPECT_EQ(outcome.exit_code, 5);
  EXPECT_THAT(outcome.err, HasSubstr("index.safetensors"));
}

TEST_F(CommandLine, AShopOfTheLeastThatIsNeeded) {
  // No time but parts as files, no catalogue, no customers, no actions, no validation.
  write("train.csv", "user,item\na,1\na,2\nb,1\nb,3\nc,2\n");
  write("test.csv", "user,item\na,3\nb,2\nc,1\n");
  write("least.toml", "[events]\nuser = 'user'\nitem = 'item'\n[split]\ntrain = 'train.csv'\ntest = 'test.csv'\n");
  succeed({"ingest", "least.toml", "--out", "least"});
  const Json report = json({"evaluate", "least", "--protocol", "frozen", "--json", "-"});
  const auto num_baselines = std::ranges::count_if(registered_models(), &ModelEntry::is_baseline);
  EXPECT_EQ(report.at("models").size(), static_cast<std::size_t>(num_baselines));
  write("knobs.toml", "[models.two_tower]\npopularity_half_life_days = []\ntime = []\nuser_id = true\nepochs = 2\n");
  EXPECT_THAT(succeed({"train", "least", "--config", "knobs.toml", "--protocol", "frozen", "--out", "bundle"}).out,
              HasSubstr("no validation part"));
  EXPECT_EQ(json({"recommend", "bundle", "--user", "a", "--json"}).at("products").size(), 3u);
}

TEST_F(CommandLine, OneCustomerAndRowsThatComeTwice) {
  std::string events = "time,customer,product,action,pieces\n";
  for (const char* month : {"02", "03"}) {
    for (int day = 10; day < 30; ++day) {
      const std::string row = concat("2024-", month, "-", day, "T08:00:00Z,ann,", day % 3 == 0 ? "sencha" : "matcha", ",purchase,1\n");
      events += row + row;
    }
  }
  write("events.csv", events);
  const Json summary = json({"ingest", "shop.toml", "--out", "dataset", "--json"});
  EXPECT_EQ(summary.at("events").at("duplicates"), 40);
  EXPECT_EQ(summary.at("events").at("kept"), 40);
  for (const ModelEntry& entry : registered_models()) {
    SCOPED_TRACE(entry.name);
    const Outcome trained = run({"train", "dataset", "--model", std::string(entry.name), "--out", "bundle"});
    if (entry.name == "mf") {  // all pieces are 1: the bundle is there, and it is said that it learnt nothing
      EXPECT_EQ(trained.exit_code, 6);
      EXPECT_THAT(trained.err, HasSubstr("is the same: nothing to learn"));
    } else {
      EXPECT_EQ(trained.exit_code, 0) << trained.err;
    }
    EXPECT_EQ(ids(json({"recommend", "bundle", "--user", "ann", "-k", "1", "--json"})).size(), 1u);
  }
}

TEST_F(CommandLine, HelpOfEveryCommandShowsAnExampleThatItWouldAccept) {
  for (const std::string command : {"ingest", "train", "evaluate", "recommend", "similar", "inspect"}) {
    const std::string help = run({command, "--help"}).out;
    const auto at = help.find("Example:\n  gemel " + command + " ");
    ASSERT_NE(at, std::string::npos) << command;
    std::istringstream examples(help.substr(at + 9));
    for (std::string line; std::getline(examples, line);) {
      std::istringstream words(line);
      std::vector<std::string> arguments;
      for (std::string word; words >> word;) arguments.push_back(word);
      if (arguments.empty()) continue;
      arguments.erase(arguments.begin());
      const Outcome outcome = run(arguments);  // its files are not here: not found, but no error of usage
      EXPECT_EQ(outcome.exit_code, 3) << line << "\n" << outcome.err;
    }
  }
}

}  // namespace
}  // namespace gemel::end_to_end
