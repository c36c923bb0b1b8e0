// End to end on small files: what is in the Dataset, the rejected rows and the summary afterwards.
#include "gemel/data/ingest/ingest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "gemel/base/file.h"
#include "gemel/data/ingest/cell_text.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {
namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr std::string_view kBuyToml = R"(
[events]
path = "events.csv"
time = "time"
user = "user"
item = "item"
[events.actions.buy]
target = true
)";

class IngestTest : public ::testing::Test {
 protected:
  IngestTest() : folder_(fs::temp_directory_path() / concat("gemel_ingest_", ::getpid())) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~IngestTest() override { fs::remove_all(folder_); }

  void write(const std::string& name, std::string_view text) { ASSERT_TRUE(write_file(folder_ / name, text)); }
  Result<IngestSummary> run(std::string_view toml, bool strict = false) { return run_with(toml, {.strict = strict}); }
  Result<IngestSummary> run_with(std::string_view toml, const IngestOptions& options) {
    const auto config = ShopConfig::parse(toml, folder_ / "shop.toml");
    if (!config) return Failure{config.error()};
    return ingest(*config, out(), options, no_progress());
  }
  // Every file of the Dataset, byte by byte.
  std::map<std::string, std::string> bytes() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(out())) files[entry.path().filename().string()] = read_file(entry.path()).value();
    return files;
  }
  fs::path out() const { return folder_ / "out"; }
  Dataset dataset() const { return Dataset::open(out()).value(); }
  std::vector<nlohmann::json> rejected() const {
    std::ifstream file(out() / "rejected.jsonl");
    std::vector<nlohmann::json> rows;
    for (std::string line; std::getline(file, line);) rows.push_back(nlohmann::json::parse(line));
    return rows;
  }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_)) names.push_back(entry.path().filename().string());
    return names;
  }

  const fs::path folder_;
};

// "ann tea 0", ... : customer, product and time in microseconds after 2024-01-01.
std::vector<std::string> events_of(const Dataset& dataset) {
  std::vector<std::string> events;
  const TimePoint zero{std::chrono::sys_days{std::chrono::year{2024} / 1 / 1}};
  for (std::size_t i = 0; i < dataset.num_events(); ++i)
    events.push_back(concat(dataset.user_table().ids[to_size(dataset.users()[i])], " ",
                            dataset.item_table().ids[to_size(dataset.items()[i])], " ",
                            std::chrono::floor<std::chrono::seconds>(dataset.times()[i] - zero).count()));
  return events;
}

TEST_F(IngestTest, SortsEventsByTimeAndKeepsTheSourceOrderOfEqualTimes) {
  write("events.csv",
        "user,item,time\nann,tea,2024-01-01T00:00:09\nbob,tea,2024-01-01T00:00:03\n"
        "ann,milk,2024-01-01T00:00:09\ncat,jam,2024-01-01T00:00:03\n");
  const auto summary = run(kBuyToml);
  ASSERT_TRUE(summary) << summary.error().message;
  const Dataset shop = dataset();
  EXPECT_THAT(events_of(shop), ElementsAre("bob tea 3", "cat jam 3", "ann tea 9", "ann milk 9"));
  EXPECT_EQ(shop.time_kind(), TimeKind::kSeconds);
  EXPECT_EQ(shop.num_catalogue_items(), 0u);
  EXPECT_EQ(shop.user_table().ids[0], "ann");  // by first appearance in the source
  EXPECT_THAT(shop.action_names(), ElementsAre("buy"));
  EXPECT_THAT(shop.weights(), ElementsAre(1, 1, 1, 1));
}

