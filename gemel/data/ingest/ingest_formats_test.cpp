// Whole shops in the formats that shops have, from files to the Dataset.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gemel/base/file.h"
#include "gemel/data/ingest/compress_testing.h"
#include "gemel/data/ingest/ingest.h"
#include "gemel/data/testing.h"

namespace gemel {
namespace {
namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class IngestFormats : public ::testing::Test {
 protected:
  void write(const std::string& name, std::string_view bytes) {
    fs::create_directories((folder_.path() / name).parent_path());
    write_file(folder_.path() / name, bytes).value();
  }
  Result<IngestSummary> run(const std::string& toml) {
    const auto config = ShopConfig::parse(toml, folder_.path() / "shop.toml");
    if (!config) return Failure{config.error()};
    return ingest(*config, folder_.path() / "out", {}, no_progress());
  }
  std::vector<std::string> events() const {  // "ann tea": in the order of the Dataset
    const Dataset dataset = Dataset::open(folder_.path() / "out").value();
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < dataset.num_events(); ++i)
      texts.push_back(
          concat(dataset.user_table().ids[to_size(dataset.users()[i])], " ", dataset.item_table().ids[to_size(dataset.items()[i])]));
    return texts;
  }
  const testing::TemporaryFolder folder_;
};

TEST_F(IngestFormats, OttoSessionsBecomeOneEventAnElement) {
  write("otto.jsonl.zst", testing::zstd("{\"session\": 42, \"events\": [{\"aid\": 7, \"ts\": 1661724000278, \"type\": \"clicks\"}, "
                                        "{\"aid\": 9, \"ts\": 1661724042103, \"type\": \"orders\"}]}\n"
                                        "{\"session\": 43, \"events\": [{\"aid\": 7, \"ts\": 1661724000000, \"type\": \"clicks\"}]}\n"));
  const auto summary =
      run("[events]\npath = 'otto.jsonl.zst'\neach = 'events'\nuser = 'session'\nitem = 'events.aid'\ntime = 'events.ts'\n"
          "action = 'events.type'\n[events.actions.orders]\ntarget = true\n");
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->events.read, 3u);
  EXPECT_THAT(events(), ElementsAre("43 7", "42 7", "42 9"));
}

TEST_F(IngestFormats, AnIdOfTheRecordMakesRecordsTheSameAndNotTheirElements) {
  const std::string order =
      "{\"user\": \"ann\", \"order\": \"o1\", \"at\": \"2024-01-01T10:00:00\", \"items\": [{\"id\": \"tea\"}, {\"id\": \"tea\"}, {\"id\": "
      "\"jam\"}]}\n";
  write("orders.jsonl", order + order + "{\"user\": \"bob\", \"order\": \"o2\", \"at\": \"2024-01-02T10:00:00\", \"items\": []}\n");
  const auto summary =
      run("[events]\npath = 'orders.jsonl'\neach = 'items'\nuser = 'user'\nitem = 'items.id'\ntime = 'at'\nid = 'order'\n");
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->events.read, 7u);
  EXPECT_EQ(summary->events.duplicates, 3u);
  EXPECT_THAT(summary->events.reasons, ElementsAre(Pair("items.id: missing", 1)));
  EXPECT_THAT(events(), ElementsAre("ann tea", "ann tea", "ann jam"));
}

TEST_F(IngestFormats, MovieLensFilesNeedNoHeaderNoEndingAndNoUtf8) {
  write("u.data", "196\t242\t3\t881250949\n186\t302\t3\t891717742\n");
  write("u.item", "242|Caf\xE9 (1996)\n302|L.A. Confidential\n");
  const auto summary =
      run("[events]\npath = 'u.data'\nformat = 'tsv'\nheader = false\nuser = '1'\nitem = '2'\ntime = '4'\n"
          "[items]\npath = 'u.item'\nformat = 'csv'\ndelimiter = '|'\nheader = false\ncolumns = ['id', 'title']\nencoding = 'latin-1'\nid "
          "= 'id'\nname = 'title'\n");
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_THAT(events(), ElementsAre("196 242", "186 302"));
  EXPECT_EQ(summary->catalogue_products, 2u);
}

TEST_F(IngestFormats, APartitionedFolderOfMixedFilesIsOneTable) {
  write("events/day=2024-01-02/a.csv", "u,i\nann,tea\n");
  write("events/day=2024-01-01/b.jsonl.gz", testing::gzip("{\"u\": \"bob\", \"i\": \"jam\"}\n"));
  const auto summary = run("[events]\npath = 'events'\nuser = 'u'\nitem = 'i'\ntime = 'day'\n");
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_THAT(events(), ElementsAre("bob jam", "ann tea"));
  EXPECT_EQ(summary->time_kind, TimeKind::kDays);
}

TEST_F(IngestFormats, AFieldThatNoRecordHasIsMisspelt) {
  write("a.jsonl", "{\"u\": \"ann\", \"i\": \"tea\", \"qty\": 2, \"at\": \"2024-01-01\"}\n");
  write("b.jsonl", "{\"u\": \"ann\", \"i\": \"tea\", \"at\": \"2024-01-01\", \"rare\": 1}\n");
  const auto toml = [](const std::string& weight) {
    return "[events]\npath = ['a.jsonl', 'b.jsonl']\nuser = 'u'\nitem = 'i'\ntime = 'at'\nweight = '" + weight + "'\n";
  };
  const auto refused = run(toml("quantity"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kBadConfig);
  EXPECT_THAT(refused.error().message, HasSubstr("events.weight: "));
  EXPECT_THAT(refused.error().message, HasSubstr("b.jsonl: expected a field 'quantity' in some record, found none"));
  const auto rare = run(toml("rare"));
  ASSERT_TRUE(rare) << rare.error().message;
  EXPECT_EQ(rare->events.kept, 1u);
}

TEST_F(IngestFormats, AnObjectIsNoColumn) {
  write("a.jsonl", "{\"user\": {\"id\": \"ann\"}, \"i\": \"tea\", \"at\": \"2024-01-01\"}\n");
  const auto refused = run("[events]\npath = 'a.jsonl'\nuser = 'user'\nitem = 'i'\ntime = 'at'\n");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("events.user: "));
  EXPECT_THAT(refused.error().message, HasSubstr("expected a column 'user', found user.id, i, at"));
}

}  // namespace
}  // namespace gemel
