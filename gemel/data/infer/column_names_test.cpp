#include "gemel/data/infer/column_names.h"

#include <gtest/gtest.h>

namespace gemel {
namespace {

TEST(ColumnNames, AreOneNameInAllTheirSpellings) {
  for (const char* name :
       {"customer_id", "Customer ID", "customerId", "CustomerId", "CUSTOMER_ID", "customer-id", " customer id ", "properties.customerId"})
    EXPECT_EQ(normal_name(name), "customer_id") << name;
  EXPECT_EQ(normal_name("visitorid"), "visitorid");
  EXPECT_EQ(normal_name("URLPath"), "url_path");
  EXPECT_EQ(normal_name("price2EUR"), "price2_eur");
  EXPECT_EQ(normal_name(""), "");
  EXPECT_EQ(normal_path("properties.productDetails.ID"), "properties.product_details.id");
}

TEST(ColumnNames, FitTheirRolesTheWholeNameBeforeItsEnding) {
  EXPECT_LT(rank_of(Role::kUser, "UserId"), rank_of(Role::kUser, "user_session"));
  EXPECT_LT(rank_of(Role::kUser, "user_session"), rank_of(Role::kUser, "main_customer_id"));
  EXPECT_LT(rank_of(Role::kTime, "event_time"), rank_of(Role::kTime, "date"));
  EXPECT_LT(rank_of(Role::kTime, "date"), rank_of(Role::kTime, "delivery_date"));
  for (const char* name : {"price", "brand", "rating", "useful", "itemised", ""}) {
    EXPECT_EQ(rank_of(Role::kUser, name), kUnranked) << name;
    EXPECT_EQ(rank_of(Role::kItem, name), kUnranked) << name;
    EXPECT_EQ(rank_of(Role::kTime, name), kUnranked) << name;
  }
}

TEST(ColumnNames, TellKeysFromWords) {
  for (const char* name : {"brand_id", "orderNumber", "sku", "EAN", "postcode_key", "transactionid"}) EXPECT_TRUE(is_id_name(name)) << name;
  for (const char* name : {"paid", "colour", "id_card_shown", "void", ""}) EXPECT_FALSE(is_id_name(name)) << name;
}

TEST(ColumnNames, SayWhatOnlyTheEndOfThePeriodKnows) {
  for (const char* name : {"loves_count", "num_reviews", "total_sales", "unitsSold", "view_count_views", "favorites"})
    EXPECT_EQ(period_reason(name), "a total over the whole period") << name;
  for (const char* name : {"avg_product_rating", "stars", "sales_rank_score"}) EXPECT_NE(period_reason(name), "") << name;
  for (const char* name : {"out_of_stock", "new", "sale_price_usd", "child_count", "availability", "isHidden", "value_price_usd"})
    EXPECT_EQ(period_reason(name), "the state on the day of the export") << name;
  for (const char* name : {"price_usd", "brand_name", "limited_edition", "sephora_exclusive", "newsletter", "material", "availableTime"})
    EXPECT_EQ(period_reason(name), "") << name;
}

}  // namespace
}  // namespace gemel
