#include "gemel/data/infer/column_names.h"

#include <algorithm>
#include <vector>

#include "gemel/data/period_total.h"

namespace gemel {
namespace {

bool is_upper(char letter) { return letter >= 'A' && letter <= 'Z'; }
bool is_lower(char letter) { return letter >= 'a' && letter <= 'z'; }
bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

// Best first. A name that fits by its ending only ("main_customer_id") comes after all of them.
constexpr std::string_view kUserNames[] = {
    "user_id",      "userid",     "user",      "customer_id",    "customerid",    "customer",        "client_id",   "clientid",
    "visitor_id",   "visitorid",  "visitor",   "household_id",   "household_key", "member_id",       "memberid",    "shopper_id",
    "account_id",   "buyer_id",   "buyer",     "user_pseudo_id", "anonymous_id",  "anonymousid",     "profile_id",  "person_id",
    "reviewer_id",  "reviewerid", "author_id", "subscriber_id",  "customer_key",  "customer_number", "customer_no", "kunden_id",
    "kundennummer", "user_name",  "username",  "device_id",      "session_id",    "sessionid",       "session",     "user_session"};
constexpr std::string_view kItemNames[] = {"product_id",  "productid",   "item_id",        "itemid",        "item",
                                           "product",     "sku",         "sku_id",         "variant_id",    "asin",
                                           "parent_asin", "article_id",  "articleid",      "article",       "movie_id",
                                           "movieid",     "stock_code",  "stockcode",      "aid",           "product_code",
                                           "item_code",   "product_key", "product_number", "artikelnummer", "ean",
                                           "gtin",        "upc",         "track_id",       "song_id",       "artist_id",
                                           "book_id",     "isbn",        "listing_id",     "goods_id",      "material",
                                           "content_id",  "business_id", "place_id",       "offer_id",      "target_entity_id",
                                           "model_id",    "object_id",   "game_id"};
constexpr std::string_view kTimeNames[] = {"event_time",
                                           "eventtime",
                                           "timestamp",
                                           "time",
                                           "ts",
                                           "event_timestamp",
                                           "datetime",
                                           "date_time",
                                           "occurred_at",
                                           "created_at",
                                           "transaction_timestamp",
                                           "transaction_date",
                                           "order_date",
                                           "ordered_at",
                                           "purchase_date",
                                           "purchased_at",
                                           "invoice_date",
                                           "t_dat",
                                           "unix_review_time",
                                           "review_date",
                                           "review_time",
                                           "submission_date",
                                           "original_timestamp",
                                           "sent_at",
                                           "received_at",
                                           "created",
                                           "when",
                                           "at",
                                           "date",
                                           "event_date",
                                           "day",
                                           "datum",
                                           "zeit",
                                           "zeitpunkt"};
constexpr std::string_view kActionNames[] = {
    "event_type",     "eventtype", "event",     "action",           "event_name",    "eventname",   "action_type", "behavior_type",
    "behaviour_type", "behavior",  "behaviour", "interaction_type", "feedback_type", "interaction", "activity",    "type"};
constexpr std::string_view kWeightNames[] = {"quantity",  "qty",        "pieces", "units", "num_units",
                                             "num_items", "item_count", "count",  "menge"};
constexpr std::string_view kEventIdNames[] = {"event_id",  "eventid",      "interaction_id", "review_id", "rating_id", "message_id",
                                              "messageid", "line_item_id", "order_line_id",  "line_id",   "row_id",    "uuid"};
constexpr std::string_view kItemNameNames[] = {"product_name", "item_name",    "title",       "name",      "product_title",
                                               "item_title",   "display_name", "movie_title", "prod_name", "article_name",
                                               "label",        "bezeichnung",  "description"};

std::span<const std::string_view> names_of(Role role) {
  switch (role) {
    case Role::kUser: return kUserNames;
    case Role::kItem: return kItemNames;
    case Role::kTime: return kTimeNames;
    case Role::kAction: return kActionNames;
    case Role::kWeight: return kWeightNames;
    case Role::kEventId: return kEventIdNames;
    case Role::kItemName: return kItemNameNames;
  }
  return {};
}

// Endings that speak for a role when the whole name is unknown: "main_customer_id", "viewed_product", "delivery_date".
std::span<const std::string_view> endings_of(Role role) {
  static constexpr std::string_view kUser[] = {"user_id", "customer_id", "client_id", "visitor_id", "member_id", "user", "customer"};
  static constexpr std::string_view kItem[] = {"product_id", "item_id", "article_id", "sku", "product", "item"};
  static constexpr std::string_view kTime[] = {"timestamp", "time", "at", "date", "ts"};
  static constexpr std::string_view kAction[] = {"event_type", "action"};
  static constexpr std::string_view kName[] = {"name", "title"};
  switch (role) {
    case Role::kUser: return kUser;
    case Role::kItem: return kItem;
    case Role::kTime: return kTime;
    case Role::kAction: return kAction;
    case Role::kItemName: return kName;
    case Role::kWeight:
    case Role::kEventId: return {};
  }
  return {};
}

std::vector<std::string_view> words_of(std::string_view name) {
  std::vector<std::string_view> words;
  while (!name.empty()) {
    const auto end = std::min(name.find('_'), name.size());
    if (end > 0) words.push_back(name.substr(0, end));
    name.remove_prefix(std::min(end + 1, name.size()));
  }
  return words;
}

bool holds_word(const std::vector<std::string_view>& words, std::span<const std::string_view> wanted) {
  return std::ranges::any_of(words, [&](std::string_view word) { return std::ranges::find(wanted, word) != wanted.end(); });
}

std::string normal_part(std::string_view part) {
  std::string name;
  for (std::size_t i = 0; i < part.size(); ++i) {
    const char letter = part[i];
    const bool is_word = is_upper(letter) || is_lower(letter) || is_digit(letter) || static_cast<unsigned char>(letter) >= 0x80;
    const bool begins_word =
        is_upper(letter) && i > 0 &&
        (is_lower(part[i - 1]) || is_digit(part[i - 1]) || (is_upper(part[i - 1]) && i + 1 < part.size() && is_lower(part[i + 1])));
    if ((!is_word || begins_word) && !name.empty() && name.back() != '_') name.push_back('_');
    if (is_word) name.push_back(is_upper(letter) ? static_cast<char>(letter - 'A' + 'a') : letter);
  }
  while (!name.empty() && name.back() == '_') name.pop_back();
  return name;
}

}  // namespace

std::string normal_name(std::string_view column) {
  const auto dot = column.rfind('.');
  return normal_part(dot == std::string_view::npos ? column : column.substr(dot + 1));
}

std::string normal_path(std::string_view column) {
  std::string path;
  while (true) {
    const auto dot = column.find('.');
    path += normal_part(column.substr(0, dot));
    if (dot == std::string_view::npos) return path;
    path.push_back('.');
    column.remove_prefix(dot + 1);
  }
}

std::size_t rank_of(Role role, std::string_view column) {
  const std::string name = normal_name(column);
  const auto names = names_of(role);
  const auto found = std::ranges::find(names, name);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  const auto endings = endings_of(role);
  for (std::size_t i = 0; i < endings.size(); ++i)
    if (name.ends_with(std::string("_").append(endings[i]))) return names.size() + i;
  return kUnranked;
}

bool is_id_name(std::string_view column) {
  static constexpr std::string_view kLast[] = {"id",  "ids",  "code", "key",  "number", "no",   "nr",   "sku",
                                               "ean", "gtin", "upc",  "uuid", "guid",   "hash", "asin", "isbn"};
  static constexpr std::string_view kStems[] = {"user",  "customer", "visitor", "session", "item",  "product", "article",     "movie",
                                                "brand", "category", "order",   "parent",  "store", "shop",    "transaction", "basket"};
  const std::string name = normal_name(column);
  const auto words = words_of(name);
  if (words.empty()) return false;
  if (holds_word({words.back()}, kLast)) return true;
  const std::string_view last = words.back();
  return last.ends_with("id") && holds_word({last.substr(0, last.size() - 2)}, kStems);  // "visitorid", which is no "paid"
}

std::string_view period_reason(std::string_view column) {
  static constexpr std::string_view kStates[] = {"stock",     "inventory",  "available",    "availability", "instock",
                                                 "hidden",    "bestand",    "lagerbestand", "discount",     "promo",
                                                 "promotion", "discounted", "status",       "backorder"};
  static constexpr std::string_view kWholeStates[] = {"new",       "is_new",      "online_only", "sale",        "on_sale",
                                                      "is_sale",   "active",      "is_active",   "value_price", "value_price_usd",
                                                      "is_hidden", "expire_time", "ttl"};
  const std::string name = normal_name(column);
  const auto words = words_of(name);
  if (is_total_name(name)) return "a total over the whole period";
  if (is_rating_name(name)) return "a rating or rank at the end of the period";
  static constexpr std::string_view kMoments[] = {"time", "at", "date", "since", "from"};
  const bool is_moment = !words.empty() && holds_word({words.back()}, kMoments);  // "available_since" was known then
  if ((holds_word(words, kStates) && !is_moment) || holds_word({name}, kWholeStates) || name.starts_with("sale_price") ||
      name.starts_with("child_") || name.starts_with("special_price"))
    return "the state on the day of the export";
  return "";
}

}  // namespace gemel
