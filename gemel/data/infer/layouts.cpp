#include "gemel/data/infer/layouts.h"

#include <algorithm>

namespace gemel {
namespace {

constexpr TableRole kEvents = TableRole::kEvents, kItems = TableRole::kItems, kUsers = TableRole::kUsers;

constexpr std::string_view kMovieItemNames =
    "movie_id|title|release_date|video_release_date|imdb_url|unknown|action|adventure|animation|children|comedy|crime|documentary|drama|"
    "fantasy|film_noir|horror|musical|mystery|romance|sci_fi|thriller|war|western";

// More columns before fewer: the first that fits is taken.
constexpr Layout kLayouts[] = {
    // events
    {.table = kEvents,
     .name = "REES46",
     .columns = "event_time|event_type|product_id|category_id|category_code|brand|price|user_id|user_session",
     .user = "user_id",
     .item = "product_id",
     .time = "event_time",
     .action = "event_type",
     .note =
         "category_code, brand and price of a product stand in the events: a catalogue with one row a product would make them features"},
    {.table = kEvents,
     .name = "Retailrocket",
     .columns = "timestamp|visitorid|event|itemid|transactionid",
     .user = "visitorid",
     .item = "itemid",
     .time = "timestamp",
     .action = "event"},
    {.table = kEvents,
     .name = "GA4 (BigQuery export)",
     .columns = "event_timestamp|event_name|user_pseudo_id|items",
     .each = "items",
     .user = "user_pseudo_id",
     .item = "items.item_id",
     .time = "event_timestamp",
     .action = "event_name",
     .note = "events without items (page_view, session_start) hold no product: they are rejected as `missing` and counted"},
    {.table = kEvents,
     .name = "GA4 (flat)",
     .columns = "event_timestamp|event_name|user_pseudo_id|item_id",
     .user = "user_pseudo_id",
     .item = "item_id",
     .time = "event_timestamp",
     .action = "event_name"},
    {.table = kEvents,
     .name = "Segment",
     .columns = "messageId|anonymousId|event|properties.products",
     .each = "properties.products",
     .user = "userId|anonymousId",
     .item = "properties.products.product_id|properties.product_id",
     .time = "timestamp|originalTimestamp",
     .action = "event"},
    {.table = kEvents,
     .name = "Segment",
     .columns = "messageId|anonymousId|event|properties.product_id",
     .user = "userId|anonymousId",
     .item = "properties.product_id",
     .time = "timestamp|originalTimestamp",
     .action = "event"},
    {.table = kEvents,
     .name = "Google Retail",
     .columns = "eventType|visitorId|eventTime|productDetails",
     .each = "productDetails",
     .user = "visitorId",
     .item = "productDetails.product.id",
     .time = "eventTime",
     .action = "eventType",
     .note = "events without productDetails (home-page-view, search) hold no product: they are rejected as `missing` and counted"},
    {.table = kEvents,
     .name = "AWS Personalize",
     .columns = "USER_ID|ITEM_ID|TIMESTAMP",
     .user = "USER_ID",
     .item = "ITEM_ID",
     .time = "TIMESTAMP",
     .action = "EVENT_TYPE",
     .note = "EVENT_VALUE may be a rating, a share watched or a price: it is no weight until you say so"},
    {.table = kEvents,
     .name = "Gorse",
     .columns = "FeedbackType|UserId|ItemId|Timestamp",
     .user = "UserId",
     .item = "ItemId",
     .time = "Timestamp",
     .action = "FeedbackType"},
    {.table = kEvents,
     .name = "OTTO",
     .columns = "session|events",
     .each = "events",
     .user = "session",
     .item = "events.aid",
     .time = "events.ts",
     .action = "events.type",
     .note = "a customer is a session here: nobody has a second one"},
    {.table = kEvents,
     .name = "YooChoose",
     .columns = "Session ID|Timestamp|Item ID|Category",
     .user = "Session ID",
     .item = "Item ID",
     .time = "Timestamp",
     .note = "a customer is a session here: nobody has a second one"},
    {.table = kEvents,
     .name = "YooChoose",
     .delimiter = ",",
     .shape = "iti.",
     .names = "session_id|timestamp|item_id|category",
     .user = "session_id",
     .item = "item_id",
     .time = "timestamp",
     .note = "a customer is a session here: nobody has a second one"},
    {.table = kEvents,
     .name = "MovieLens",
     .columns = "userId|movieId|rating|timestamp",
     .user = "userId",
     .item = "movieId",
     .time = "timestamp"},
    {.table = kEvents,
     .name = "MovieLens",
     .shape = "iirt",
     .names = "user_id|movie_id|rating|timestamp",
     .user = "user_id",
     .item = "movie_id",
     .time = "timestamp"},
    {.table = kEvents,
     .name = "Complete Journey",
     .columns = "household_id|basket_id|product_id|transaction_timestamp",
     .user = "household_id",
     .item = "product_id",
     .time = "transaction_timestamp"},
    {.table = kEvents,
     .name = "Instacart",
     .columns = "user_id|order_number|days_since_prior_order|product_id",
     .user = "user_id",
     .item = "product_id",
     .note = "days_since_prior_order counts from each customer's own first order, so there is no common clock: rows must be sorted by "
             "order_number, and a split keeps the last orders apart"},
    {.table = kEvents,
     .name = "Instacart (order_products)",
     .columns = "order_id|product_id|add_to_cart_order|reordered",
     .refusal = "its rows name orders, and who ordered stands in orders.csv. Join the two, the oldest orders first, and run init on the "
                "result, for example in DuckDB: COPY (SELECT user_id, order_number, days_since_prior_order, product_id FROM 'orders.csv' "
                "JOIN 'order_products.csv' USING (order_id) ORDER BY order_number, user_id, add_to_cart_order) TO 'events.csv'"},
    {.table = kEvents,
     .name = "Instacart (orders)",
     .columns = "order_id|user_id|order_number|days_since_prior_order",
     .refusal = "its rows name no products, which stand in order_products.csv. Join the two, the oldest orders first, and run init on the "
                "result, for example in DuckDB: COPY (SELECT user_id, order_number, days_since_prior_order, product_id FROM 'orders.csv' "
                "JOIN 'order_products.csv' USING (order_id) ORDER BY order_number, user_id, add_to_cart_order) TO 'events.csv'"},
    // catalogues
    {.table = kItems,
     .name = "Retailrocket (item_properties)",
     .columns = "timestamp|itemid|property|value",
     .refusal =
         "it has one row for each property of a product and time, where a catalogue has one row a product. Keep the properties that "
         "matter as they were before the test period and pivot them, for example in DuckDB: COPY (PIVOT (SELECT itemid, property, "
         "arg_max(value, timestamp) AS value FROM 'item_properties*.csv' WHERE property IN ('categoryid', 'available') GROUP BY ALL) "
         "ON property USING first(value)) TO 'catalogue.csv'"},
    {.table = kItems, .name = "AWS Personalize", .columns = "ITEM_ID", .item = "ITEM_ID"},
    {.table = kItems, .name = "Google Retail", .columns = "id|title|categories", .item = "id", .name_column = "title"},
    {.table = kItems, .name = "Gorse", .columns = "ItemId|IsHidden", .item = "ItemId", .name_column = "Comment"},
    {.table = kItems, .name = "MovieLens", .columns = "movieId|title|genres", .item = "movieId", .name_column = "title"},
    {.table = kItems,
     .name = "MovieLens",
     .delimiter = "|",
     .shape = "is......................",
     .names = kMovieItemNames,
     .item = "movie_id",
     .name_column = "title"},
    {.table = kItems,
     .name = "MovieLens",
     .delimiter = "::",
     .shape = "iss",
     .names = "movie_id|title|genres",
     .item = "movie_id",
     .name_column = "title"},
    {.table = kItems, .name = "Complete Journey", .columns = "product_id|manufacturer_id|department|product_type", .item = "product_id"},
    // customers
    {.table = kUsers, .name = "AWS Personalize", .columns = "USER_ID", .user = "USER_ID"},
    {.table = kUsers, .name = "Gorse", .columns = "UserId|Labels", .user = "UserId"},
    {.table = kUsers,
     .name = "MovieLens",
     .delimiter = "|",
     .shape = "iiss.",
     .names = "user_id|age|gender|occupation|zip_code",
     .user = "user_id"},
    {.table = kUsers,
     .name = "MovieLens",
     .delimiter = "::",
     .shape = "isii.",
     .names = "user_id|gender|age|occupation|zip_code",
     .user = "user_id"},
    {.table = kUsers, .name = "Complete Journey", .columns = "household_id|income|household_comp", .user = "household_id"},
};

bool has_all(std::string_view names, const TableSample& table) {
  return std::ranges::all_of(split_names(names), [&](const std::string& name) { return table.find(name) != nullptr; });
}

bool fits(char kind, const ColumnProfile& column) {
  switch (kind) {
    case 'i': return column.is_integer();
    case 'r': return column.is_numeric() && column.min >= 0 && column.max <= 10;
    case 't': return column.time.has_value();
    case 's': return column.num_filled > 0 && !column.is_numeric();
    default: return true;
  }
}

bool has_shape(const Layout& layout, const TableSample& table, std::span<const ColumnProfile> profiles) {
  const SourceFormat& format = table.source.format;
  if (format.header || profiles.size() != layout.shape.size()) return false;
  if (!layout.delimiter.empty() && layout.delimiter != (format.delimiter.empty() ? "," : format.delimiter)) return false;
  for (std::size_t i = 0; i < profiles.size(); ++i)
    if (!fits(layout.shape[i], profiles[i])) return false;
  return true;
}

}  // namespace

std::span<const Layout> known_layouts() { return kLayouts; }

const Layout* find_layout(TableRole role, const TableSample& table, std::span<const ColumnProfile> profiles) {
  for (const Layout& layout : kLayouts) {
    if (layout.table != role) continue;
    if (layout.columns.empty() ? has_shape(layout, table, profiles) : has_all(layout.columns, table)) return &layout;
  }
  return nullptr;
}

std::vector<std::string> split_names(std::string_view names) {
  std::vector<std::string> list;
  while (!names.empty()) {
    const auto end = names.find('|');
    list.emplace_back(names.substr(0, end));
    names = end == std::string_view::npos ? std::string_view{} : names.substr(end + 1);
  }
  return list;
}

std::vector<std::string> present_names(std::string_view names, const TableSample& table) {
  std::vector<std::string> present = split_names(names);
  std::erase_if(present, [&](const std::string& name) { return table.find(name) == nullptr; });
  return present;
}

std::string first_present(std::string_view names, const TableSample& table) {
  const std::vector<std::string> present = present_names(names, table);
  return present.empty() ? "" : present.front();
}

}  // namespace gemel
