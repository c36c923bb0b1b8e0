// Small files of every layout that shops commonly have, written after their documentation; beside each the shop.toml that `gemel init`
// makes of it. What it writes is compared with that file, and what ingest makes of it is counted. After a wanted change:
// GEMEL_WRITE_GOLDEN=1 build/dev/bin/layouts_test writes the files anew; read the difference.
#include "gemel/data/infer/layouts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "gemel/base/file.h"
#include "gemel/data/infer/infer.h"
#include "gemel/data/infer/shop_toml.h"
#include "gemel/data/ingest/ingest.h"
#include "gemel/data/testing.h"

namespace gemel {
namespace {
namespace fs = std::filesystem;
using ::testing::HasSubstr;

struct Case {
  std::string folder, events, items, users;
  // What ingest is to make of it.
  std::uint64_t kept, rejected, customers, catalogue_products;
  std::string target;  // the action that recommendations aim at
  std::uint64_t num_target;
};

const std::vector<Case> kCases = {
    {"aws_personalize", "interactions.csv", "items.csv", "users.csv", 7, 0, 3, 4, "Purchase", 2},
    {"complete_journey", "transactions.csv", "products.csv", "demographics.csv", 7, 0, 3, 6, "interaction", 7},
    {"ga4_bigquery", "events.jsonl", "", "", 11, 2, 3, 0, "purchase", 3},
    {"ga4_flat", "events.csv", "", "", 6, 0, 3, 0, "purchase", 2},
    {"google_retail", "user_events.jsonl", "products.jsonl", "", 7, 2, 3, 4, "purchase-complete", 3},
    {"gorse", "feedback.jsonl", "items.jsonl", "users.jsonl", 7, 0, 3, 4, "star", 2},
    {"instacart", "order_products.csv", "products.csv", "", 8, 0, 2, 5, "interaction", 8},
    {"movielens_100k", "u.data", "u.item", "u.user", 8, 0, 6, 7, "interaction", 8},
    {"movielens_1m", "ratings.dat", "movies.dat", "users.dat", 6, 0, 3, 4, "interaction", 6},
    {"movielens_csv", "ratings.csv", "movies.csv", "", 6, 0, 3, 4, "interaction", 6},
    {"otto", "sessions.jsonl", "", "", 9, 0, 4, 0, "orders", 2},
    {"plain", "bestellungen.csv", "artikel.csv", "", 7, 0, 4, 5, "interaction", 7},
    {"rees46", "events.csv", "", "", 10, 0, 6, 0, "purchase", 2},
    {"retailrocket", "events.csv", "", "", 8, 0, 5, 0, "transaction", 2},
    {"segment", "events.jsonl", "", "", 10, 0, 3, 0, "Order Completed", 3},
    {"yoochoose", "clicks.csv", "", "", 6, 0, 3, 0, "interaction", 6},
};

InferOptions options_of(const Case& each, const fs::path& out) {
  const auto path = [&](const std::string& file) { return file.empty() ? "" : concat("tests/layouts/", each.folder, "/", file); };
  return {.events = path(each.events), .items = path(each.items), .users = path(each.users), .out = out, .limits = {}};
}

class Layouts : public ::testing::TestWithParam<Case> {};

TEST_P(Layouts, InitWritesTheGoldenShopTomlAndIngestReadsIt) {
  const Case& each = GetParam();
  const fs::path golden = fs::path("tests/layouts") / each.folder / "shop.toml";
  const auto shop = infer_shop(options_of(each, golden), no_progress());
  ASSERT_TRUE(shop) << shop.error().message;
  const std::string text = to_toml(*shop);
  if (std::getenv("GEMEL_WRITE_GOLDEN") != nullptr) {
    ASSERT_TRUE(write_file(golden, text));
  }
  const auto expected = read_file(golden);
  ASSERT_TRUE(expected) << expected.error().message;
  EXPECT_EQ(text, *expected);

  const auto config = ShopConfig::parse(text, golden);
  ASSERT_TRUE(config) << config.error().message << "\n" << text;
  const testing::TemporaryFolder folder;
  const auto summary = ingest(*config, folder.path() / "dataset", {}, no_progress());
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->events.kept, each.kept);
  EXPECT_EQ(summary->events.rejected, each.rejected);
  EXPECT_EQ(summary->events.duplicates, 0u);
  EXPECT_EQ(summary->items.rows.rejected + summary->users.rows.rejected, 0u);
  EXPECT_EQ(summary->customers, each.customers);
  EXPECT_EQ(summary->catalogue_products, each.catalogue_products);
  for (const ActionSummary& action : summary->actions)
    if (action.name == each.target) {
      EXPECT_TRUE(action.is_target);
      EXPECT_EQ(action.count, each.num_target);
      return;
    }
  ADD_FAILURE() << "no action " << each.target;
}

INSTANTIATE_TEST_SUITE_P(Known, Layouts, ::testing::ValuesIn(kCases), [](const auto& each) { return each.param.folder; });

TEST(LayoutsThatMustBeJoinedFirst, AreRefusedWithTheWayToDoIt) {
  const auto refusal = [](const Case& each) {
    const auto shop = infer_shop(options_of(each, "shop.toml"), no_progress());
    return shop ? "accepted" : shop.error().message;
  };
  EXPECT_THAT(refusal({"retailrocket_properties", "events.csv", "item_properties.csv", "", 0, 0, 0, 0, "", 0}),
              ::testing::AllOf(HasSubstr("item_properties.csv: this is Retailrocket (item_properties): it has one row for each property"),
                               HasSubstr("PIVOT")));
  EXPECT_THAT(refusal({"instacart_order_products", "order_products.csv", "", "", 0, 0, 0, 0, "", 0}),
              ::testing::AllOf(HasSubstr("who ordered stands in orders.csv"), HasSubstr("JOIN")));
}

TEST(LayoutsTable, EveryLayoutOfEventsHasAnExampleHere) {
  std::set<std::string> seen;
  for (const Case& each : kCases)
    if (const auto shop = infer_shop(options_of(each, "shop.toml"), no_progress())) seen.insert(shop->events.layout);
  for (const Layout& layout : known_layouts())
    if (layout.table == TableRole::kEvents && layout.refusal.empty()) {
      EXPECT_TRUE(seen.contains(std::string(layout.name))) << layout.name;
    }
}

}  // namespace
}  // namespace gemel
