#include "gemel/data/dataset.h"

#include <gmock/gmock.h>

#include <fstream>

#include "gemel/data/testing.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

using ::testing::ElementsAre;
using testing::EntityRow;
using testing::EventRow;
using ::testing::HasSubstr;

constexpr std::string_view kFeatures = R"(
brand = "category"
notes = "tags"
price = { type = "number", transform = "log1p" }
launched = "time"
)";

const std::vector<EventRow> kEvents = {{"bob", "tea", 2}, {"ann", "cup", 0.5, "view", 2}, {"ann", "tea", 0.25}, {"bob", "pot", 2}};
const std::vector<EntityRow> kItems = {
    {"tea", {{"brand", "Acme"}, {"notes", "green|loose"}, {"price", "3.5"}, {"launched", "-1"}, {"title", "Tea"}}},
    {"mug", {{"brand", "Bell"}}}};

Dataset small_shop() {
  return testing::make_dataset(kEvents, kItems, {{"eve"}}, {.item_features = std::string(kFeatures), .item_name = "title"});
}

TEST(Dataset, HoldsItsEventsInTimeOrderWithTiesInTheOrderOfTheirRows) {
  const Dataset shop = small_shop();
  ASSERT_EQ(shop.num_events(), 4u);
  EXPECT_THAT(shop.times(), ElementsAre(testing::at_day(0.25), testing::at_day(0.5), testing::at_day(2), testing::at_day(2)));
  std::vector<std::string> items;
  for (const ItemIndex item : shop.items()) items.emplace_back(shop.item_table().ids[to_size(item)]);
  EXPECT_THAT(items, ElementsAre("tea", "cup", "tea", "pot"));
  EXPECT_THAT(shop.weights(), ElementsAre(1, 2, 1, 1));
  EXPECT_THAT(shop.action_names(), ElementsAre("buy", "view"));
  EXPECT_TRUE(shop.is_target(shop.actions()[0]));
  EXPECT_FALSE(shop.is_target(shop.actions()[1]));
  EXPECT_EQ(shop.action_weight(*shop.find_action("view")), 0.2);
  EXPECT_EQ(shop.find_action("return"), std::nullopt);
}

TEST(Dataset, FindsEveryIdAndNoOther) {
  const Dataset shop = small_shop();
  EXPECT_EQ(shop.num_catalogue_items(), 2u);
  EXPECT_EQ(shop.num_items(), 4u);  // tea, mug of the catalogue; cup, pot of events only
  EXPECT_EQ(shop.num_users(), 3u);
  for (std::size_t row = 0; row < shop.num_items(); ++row) EXPECT_EQ(shop.item_table().find(shop.item_table().ids[row]), row);
  EXPECT_EQ(shop.item_table().find("te"), std::nullopt);
  EXPECT_EQ(shop.item_table().find(""), std::nullopt);
  EXPECT_EQ(shop.user_table().find("eve"), 2u);
}

TEST(Dataset, GivesFeaturesTypedAndMissingOnesAsMissing) {
  const Dataset shop = small_shop();
  const EntityTable& items = shop.item_table();
  EXPECT_EQ(items.feature("brand")->texts[1], "Bell");
  EXPECT_EQ(items.feature("brand")->texts[2], "");
  EXPECT_THAT(items.feature("notes")->lists, ElementsAre(0, 2, 2, 2, 2));
  EXPECT_EQ(items.feature("notes")->texts[1], "loose");
  EXPECT_EQ(items.feature("price")->numbers[0], 3.5);
  EXPECT_TRUE(std::isnan(items.feature("price")->numbers[1]));
  EXPECT_EQ(items.feature("launched")->times[0], testing::at_day(-1));
  EXPECT_EQ(items.feature("launched")->times[3], kMissingTime);
  EXPECT_EQ(items.feature("title")->type, FeatureType::kShown);
  EXPECT_EQ(items.feature("title")->texts[0], "Tea");
  EXPECT_EQ(items.feature("colour"), nullptr);
}

TEST(Dataset, WithoutAnyEventOrProductIsStillADataset) {
  const Dataset shop = testing::make_dataset({});
  EXPECT_EQ(shop.num_events(), 0u);
  EXPECT_EQ(shop.num_items(), 0u);
  EXPECT_EQ(shop.item_table().find("tea"), std::nullopt);
}

TEST(Dataset, FingerprintFollowsTheDataAndNothingElse) {
  EXPECT_EQ(small_shop().fingerprint(), small_shop().fingerprint());
  auto events = kEvents;
  events[0].weight = 1.5;
  const Dataset other = testing::make_dataset(events, kItems, {{"eve"}}, {.item_features = std::string(kFeatures), .item_name = "title"});
  EXPECT_NE(small_shop().fingerprint(), other.fingerprint());
}

