#include "gemel/data/shop_config.h"

#include <gmock/gmock.h>

#include <cstdlib>

#include "gemel/base/file.h"
#include "gemel/data/dataset_format.h"

namespace gemel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kShop = R"([events]
path = ["a/*.parquet", "/b/c.csv"]
time = "at"
user = "customer"
item = "product"
action = "kind"
weight = "amount"
id = "event"
[events.actions.purchase]
target = true
weight = 1.0
[events.actions.view]
weight = 0.2
[items]
path = "${GEMEL_TEST_FOLDER}/catalogue.csv"
id = "product"
name = "title"
twins = { merge = true, min_shared = 3 }
[items.features]
brand = "category"
notes = { type = "tags", separator = "list," , min_count = 5 }
size_ml = { type = "number", column = "size", unit = "ml", buckets = 20 }
price = { type = "number", transform = "log1p" }
debt = { type = "number", min = -5 }
blurb = "shown"
launched = "time"
[split]
validation = "2017-11-01"
test = "2017-12-01"
[models.two_tower]
anything = 3
)";

std::string message_of(std::string_view text) {
  const auto shop = ShopConfig::parse(text, "shop.toml");
  if (shop) return "no error";
  EXPECT_EQ(shop.error().code, ErrorCode::kBadConfig);
  return shop.error().message;
}

// kShop with its first `from` replaced.
std::string with(std::string_view from, std::string_view to) {
  std::string text(kShop);
  text.replace(text.find(from), from.size(), to);
  return text;
}

struct ShopConfigTest : ::testing::Test {
  void SetUp() override { ::setenv("GEMEL_TEST_FOLDER", "/data", 1); }
};

TEST_F(ShopConfigTest, ReadsRulesOfWhatToLeaveOutAndRefusesOneThatWouldLeaveOutAll) {
  const auto excluding = [](std::string_view rules) { return with("id = \"event\"\n", concat("id = \"event\"\nexclude = ", rules, "\n")); };
  const auto shop = ShopConfig::parse(excluding("[{ user = ['a', 'b'] }, { item = 'p', day = '2017-11-24', action = 'view' }]"),
                                      "shop.toml", PathVariables::kKeep)
                        .value();
  ASSERT_EQ(shop.events.exclude.size(), 2u);
  EXPECT_THAT(shop.events.exclude[0].users, ElementsAre("a", "b"));
  EXPECT_TRUE(shop.events.exclude[0].days.empty());
  EXPECT_THAT(shop.events.exclude[1].days, ElementsAre(Day(std::chrono::year{2017} / 11 / 24)));
  EXPECT_THAT(message_of(excluding("[{}]")), HasSubstr("found a rule without any"));
  EXPECT_THAT(message_of(excluding("[{ user = [] }]")), HasSubstr("found a rule without any"));
  EXPECT_THAT(message_of(excluding("['bot']")), HasSubstr("events.exclude: expected a list of tables, found a list with a text ('bot')"));
  EXPECT_THAT(message_of(excluding("[{ user = 'a' }, { users = 'b' }]")), HasSubstr("events.exclude[2].users: unknown key"));
  EXPECT_THAT(message_of(excluding("[{ day = '24.11.2017' }]")), HasSubstr("expected a day such as"));
  EXPECT_THAT(message_of("[events]\npath = 'e.csv'\norder = true\nuser = 'u'\nitem = 'i'\nexclude = [{ day = '2017-11-24' }]\n"),
              HasSubstr("[events] names no time column"));
}

