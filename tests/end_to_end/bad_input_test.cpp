// Wrong or contradictory configuration: a message with file, key, what was found and what would be right; exit code 2; nothing written.
#include <gmock/gmock.h>

#include "tests/end_to_end/program.h"

namespace gemel::end_to_end {
namespace {

using ::testing::HasSubstr;

struct Edit {
  std::string from, to;  // an empty `from` appends
};

struct Case {
  std::string name;
  std::vector<Edit> edits;           // of shop.toml
  std::vector<std::string> message;  // parts of it
};

class BadInput : public ShopFolder {
 protected:
  // Runs, expects the refusal, and that the folder is as it was.
  void expect_refused(const std::string& name, const std::vector<std::string>& arguments, const std::vector<std::string>& message,
                      int exit_code = 2) {
    SCOPED_TRACE(name);
    const auto before = files();
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    for (const std::string& part : message) EXPECT_THAT(outcome.err, HasSubstr(part));
    EXPECT_EQ(files(), before);
  }

  void edit(const std::vector<Edit>& edits) {
    std::string text = text_of(fs::path("examples/tiny/shop.toml"));
    for (const auto& [from, to] : edits) {
      const auto at = from.empty() ? text.size() : text.find(from);
      ASSERT_NE(at, std::string::npos) << from;
      text.replace(at, from.size(), to);
    }
    write("shop.toml", text);
  }