TEST_F(IngestTest, TellsEveryRowThatItCannotUse) {
  write("events.csv",
        "user,item,time,qty\n"
        "ann,tea,2024-01-01,1\n"
        ",tea,2024-01-01,1\n"
        "bob,,2024-01-01,1\n"
        "bob,tea,yesterday,1\n"
        "bob,tea,,1\n"
        "bob,tea,2024-01-02,0\n"
        "bob,tea,2024-01-02,many\n"
        "bob,tea,2024-01-02\n"
        "b\xFF,tea,2024-01-02,1\n"
        "bob,tea,2024-01-02,2.5\n");
  const auto summary = run(std::string(kBuyToml).insert(9, "\nweight = \"qty\"\n"));
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->events.read, 10u);
  EXPECT_EQ(summary->events.kept, 2u);
  EXPECT_EQ(summary->events.rejected, 8u);
  EXPECT_THAT(summary->events.reasons, ElementsAre(Pair("expected 4 columns, found 3", 1), Pair("item: missing", 1),
                                                   Pair("qty: not above 0", 1), Pair("qty: unreadable number", 1), Pair("time: missing", 1),
                                                   Pair("time: unreadable time", 1), Pair("user: missing", 1), Pair("user: not UTF-8", 1)));
  const auto rows = rejected();
  ASSERT_EQ(rows.size(), 8u);
  const auto fifth = std::find_if(rows.begin(), rows.end(), [](const nlohmann::json& row) { return row["line"] == 5; });
  ASSERT_NE(fifth, rows.end());
  const nlohmann::json expected = {
      {"file", (folder_ / "events.csv").string()}, {"line", 5}, {"field", "time"}, {"reason", "unreadable time"}, {"value", "yesterday"}};
  EXPECT_EQ(*fifth, expected);
  EXPECT_THAT(dataset().weights(), ElementsAre(1, 2.5f));
}

TEST_F(IngestTest, StrictMakesTheFirstBadRowTheErrorAndWritesNothing) {
  write("events.csv", "user,item,time\nann,tea,2024-01-01\nbob,tea,soon\n");
  const auto summary = run(kBuyToml, /*strict=*/true);
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().code, ErrorCode::kBadInput);
  EXPECT_THAT(summary.error().message, HasSubstr("events.csv:3: time: unreadable time, found 'soon'"));
  EXPECT_THAT(files(), UnorderedElementsAre("events.csv"));
}

constexpr std::string_view kTablesToml = R"(
[items]
path = "items.csv"
id = "sku"
name = "title"
[items.features]
brand = "category"
tags = { type = "tags", separator = "list" }
price = { type = "number", min = 0 }
volume = { type = "number", column = "size", unit = "ml" }
launched = "time"
[users]
path = "users.csv"
id = "uid"
[users.features]
country = "category"
)";

TEST_F(IngestTest, JoinsTheTablesAndTypesTheirColumns) {
  write("events.csv", "user,item,time\nbob,gin,2024-01-01\nann,tea,2024-01-02\nbob,tea,2024-01-03\n");
  write("items.csv",
        "sku,title,brand,tags,price,size,launched\n"
        "milk,Milk,Farm,\"['white', 'cold']\",1.5,1 L,2020-01-01\n"
        "tea,Green Tea,Leaf,,,2 oz / 60 mL,\n"
        "tea,Twice,Leaf,,1,,\n"
        "jam,Jam,Pot,[],-1,,\n"
        "ham,Ham,Pot,nolist,1,,\n"
        "egg,Egg,,[],cheap,,\n"
        "soap,Soap,,[],1,,May\n");
  write("users.csv", "uid,country\ncat,CH\nbob,DE\n");
  const auto summary = run(concat(kBuyToml, kTablesToml));
  ASSERT_TRUE(summary) << summary.error().message;
  const Dataset shop = dataset();
  const EntityTable& items = shop.item_table();
  ASSERT_EQ(items.size(), 3u);  // milk, tea; gin is only in the events
  EXPECT_EQ(shop.num_catalogue_items(), 2u);
  EXPECT_EQ(items.ids[2], "gin");
  EXPECT_EQ(items.find("tea"), 1u);
  EXPECT_EQ(items.feature("title")->texts[1], "Green Tea");
  EXPECT_EQ(items.feature("title")->type, FeatureType::kShown);
  EXPECT_EQ(items.feature("brand")->texts[2], "");
  EXPECT_THAT(std::vector<std::int32_t>(items.feature("tags")->lists.begin(), items.feature("tags")->lists.end()), ElementsAre(0, 2, 2, 2));
  EXPECT_EQ(items.feature("tags")->texts[1], "cold");
  EXPECT_EQ(items.feature("price")->numbers[0], 1.5);
  EXPECT_TRUE(std::isnan(items.feature("price")->numbers[1]));
  EXPECT_TRUE(std::isnan(items.feature("volume")->numbers[0]));
  EXPECT_EQ(items.feature("volume")->numbers[1], 60);
  EXPECT_EQ(items.feature("launched")->times[0], TimePoint(std::chrono::sys_days{std::chrono::year{2020} / 1 / 1}));
  EXPECT_EQ(items.feature("launched")->times[1], kMissingTime);
  const EntityTable& users = shop.user_table();
  ASSERT_EQ(users.size(), 3u);
  EXPECT_EQ(users.feature("country")->texts[*users.find("bob")], "DE");
  EXPECT_EQ(users.feature("country")->texts[*users.find("ann")], "");
  EXPECT_EQ(users.ids[2], "cat");  // without events: last

  EXPECT_THAT(summary->items.rows.reasons,
              ElementsAre(Pair("launched: unreadable time", 1), Pair("price: below 0", 1), Pair("price: unreadable number", 1),
                          Pair("sku: id seen before", 1), Pair("tags: unreadable list", 1)));
  EXPECT_EQ(rejected()[0]["reason"], "id seen before: line 3");
  EXPECT_EQ(summary->cold_products, 1u);
  EXPECT_EQ(summary->event_only_products, 1u);
  EXPECT_EQ(summary->events_outside_catalogue, 1u);
  EXPECT_EQ(summary->customers_without_row, 1u);
  EXPECT_EQ(summary->customers_without_event, 1u);
  EXPECT_EQ(summary->items.features[3].name, "volume");
  EXPECT_EQ(summary->items.features[3].filled, 1u);
  EXPECT_EQ(summary->items.features[3].unreadable, 1u);
  EXPECT_DOUBLE_EQ(summary->density(), 3.0 / (2 * 2));
}