TEST_F(ShopConfigTest, ReadsEveryKey) {
  const ShopConfig shop = ShopConfig::parse(kShop, "shops/mine/shop.toml").value();
  EXPECT_THAT(shop.events.paths, ElementsAre("shops/mine/a/*.parquet", "/b/c.csv"));
  EXPECT_EQ(shop.events.time, "at");
  EXPECT_EQ(shop.events.user, "customer");
  EXPECT_EQ(shop.events.item, "product");
  EXPECT_EQ(shop.events.action, "kind");
  EXPECT_EQ(shop.events.weight, "amount");
  EXPECT_EQ(shop.events.id, "event");
  EXPECT_TRUE(shop.events.actions.at("purchase").target);
  EXPECT_EQ(shop.events.actions.at("view").weight, 0.2);
  EXPECT_FALSE(shop.events.actions.at("view").target);
  EXPECT_THAT(shop.items.paths, ElementsAre("/data/catalogue.csv"));
  EXPECT_EQ(shop.items.name, "title");
  EXPECT_TRUE(shop.items.twins.merge);
  EXPECT_EQ(shop.items.twins.min_shared, 3);
  EXPECT_EQ(shop.items.twins.min_share, 0.9);
  EXPECT_TRUE(shop.users.paths.empty());
  EXPECT_EQ(shop.split.validation_from, "2017-11-01");
  EXPECT_EQ(shop.split.test_from, "2017-12-01");
  EXPECT_FALSE(shop.split.by_files());
}

TEST_F(ShopConfigTest, KeepsFeaturesInTheOrderOfTheFileWithTheirKnobs) {
  const ShopConfig shop = ShopConfig::parse(kShop, "shop.toml").value();
  std::vector<std::string> names;
  for (const auto& feature : shop.items.features) names.push_back(feature.name);
  EXPECT_THAT(names, ElementsAre("brand", "notes", "size_ml", "price", "debt", "blurb", "launched"));
  const auto& features = shop.items.features;
  EXPECT_EQ(features[0].type, FeatureType::kCategory);
  EXPECT_EQ(features[0].column, "brand");
  EXPECT_EQ(features[1].separator, "list,");
  EXPECT_EQ(features[1].min_count, 5);
  EXPECT_EQ(features[2].column, "size");
  EXPECT_EQ(features[2].unit, "ml");
  EXPECT_EQ(features[2].buckets, 20);
  EXPECT_EQ(features[2].min, std::nullopt);
  EXPECT_EQ(features[3].min, 0);  // log1p
  EXPECT_EQ(features[4].min, -5);
  EXPECT_EQ(features[6].type, FeatureType::kTime);
}

TEST_F(ShopConfigTest, StoresShownColumnsLastAndTheNameOnce) {
  TableConfig items = ShopConfig::parse(kShop, "shop.toml")->items;
  std::vector<std::string> names;
  for (const auto& column : stored_columns(items)) names.push_back(column.name);
  EXPECT_THAT(names, ElementsAre("brand", "notes", "size_ml", "price", "debt", "launched", "blurb", "title"));
  items.name = "brand";
  EXPECT_EQ(stored_columns(items).size(), 7u);
}

TEST_F(ShopConfigTest, WithoutActionsEveryEventIsATarget) {
  const ShopConfig shop = ShopConfig::parse("[events]\npath = 'e.csv'\ntime = 't'\nuser = 'u'\nitem = 'i'\n", "shop.toml").value();
  ASSERT_EQ(shop.events.actions.size(), 1u);
  EXPECT_TRUE(shop.events.actions.at("interaction").target);
  EXPECT_EQ(shop.split.validation, 0.1);
  EXPECT_EQ(shop.split.test, 0.1);
}

TEST_F(ShopConfigTest, ReadsASplitGivenAsFilesWithoutTimeOrPath) {
  const ShopConfig shop =
      ShopConfig::parse("[events]\nuser = 'u'\nitem = 'i'\n[split]\ntrain = ['a.csv', 'b.csv']\ntest = 'c.csv'\n", "dir/shop.toml").value();
  EXPECT_TRUE(shop.split.by_files());
  EXPECT_THAT(shop.split.train_paths, ElementsAre("dir/a.csv", "dir/b.csv"));
  EXPECT_THAT(shop.split.test_paths, ElementsAre("dir/c.csv"));
  EXPECT_TRUE(shop.split.validation_paths.empty());
}

TEST_F(ShopConfigTest, AnUnsetVariableIsAnErrorThatNamesItUnlessPathsAreKept) {
  const std::string text = with("GEMEL_TEST_FOLDER", "GEMEL_TEST_UNSET");
  EXPECT_THAT(message_of(text), HasSubstr("shop.toml:15: items.path: the environment variable GEMEL_TEST_UNSET is not set"));
  const ShopConfig kept = ShopConfig::parse(text, "shop.toml", PathVariables::kKeep).value();
  EXPECT_THAT(kept.items.paths, ElementsAre("${GEMEL_TEST_UNSET}/catalogue.csv"));
}