TEST(Dataset, NamesTheFolderWhenThereIsNone) {
  const testing::TemporaryFolder folder;
  const auto opened = Dataset::open(folder.path() / "nothing");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(opened.error().message, HasSubstr("gemel ingest"));
}

TEST(Dataset, RefusesAFlippedByteAnywhereInItsColumns) {
  const testing::TemporaryFolder folder;
  testing::write_dataset(folder.path(), kEvents, kItems, {}, {.item_features = std::string(kFeatures)});
  for (const auto name : {kEventsFile, kItemsFile, kUsersFile}) {
    const std::string good = read_file(folder.path() / name).value();
    for (std::size_t byte = 0; byte < good.size(); ++byte) {
      std::string bad = good;
      bad[byte] ^= 0x10;
      std::ofstream(folder.path() / name, std::ios::binary) << bad;  // unlike write_file, does not wait for the disk
      const auto opened = Dataset::open(folder.path());
      ASSERT_FALSE(opened) << name << " byte " << byte;
      EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt);
    }
    write_file(folder.path() / name, good.substr(0, good.size() - 1)).value();
    EXPECT_FALSE(Dataset::open(folder.path())) << name << " cut short";
    write_file(folder.path() / name, good).value();
  }
  EXPECT_TRUE(Dataset::open(folder.path()));
}

// The checksums agree here, as they would if another program had written the files: the claims themselves must be checked.
TEST(Dataset, BelievesNoOffsetSizeOrIndexThatDoesNotFit) {
  const testing::TemporaryFolder folder;
  testing::write_dataset(folder.path(), kEvents, kItems, {}, {.item_features = std::string(kFeatures)});
  const DatasetFormat good = read_dataset_format(folder.path()).value();
  Rng rng(7);
  const std::uint64_t values[] = {0, 1, 3, 4, 60, 64, 1000, 1u << 31, ~0ull, ~0ull - 7, 1ull << 62};
  for (int trial = 0; trial < 500; ++trial) {
    DatasetFormat bad = good;
    auto& file = bad.files[rng.below(bad.files.size())];
    auto& column = file.columns[rng.below(file.columns.size())];
    const std::size_t buffer = rng.below(column.offsets.size());
    const std::uint64_t value = values[rng.below(std::size(values))];
    switch (rng.below(4)) {
      case 0: column.offsets[buffer] = value; break;
      case 1: column.sizes[buffer] = value; break;
      case 2: column.num_rows = value; break;
      default: column.sizes.pop_back();
    }
    write_dataset_format(folder.path(), bad).value();
    const auto opened = Dataset::open(folder.path());  // may open, when the claim happens to fit; must not crash either way
    if (opened) {
      for (const auto& feature : opened->item_table().features) EXPECT_FALSE(feature.name.empty());
    } else {
      EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt);
    }
  }
}

TEST(Dataset, RefusesEventsThatPointOutsideItsTables) {
  const testing::TemporaryFolder folder;
  testing::write_dataset(folder.path(), kEvents, kItems, {}, {});
  DatasetFormat format = read_dataset_format(folder.path()).value();
  testing::RawColumns columns;
  columns.add("time", "timestamp_us", std::vector<TimePoint>{testing::at_day(0)});
  columns.add("user", "uint32", std::vector<std::uint32_t>{0});
  columns.add("item", "uint32", std::vector<std::uint32_t>{4});
  columns.add("action", "uint8", std::vector<std::uint8_t>{0});
  columns.add("weight", "float32", std::vector<float>{1});
  format.files[0] = columns.write(folder.path(), kEventsFile);
  write_dataset_format(folder.path(), format).value();
  const auto opened = Dataset::open(folder.path());
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("its product is not in the product table"));
}

TEST(Dataset, RefusesADescriptionOfAnotherVersionOrShape) {
  const testing::TemporaryFolder folder;
  testing::write_dataset(folder.path(), kEvents, {}, {}, {});
  const std::string good = read_file(folder.path() / kDatasetMarker).value();
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"\"version\": 1", "\"version\": 99"}, {"\"seconds\"", "\"weeks\""}, {"\"offsets\"", "\"places\""}, {"{", "["}, {good, ""}}) {
    std::string bad = good;
    bad.replace(bad.find(from), from.size(), to);
    write_file(folder.path() / kDatasetMarker, bad).value();
    const auto opened = Dataset::open(folder.path());
    ASSERT_FALSE(opened) << to;
    EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt);
  }
}

}  // namespace
}  // namespace gemel