TEST_F(IngestTest, DropsCopiesOnlyWhereATimeOrAnIdProvesThem) {
  write("events.csv", "user,item,time,note\nann,tea,2024-01-01T08:00:00,x\nann,tea,2024-01-01T08:00:00,x\nann,tea,2024-01-01T08:00:00,y\n");
  EXPECT_EQ(run(kBuyToml)->events.duplicates, 1u);  // the note differs in the third
  write("events.csv", "user,item,time,note\nann,tea,2024-01-01,x\nann,tea,2024-01-01,x\nann,tea,2024-01-01,y\n");
  const auto days = run(kBuyToml);
  EXPECT_EQ(days->events.duplicates, 0u);
  EXPECT_EQ(days->alike_kept, 1u);
  EXPECT_DOUBLE_EQ(days->repeat_share(), 2.0 / 3);
  write("events.csv", "user,item,time,note\nann,tea,2024-01-01,1\nann,tea,2024-01-02,1\nann,tea,2024-01-01,2\n");
  EXPECT_EQ(run(std::string(kBuyToml).insert(9, "\nid = \"note\"\n"))->events.duplicates, 1u);
  EXPECT_EQ(run(std::string(kBuyToml).insert(9, "\nid = \"note\"\nduplicates = \"keep\"\n"))->events.duplicates, 0u);
}

TEST_F(IngestTest, LeavesOutWhatTheRulesNameCountsItApartAndStrictLetsItPass) {
  write("events.csv",
        "user,item,time,kind\n"
        "ann,tea,2024-01-01T10:00:00,buy\n"
        "bot,tea,2024-01-01T10:00:00,buy\n"    // rule 1
        "ann,gift,2024-01-02T10:00:00,buy\n"   // rule 2
        "ann,gift,2024-01-03T00:00:00,buy\n"   // its product, another day
        "ann,tea,2024-01-02T23:59:59,buy\n"    // its day, another product
        "ann,tea,2024-01-04T10:00:00,test\n"   // rule 3
        "till,tea,2024-01-05T10:00:00,buy\n"   // rule 1
        "bot,,2024-01-01T10:00:00,buy\n");     // rejected before any rule
  const std::string toml = concat(
      "[events]\npath = \"events.csv\"\ntime = \"time\"\nuser = \"user\"\nitem = \"item\"\naction = \"kind\"\n"
      "exclude = [{ user = [\"bot\", \"till\"] }, { item = \"gift\", day = \"2024-01-02\" }, { action = \"test\" }, ",
      "{ user = \"no such\" }]\n[events.actions.buy]\ntarget = true\n");
  class Warnings final : public ProgressSink {
   public:
    void warn(std::string_view line) override { text += line; }
    std::string text;
  } warnings;
  const auto config = ShopConfig::parse(toml, folder_ / "shop.toml").value();
  const auto summary = ingest(config, out(), {}, warnings);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->events.read, 8u);
  EXPECT_EQ(summary->events.kept, 3u);
  EXPECT_EQ(summary->events.rejected, 1u);
  EXPECT_EQ(summary->events.excluded, 4u);
  EXPECT_THAT(summary->events.excluded_by,
              UnorderedElementsAre(Pair("excluded by rule 1", 2u), Pair("excluded by rule 2", 1u), Pair("excluded by rule 3", 1u)));
  EXPECT_EQ(warnings.text, "events.exclude[4]: no event fits this rule");
  EXPECT_EQ(dataset().num_users(), 1u);
  const auto rows = rejected();
  ASSERT_EQ(rows.size(), 5u);
  EXPECT_EQ(rows[1].dump(), nlohmann::json({{"file", (folder_ / "events.csv").string()},
                                            {"line", 4},
                                            {"field", "item"},
                                            {"reason", "excluded by rule 2"},
                                            {"value", "gift"}})
                                .dump());

  write("events.csv", "user,item,time,kind\nann,tea,2024-01-01T10:00:00,buy\nbot,tea,2024-01-01T10:00:00,buy\n");
  EXPECT_TRUE(run(toml, /*strict=*/true));
}