  void ingest() { ASSERT_EQ(run({"ingest", "shop.toml", "--out", "dataset"}).exit_code, 0); }
};

TEST_F(BadInput, IngestRefusesAShopTomlThatCannotBeMeant) {
  const std::vector<Case> cases = {
      {"no TOML", {{"[events]", "[events"}}, {"shop.toml:3: not TOML"}},
      {"misspelt key",
       {{"weight = \"pieces\"", "wieght = \"pieces\""}},
       {"shop.toml:9: events.wieght: unknown key; known here: ", "weight"}},
      {"misspelt section", {{"[split]", "[spilt]"}}, {"shop.toml:36: spilt: unknown key", "split"}},
      {"wrong type",
       {{"target = true", "target = \"yes\""}},
       {"shop.toml:12: events.actions.purchase.target: expected true or false, found a text ('yes')"}},
      {"missing event column",
       {{"time = \"time\"", "time = \"when\""}},
       {"shop.toml: events.time: ", "events.csv: expected a column 'when', found time, customer"}},
      {"missing id column",
       {{"id = \"product\"", "id = \"sku\""}},
       {"shop.toml: items.id: ", "expected a column 'sku', found product, title"}},
      {"missing name column", {{"name = \"title\"", "name = \"titel\""}}, {"shop.toml: items.name: ", "expected a column 'titel'"}},
      {"missing feature column",
       {{"kind = \"category\"", "sort = \"category\""}},
       {"shop.toml: items.features.sort: ", "expected a column 'sort'"}},
      {"unknown feature type",
       {{"\"tags\"", "\"tag\""}},
       {"items.features.notes: expected category, tags, number, time, text or shown, found 'tag'"}},
      {"no such file", {{"\"events.csv\"", "\"nix/*.csv\""}}, {"shop.toml: events.path: no file matches"}},
      {"not a day", {{"2024-03-11", "2024-13-11"}}, {"split.validation: expected a fraction such as 0.1 or a day", "found '2024-13-11'"}},
      {"a day and a fraction", {{"\"2024-03-18\"", "0.1"}}, {"split.test: expected a day, since the other part begins with one"}},
      {"days in the wrong order", {{"2024-03-18", "2024-03-01"}}, {"split.test: expected a day after 2024-03-11", "found 2024-03-01"}},
      {"no test left",
       {{"2024-03-18", "2025-03-18"}},
       {"shop.toml: split.test: no event lies in this part (events from 2024-02-19 to 2024-03-24)"}},
      {"a test of nothing", {{"\"2024-03-11\"", "0.1"}, {"\"2024-03-18\"", "0"}}, {"split.test: expected a fraction above 0"}},
      {"target never occurs",
       {{"actions.purchase", "actions.buy"}},
       {"events.actions.buy: the target action never occurs; column 'action' holds view (14), purchase (26)"}},
      {"no target", {{"target = true ", "target = false"}}, {"no action is a target; expected `target = true`"}},
      {"time and order", {{"user = ", "order = true\nuser = "}}, {"events.order: expected either time or order = true, found both"}},
      {"neither time nor order", {{"time = \"time\"\n", ""}}, {"events.time: is missing: without it events cannot be split"}},
      {"days without time", {{"time = \"time\"", "order = true"}}, {"split.validation: found a day, but [events] names no time column"}},
      {"unknown model", {{"[models.popularity]", "[models.popularty]"}}, {"models.popularty: unknown key; known here: ", "two_tower"}},
      {"misspelt knob",
       {{"half_life_days = 7", "half_live_days = 7"}},
       {"shop.toml:41: models.popularity.half_live_days: unknown key; known here: half_life_days"}},
      {"knob of the wrong type",
       {{"half_life_days = 7", "half_life_days = [7]"}},
       {"models.popularity.half_life_days: expected a number, found a list"}},
      {"k of 0", {{"", "[models.item_knn]\nneighbours = 0\n"}}, {"models.item_knn.neighbours: expected a whole number from 1 to", "(0)"}},
  };
  for (const Case& each : cases) {
    edit(each.edits);
    expect_refused(each.name, {"ingest", "shop.toml", "--out", "no/such/folder/dataset"}, each.message);
  }
  fs::remove(folder() / "shop.toml");
  expect_refused("no shop.toml", {"ingest", "shop.toml", "--out", "dataset"}, {"shop.toml: opening failed: No such file"}, 3);
}

TEST_F(BadInput, TrainRefusesKnobsThatCannotBeMeantOrDoNotFitTheDataset) {
  ingest();
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"[models.two_tower]\nitem_features = ['kind', 'knid']",
       "knobs.toml: models.two_tower.item_features: unknown feature 'knid'; declared in shop.toml: kind, notes"},
      {"[models.two_tower]\nuser_features = ['age']",
       "knobs.toml: models.two_tower.user_features: unknown feature 'age'; declared in shop.toml: country"},
      {"[models.two_tower]\nepoch = 3", "knobs.toml:2: models.two_tower.epoch: unknown key; known here: "},
      {"[models.two_tower.history]\nlenght = 3",
       "knobs.toml:2: models.two_tower.history.lenght: unknown key; known here: attention_blocks, attention_dropout, attention_heads, "
       "floor, half_life_days, half_life_events, length"},
      {"[models.two_tower]\nepochs = '3'", "knobs.toml:2: models.two_tower.epochs: expected a whole number from 1"},
      {"[models.two_tower]\nbatch_size = 0", "models.two_tower.batch_size: expected a whole number from 2"},
      {"[models.two_tower]\nlearning_rate = 0", "models.two_tower.learning_rate: expected more than 0"},
      {"[models.two_tower]\ntime = ['month']", "models.two_tower.time: unknown time part 'month'; expected year_cycle"},
      {"[models.two_tower]\ntime = [3]", "models.two_tower.time: expected a list of texts, found a list with a whole number (3)"},
      {"[models.two_tower]\nquery_layers = ['relu 32']", "models.two_tower.query_layers: a layer is its width and activation"},
      {"[models.two_tower]\nquery_layers = ['32 relu']",
       "both towers must end at the same width; query_layers end at 32, candidate_layers at 64"},
      {"[models.two_tower]\npopularity_weights = [1]", "models.two_tower.popularity_weights: needs one weight for each"},
      {"[models.two_tower]\ntower_gates = [1]", "models.two_tower.tower_gates: expected 6 gates, found 1"},
      {"[models.two_tower]\nitem_id = false\nitem_features = ['none']",
       "knobs.toml: models.two_tower: the candidate tower has neither item_id nor item_features"},
      {"[models.two_tower]\ntime = []\nuser_features = ['none']\nhistory = { length = 0 }",
       "models.two_tower: the query tower has no input"},
      {"[models.popularty]\nhalf_life_days = 3", "models.popularty: unknown key; known here: "},
      {"[models.popularity]\nhalf_life_days = 0", "knobs.toml:2: models.popularity.half_life_days: expected more than 0 days"},
      {"[model.two_tower]\nepochs = 3", "knobs.toml:1: model: unknown key; known here: models"},
      {"models = 3", "knobs.toml:1: models: expected a table, found a whole number (3)"},
  };
  for (const auto& [text, message] : cases) {
    write("knobs.toml", text);
    expect_refused(text, {"train", "dataset", "--config", "knobs.toml", "--out", "bundle", "--quiet"}, {message});
  }
  write("knobs.toml", "");
  const auto train = [](std::vector<std::string> more) {
    std::vector<std::string> all{"train", "dataset", "--config", "knobs.toml", "--quiet"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  expect_refused("unknown model", train({"--model", "two_towers", "--out", "bundle"}), {"unknown model 'two_towers'; known: popularity"});
  expect_refused("protocol", train({"--protocol", "weekly", "--out", "bundle"}),
                 {"protocol: expected one of rolling_week", "found 'weekly'"});
  expect_refused("repeats", train({"--repeats", "no", "--out", "bundle"}), {"repeats: expected one of keep, drop, found 'no'"});
  expect_refused("threads", train({"--threads", "-1", "--out", "bundle"}), {"--threads"});
  expect_refused("seed", train({"--seed", "-1", "--out", "bundle"}), {"--seed: Value -1 not in range 0 to"});
  expect_refused("curves nowhere", train({"--curves", "no/such/c.jsonl", "--out", "bundle"}),
                 {"--curves: expected a path in a folder that exists"});
  expect_refused("no Dataset", {"train", "nothing", "--out", "bundle"}, {"nothing: no Dataset here", "gemel ingest"}, 3);
  // Refused before the work, not after it.
  expect_refused("a foreign folder", train({"--out", "customers.csv"}), {"customers.csv: exists and holds no manifest.json"}, 3);
}

TEST_F(BadInput, FeaturesThatNeedTimeAreRefusedWhereThereIsOnlyAnOrder) {
  edit({{"time = \"time\"", "order = true"}, {"validation = \"2024-03-11\"", "validation = 0.2"}, {"test = \"2024-03-18\"", "test = 0.2"}});
  ingest();
  const auto refused = [&](const std::string& knobs, const std::string& message) {
    write("knobs.toml", "[models.two_tower]\n" + knobs);
    expect_refused(knobs, {"train", "dataset", "--config", "knobs.toml", "--protocol", "per_event", "--out", "bundle", "--quiet"},
                   {message});
  };
  refused("",
          "models.two_tower.popularity_half_life_days: needs the day of each event, and events.time names no column; set "
          "popularity_half_life_days = []");
  refused("popularity_half_life_days = []", "models.two_tower.time: needs the day of each event");
  expect_refused("rolling week", {"evaluate", "dataset", "--quiet"},
                 {"protocol rolling_week: needs the days of the events", "expected frozen or per_event"});
  write("knobs.toml", "[models.two_tower]\npopularity_half_life_days = []\ntime = []\nepochs = 2\n");
  const Outcome trained = run({"train", "dataset", "--config", "knobs.toml", "--protocol", "per_event", "--out", "bundle"});
  EXPECT_EQ(trained.exit_code, 0) << trained.err;
  expect_refused("a moment", {"recommend", "bundle", "--user", "ann", "--at", "2024-04-01"},
                 {"--at: the events of this shop have no time"});
}

TEST_F(BadInput, RequestsAndEvaluationsThatCannotBeMeant) {
  ingest();
  ASSERT_EQ(run({"train", "dataset", "--model", "popularity", "--out", "bundle"}).exit_code, 0);
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"recommend", "bundle", "-k", "0"}, "-k"},
      {{"recommend", "bundle", "--at", "tomorrow"}, "--at: expected a date or time such as 2017-12-01 or 2017-12-01T08:30, got 'tomorrow'"},
      {{"recommend", "bundle", "--at", "2024-02-31"}, "got '2024-02-31'"},
      {{"recommend", "bundle", "--action", "steal"}, "--action: expected one of view, purchase, found 'steal'"},
      {{"recommend", "bundle", "--recent", "sensha"}, "--recent: expected ids of products of this shop, found none in 'sensha'"},
      {{"evaluate", "dataset", "--models", "popularty"}, "unknown model 'popularty'; known: popularity"},
      {{"evaluate", "dataset", "--models", ""}, "nothing to evaluate: give --models, --bundle or --oracle"},
      {{"evaluate", "dataset", "--protocol", "weekly"}, "protocol: expected one of rolling_week"},
      {{"evaluate", "dataset", "--json", "no/such/report.json"}, "--json: expected a path in a folder that exists"},
      {{"evaluate", "dataset", "--results", "results.json"}, "--results needs --data-name"},
      {{"recomend", "bundle"}, "no command 'recomend'; expected one of init, ingest, train"},
  };
  for (const auto& [arguments, message] : cases) expect_refused(message, arguments, {message});
  expect_refused("no bundle", {"recommend", "dataset"}, {"dataset: no bundle here", "gemel train"}, 3);
  expect_refused("the past", {"recommend", "bundle", "--at", "2024-01-01"}, {"2024-01-01 lies before the 2024-03-18"}, 3);
}

}  // namespace
}  // namespace gemel::end_to_end