struct Contradiction {
  std::string_view from, to, message;
};

// Each line: what is changed in kShop, and the place and words that the message must hold.
const Contradiction kContradictions[] = {
    {"user = \"customer\"", "", "events.user: is missing"},
    {"time = \"at\"", "time = 7", "shop.toml:3: events.time: expected a text, found a whole number (7)"},
    {"time = \"at\"", "", "events.time: is missing"},
    {"time = \"at\"", "order = true", "split.validation: found a day, but [events] names no time column"},
    {"time = \"at\"", "time = \"at\"\norder = true", "shop.toml:4: events.order: expected either time or order"},
    {"time = \"at\"", "time = \"at\"\ntime_format = \"ns\"",
     "events.time_format: expected one of iso, s, ms, us, ymd, dmy, mdy, found 'ns'"},
    {"path = [\"a/*.parquet\", \"/b/c.csv\"]", "", "events.path: is missing"},
    {"item = \"product\"", "item = \"customer\"", "events.item: expected another column than that of user"},
    {"weight = \"amount\"", "wieght = \"amount\"", "shop.toml:7: events.wieght: unknown key"},
    {"id = \"event\"", "duplicates = \"merge\"", "events.duplicates: expected one of drop, keep, found 'merge'"},
    {"target = true", "target = false", "no action is a target"},
    {"weight = 1.0", "weight = -1", "events.actions.purchase.weight: expected a number of at least 0, found -1"},
    {"weight = 1.0", "weight = 0", "events.actions.purchase: expected a weight above 0 for a target action"},
    {"id = \"event\"", "format = \"xml\"", "shop.toml:8: events.format: expected one of csv, tsv, jsonl, parquet, arrow, found 'xml'"},
    {"id = \"event\"", "encoding = \"utf-16\"", "events.encoding: expected one of utf-8, latin-1, found 'utf-16'"},
    {"id = \"event\"", "delimiter = \"\"", "events.delimiter: expected what stands between fields"},
    {"id = \"event\"", "delimiter = \"'\\n\"", "events.delimiter: expected what stands between fields"},
    {"id = \"event\"", "format = \"jsonl\"\ndelimiter = \";\"",
     "shop.toml:9: events.delimiter: is for csv and tsv files, found with jsonl"},
    {"id = \"event\"", "format = \"csv\"\neach = \"items\"", "events.each: is for jsonl, parquet and arrow files, found with csv"},
    {"id = \"event\"", "format = \"arrow\"\nencoding = \"latin-1\"", "events.encoding: is for csv, tsv and jsonl files, found with arrow"},
    {"id = \"event\"", "format = \"csv\"\ncolumns = [\"a\"]", "events.columns: names the columns of files without a header line"},
    {"path = [\"a/*.parquet\", \"/b/c.csv\"]", "path = \"-\"", "events.path: standard input needs format = \"csv\""},
    {"path = [\"a/*.parquet\", \"/b/c.csv\"]", "format = \"parquet\"\npath = \"-\"", "events.path: standard input needs format"},
    {"path = [\"a/*.parquet\", \"/b/c.csv\"]", "format = \"csv\"\npath = [\"-\", \"-\"]", "events.path: standard input can be read once"},
    {"action = \"kind\"", "", "found two actions and no column that tells them apart"},
    {"brand = \"category\"", "brand = \"categorical\"",
     "shop.toml:20: items.features.brand: expected category, tags, number, time, text or shown, found"},
    {"brand = \"category\"", "brand = { type = \"image\", path = \"x\" }", "features of type image are not in this version"},
    {"brand = \"category\"", "brand = { type = \"category\", buckets = 3 }", "items.features.brand.buckets: unknown key"},
    {"brand = \"category\"", "notes = \"category\"", "shop.toml:21: not TOML"},  // the same feature twice
    {"brand = \"category\"", "id = \"category\"", "the Dataset uses this name itself"},
    {"brand = \"category\"", "title = \"number\"", "items.name: 'title' is also a feature that is not a text"},
    {"transform = \"log1p\"", "transform = \"log\"", "items.features.price.transform: expected one of none, log1p, found 'log'"},
    {"transform = \"log1p\"", "transform = \"log1p\", min = -1", "items.features.price.min: expected a number of at least 0, found -1"},
    {"buckets = 20", "buckets = 2.5", "items.features.size_ml.buckets: expected a whole number"},
    {"separator = \"list,\"", "separator = \"\"", "items.features.notes.separator: expected a text"},
    {"min_shared = 3", "min_share = 1.5", "items.twins.min_share: expected a number from 0.5 to 1, found 1.5"},
    {"test = \"2017-12-01\"", "test = \"2017-10-01\"",
     "split.test: expected a day after 2017-11-01, where validation begins, found 2017-10-01"},
    {"test = \"2017-12-01\"", "test = \"2017-02-29\"", "split.test: expected a fraction such as 0.1 or a day"},
    {"test = \"2017-12-01\"", "test = \"test.csv\"", "a split given as files needs `train` too"},
    {"test = \"2017-12-01\"", "test = 0.1", "split.test: expected a day, since the other part begins with one"},
    {"test = \"2017-12-01\"", "test = \"2017-12-01\"\ntrain = \"t.csv\"",
     "events.path: expected no path, since [split] names the event files"},
    {"validation = \"2017-11-01\"\ntest = \"2017-12-01\"", "validation = 0.1\ntest = 0", "split.test: expected a fraction above 0"},
    {"validation = \"2017-11-01\"\ntest = \"2017-12-01\"", "validation = 0.6\ntest = 0.4",
     "expected validation + test below 1, found 0.6 + 0.4"},
    {"validation = \"2017-11-01\"\ntest = \"2017-12-01\"", "test = 20", "split.test: expected a number from 0 to 1, found 20"},
    {"[split]", "[splits]", "splits: unknown key; known here: events, items, models, split, users"},
    {"[split]", "[split", "shop.toml:27: not TOML"},
};