TEST_F(IngestTest, ReadsEventsThatHaveOnlyAnOrder) {
  write("events.csv", "user,item\nbob,tea\nann,jam\nbob,tea\n");
  const auto summary = run("[events]\npath='events.csv'\nuser='user'\nitem='item'\norder=true\n");
  ASSERT_TRUE(summary) << summary.error().message;
  const Dataset shop = dataset();
  EXPECT_EQ(shop.time_kind(), TimeKind::kOrder);
  EXPECT_EQ(shop.times()[2].time_since_epoch().count(), 2);
  EXPECT_EQ(shop.num_events(), 3u);
}

TEST_F(IngestTest, TakesSplitsGivenAsFiles) {
  write("train.csv", "user,item\nbob,tea\nann,jam\n");
  write("valid.csv", "user,item\nann,tea\n");
  write("test.csv", "user,item\nbob,jam\nbob,tea\n");
  const auto summary = run("[events]\nuser='user'\nitem='item'\n[split]\ntrain='train.csv'\nvalidation='valid.csv'\ntest='test.csv'\n");
  ASSERT_TRUE(summary) << summary.error().message;
  const Dataset shop = dataset();
  EXPECT_EQ(shop.time_kind(), TimeKind::kNone);
  EXPECT_EQ(shop.file_split()->validation_begin, 2u);
  EXPECT_EQ(shop.file_split()->test_begin, 3u);
  EXPECT_EQ(shop.times()[2].time_since_epoch().count(), 1);
  EXPECT_EQ(shop.times()[4].time_since_epoch().count(), 2);
}

TEST_F(IngestTest, TakesTheFirstFilledOfSeveralColumnsAndDatesInTheirDeclaredOrder) {
  write("events.csv",
        "account,device,sku,product,time\nann,d1,tea,,02/03/2024\n,d2,,jam,03/03/2024\nbob,,,,04/03/2024\n,,tea,,05/03/2024\n"
        "bob,d3,milk,tea,12/03/2024\n");
  write("items.csv", "id,since\ntea,01/02/2020\njam,05/01/2020\n");
  const auto summary = run(R"(
[events]
path = "events.csv"
time = "time"
time_format = "mdy"
user = ["account", "device"]
item = ["sku", "product"]
[items]
path = "items.csv"
id = "id"
[items.features]
since = { type = "time", time_format = "mdy" }
)");
  ASSERT_TRUE(summary) << summary.error().message;
  const Dataset found = dataset();
  std::vector<std::string> events;
  for (std::size_t i = 0; i < found.num_events(); ++i)
    events.push_back(concat(found.user_table().ids[to_size(found.users()[i])], " ", found.item_table().ids[to_size(found.items()[i])], " ",
                            time_text(found.times()[i])));
  EXPECT_THAT(events, ElementsAre("ann tea 2024-02-03", "d2 jam 2024-03-03", "bob milk 2024-12-03"));
  const auto rows = rejected();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0]["field"], "sku");
  EXPECT_EQ(rows[0]["reason"], "missing");
  EXPECT_EQ(rows[1]["field"], "account");
}

TEST_F(IngestTest, MergesTwinsAndDropsTheCopiesThatMergingMakes) {
  std::string events = "user,item,time\n", items = "sku\ncream\nmini\nsoap\n";
  for (int user = 0; user < 6; ++user)  // cream and mini share six (customer, day) rows
    events += concat("u", user, ",cream,2024-01-0", user + 1, "\nu", user, ",mini,2024-01-0", user + 1, "\n");
  events += "u7,cream,2024-01-05\nu8,mini,2024-01-05\nu8,soap,2024-01-05\nu7,cream,2024-01-05\n";
  write("events.csv", events);
  write("items.csv", items);
  const std::string_view toml = "[items]\npath='items.csv'\nid='sku'\ntwins={merge=true, min_share=0.8}\n";
  const auto summary = run(concat(kBuyToml, toml));
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->twin_pairs, 1u);
  EXPECT_EQ(summary->merged_products, 1u);
  EXPECT_EQ(summary->merged_copies, 6u);
  EXPECT_EQ(summary->events.kept, 10u);  // u7's two events of cream were there before merging
  EXPECT_EQ(summary->alike_kept, 1u);
  const Dataset shop = dataset();
  EXPECT_EQ(shop.num_items(), 2u);
  EXPECT_FALSE(shop.item_table().find("mini"));
  EXPECT_EQ(std::count(shop.items().begin(), shop.items().end(), ItemIndex{0}), 9);
}

TEST_F(IngestTest, NamesWhatIsWrongWithTheConfigurationAndWritesNothing) {
  write("events.csv", "user,item,time,kind\nann,tea,2024-01-01,view\n");
  const auto message = [&](std::string_view toml) {
    const auto summary = run(toml);
    EXPECT_FALSE(summary);
    EXPECT_EQ(summary.error().code, ErrorCode::kBadConfig);
    EXPECT_THAT(files(), UnorderedElementsAre("events.csv"));
    return summary.error().message;
  };
  std::string toml(kBuyToml);
  EXPECT_THAT(message(toml.replace(toml.find("\"item\""), 6, "\"sku\"")),
              HasSubstr("events.csv: expected a column 'sku', found user, item, time, kind"));
  EXPECT_THAT(message(std::string(kBuyToml).insert(9, "\naction = \"kind\"\n")),
              HasSubstr("events.actions.buy: the target action never occurs; column 'kind' holds view (1)"));
  toml = kBuyToml;
  EXPECT_THAT(message(toml.replace(toml.find("events.csv"), 10, "nix/*.csv")), HasSubstr("no file matches"));
}

TEST_F(IngestTest, LeavesNothingBehindWhenInterrupted) {
  write("events.csv", "user,item,time\nann,tea,2024-01-01\n");
  request_interrupt();
  const auto summary = run(kBuyToml);
  clear_interrupt();
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().code, ErrorCode::kInterrupted);
  EXPECT_THAT(files(), UnorderedElementsAre("events.csv"));
}