TEST_F(ShopConfigTest, EveryContradictionNamesItsPlaceAndWhatWouldBeRight) {
  for (const auto& [from, to, message] : kContradictions) EXPECT_THAT(message_of(with(from, to)), HasSubstr(std::string(message))) << to;
}

TEST_F(ShopConfigTest, TwinsNeedDays) {
  EXPECT_THAT(message_of("[events]\npath='e.csv'\norder=true\nuser='u'\nitem='i'\n[items]\npath='i.csv'\nid='i'\ntwins.merge=true\n"),
              HasSubstr("shop.toml:9: items.twins: twins are found by shared days"));
}

TEST_F(ShopConfigTest, HandsTheModelsTheirTables) {
  const ShopConfig shop = ShopConfig::parse(kShop, "shop.toml").value();
  ConfigTable table = open_model_config(shop)->root().table("models").table("two_tower");
  EXPECT_EQ(table.integer("anything", 0, 0, 10), 3);
  EXPECT_EQ(open_model_config(shop)->root().table("models").table("bpr").size(), 0u);
}

// ctest runs in the source root.
TEST_F(ShopConfigTest, ReadsEveryExample) {
  std::size_t num_examples = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("examples")) {
    if (entry.path().extension() != ".toml") continue;
    ++num_examples;
    const auto shop = ShopConfig::parse(read_file(entry.path()).value(), entry.path(), PathVariables::kKeep);
    ASSERT_TRUE(shop) << shop.error().message;
    EXPECT_FALSE(shop->items.features.empty()) << entry.path();
  }
  EXPECT_GE(num_examples, 5u);
}

TEST_F(ShopConfigTest, NamesAFileThatIsNotThere) {
  const auto shop = ShopConfig::open("no/such/shop.toml");
  ASSERT_FALSE(shop);
  EXPECT_EQ(shop.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(shop.error().message, HasSubstr("no/such/shop.toml"));
}

}  // namespace
}  // namespace gemel