// Events out of order, some of them twice, of products of which neighbours are twins.
std::string unsorted_csv(Rng& rng, int num_rows, bool with_time) {
  std::string text = with_time ? "user,item,time,kind,note\n" : "user,item,kind,note\n";
  std::string row;
  for (int i = 0; i < num_rows; ++i) {
    if (row.empty() || rng.below(5) > 0) {
      const auto item = rng.below(4) == 0 ? rng.below(20) * 2 : 40 + rng.below(30);
      const std::string time = with_time ? concat(1'700'000'000 + rng.below(4000), ",") : "";
      const auto user = rng.below(60), note = rng.below(1000);
      row = concat("u", user, ",i", item, ",", time, rng.below(2) ? "buy" : "view", ",n", note, "\n");
      if (item < 40) text += concat("u", user, ",i", item + 1, ",", time, "buy,n", note, "\n");  // the twin of an even one
    }
    text += row;
  }
  return text;
}

TEST_F(IngestTest, SortedOnDiskTheBytesAreThoseOfMemory) {
  Rng rng(11);
  for (const char* name : {"train", "valid", "test"}) {
    write(concat(name, ".csv"), unsorted_csv(rng, 700, /*with_time=*/true));
    write(concat(name, "_untimed.csv"), unsorted_csv(rng, 700, /*with_time=*/false));
  }
  write("items.csv", "sku\ni3\ni50\ni1\ni9000\n");
  const std::string events = "[events]\nuser='user'\nitem='item'\naction='kind'\n", actions = "[events.actions.buy]\ntarget=true\n",
                    items = "[items]\npath='items.csv'\nid='sku'\n", twins = "twins={merge=true, min_share=0.5, min_shared=3}\n",
                    path = "path='train.csv'\n", time = "time='time'\n",
                    parts = "[split]\ntrain='train.csv'\nvalidation='valid.csv'\ntest='test.csv'\n",
                    untimed = "[split]\ntrain='train_untimed.csv'\nvalidation='valid_untimed.csv'\ntest='test_untimed.csv'\n";
  std::uint64_t duplicates = 0, alike = 0, merged = 0, copies = 0;
  for (const std::string& toml :
       {events + path + time + actions, events + path + time + actions + items + twins, events + path + time + "id='note'\n" + actions,
        events + time + actions + items + twins + parts, events + time + "id='note'\n" + actions + parts,
        events + time + "duplicates='keep'\n" + actions + parts, events + actions + items + untimed, events + actions + untimed}) {
    SCOPED_TRACE(toml);
    const auto in_memory = run_with(toml, {});
    ASSERT_TRUE(in_memory) << in_memory.error().message;
    const auto expected = bytes();
    for (const std::size_t memory_bytes : {0, 4096, 100'000}) {
      const auto summary = run_with(toml, {.memory_bytes = memory_bytes});
      ASSERT_TRUE(summary) << summary.error().message;
      EXPECT_TRUE(bytes() == expected) << memory_bytes;
    }
    duplicates += in_memory->events.duplicates;
    alike += in_memory->alike_kept;
    merged += in_memory->merged_products;
    copies += in_memory->merged_copies;
  }
  EXPECT_GT(duplicates, 500u);
  EXPECT_GT(alike, 500u);
  EXPECT_GT(merged, 20u);
  EXPECT_GT(copies, 50u);
}

// A dirty file: fields from a small alphabet of good and bad ones, quotes that may never close, rows of any width.
std::string dirty_csv(Rng& rng) {
  constexpr std::string_view kFields[] = {"ann", "bob", "tea", "2024-01-01", "2024-01-01T10:00:00", "", "\"a\"\"b\"", "\"x\ny\"", "\xFF",
                                          "-1",  "1",   "5\"", "nan"};
  std::string text = "user,item,time,qty\n";
  for (auto rows = rng.below(30); rows > 0; --rows) {
    if (rng.below(200) == 0) text += "\"";
    if (rng.below(3) > 0) {  // mostly good
      text += concat("u", rng.below(4), ",i", rng.below(4), ",2024-01-0", 1 + rng.below(3), "T10:00:00,", rng.below(3));
    } else {
      for (auto width = 1 + rng.below(5); width > 0; --width) text += concat(kFields[rng.below(std::size(kFields))], width > 1 ? "," : "");
    }
    text += rng.below(5) == 0 ? "\r\n" : rng.below(9) == 0 ? "\n\n" : "\n";
  }
  return text;
}

TEST_F(IngestTest, AccountsForEveryRowOfDirtyFiles) {
  Rng rng(5);
  std::uint64_t total_kept = 0, total_rejected = 0, total_duplicates = 0;
  std::string toml = std::string(kBuyToml).insert(9, "\nweight = \"qty\"\n") +
                     "[items]\npath=\"items*.csv\"\nid=\"user\"\n[items.features]\nqty={type=\"number\",min=0}\ntime=\"time\"\n";
  toml.replace(toml.find("events.csv"), 10, "events*.csv");
  for (int trial = 0; trial < 25; ++trial) {  // 200 files
    for (int file = 0; file < 4; ++file) {
      write(concat("events", file, ".csv"), dirty_csv(rng));
      write(concat("items", file, ".csv"), dirty_csv(rng));
    }
    const auto summary = run(toml);
    if (!summary) {
      ASSERT_THAT(summary.error().message, HasSubstr("no event can be used"));
      continue;
    }
    ASSERT_TRUE(summary->events.adds_up());
    ASSERT_TRUE(summary->items.rows.adds_up());
    ASSERT_EQ(rejected().size(), summary->rejected_rows());
    const Dataset shop = dataset();
    ASSERT_EQ(shop.num_events(), summary->events.kept);
    ASSERT_EQ(shop.num_catalogue_items(), summary->items.rows.kept);
    ASSERT_TRUE(std::is_sorted(shop.times().begin(), shop.times().end()));
    total_kept += summary->events.kept;
    total_rejected += summary->events.rejected;
    total_duplicates += summary->events.duplicates;
  }
  EXPECT_GT(total_kept, 500u);
  EXPECT_GT(total_rejected, 200u);
  EXPECT_GT(total_duplicates, 10u);
}

}  // namespace
}  // namespace gemel
