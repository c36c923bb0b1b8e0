#include "gemel/data/infer/actions.h"

#include <algorithm>

#include "gemel/data/infer/column_names.h"

namespace gemel {
namespace {

struct ClassName {
  std::string_view name;  // as normal_name() gives it
  ActionClass kind;
};

// GA4, Segment, Google Retail, REES46, Retailrocket, OTTO, Gorse, Recombee, Personalize, Algolia, and what shops call them otherwise.
constexpr ClassName kNames[] = {
    {"purchase", ActionClass::kBuy},
    {"purchases", ActionClass::kBuy},
    {"purchased", ActionClass::kBuy},
    {"purchase_complete", ActionClass::kBuy},
    {"order_completed", ActionClass::kBuy},
    {"transaction", ActionClass::kBuy},
    {"transactions", ActionClass::kBuy},
    {"order", ActionClass::kBuy},
    {"orders", ActionClass::kBuy},
    {"buy", ActionClass::kBuy},
    {"bought", ActionClass::kBuy},
    {"sale", ActionClass::kBuy},
    {"checkout_completed", ActionClass::kBuy},
    {"conversion", ActionClass::kBuy},
    {"kauf", ActionClass::kBuy},
    {"add_to_cart", ActionClass::kCart},
    {"addtocart", ActionClass::kCart},
    {"add_to_basket", ActionClass::kCart},
    {"product_added", ActionClass::kCart},
    {"cart", ActionClass::kCart},
    {"carts", ActionClass::kCart},
    {"basket", ActionClass::kCart},
    {"cart_add", ActionClass::kCart},
    {"cart_addition", ActionClass::kCart},
    {"add_to_wishlist", ActionClass::kWish},
    {"product_added_to_wishlist", ActionClass::kWish},
    {"wishlist", ActionClass::kWish},
    {"wish", ActionClass::kWish},
    {"bookmark", ActionClass::kWish},
    {"favorite", ActionClass::kWish},
    {"favourite", ActionClass::kWish},
    {"fav", ActionClass::kWish},
    {"like", ActionClass::kWish},
    {"star", ActionClass::kWish},
    {"view", ActionClass::kView},
    {"views", ActionClass::kView},
    {"viewed", ActionClass::kView},
    {"view_item", ActionClass::kView},
    {"select_item", ActionClass::kView},
    {"product_viewed", ActionClass::kView},
    {"product_clicked", ActionClass::kView},
    {"detail_page_view", ActionClass::kView},
    {"detail_view", ActionClass::kView},
    {"page_view", ActionClass::kView},
    {"pageview", ActionClass::kView},
    {"pv", ActionClass::kView},
    {"click", ActionClass::kView},
    {"clicks", ActionClass::kView},
    {"clicked", ActionClass::kView},
    {"read", ActionClass::kView},
    {"watch", ActionClass::kView},
    {"play", ActionClass::kView},
    {"view_item_list", ActionClass::kShown},
    {"product_list_viewed", ActionClass::kShown},
    {"product_list_filtered", ActionClass::kShown},
    {"products_searched", ActionClass::kShown},
    {"view_search_results", ActionClass::kShown},
    {"impression", ActionClass::kShown},
    {"impressions", ActionClass::kShown},
    {"ranking", ActionClass::kShown},
    {"shown", ActionClass::kShown},
    {"view_promotion", ActionClass::kShown},
    {"promotion_offered", ActionClass::kShown},
    {"category_page_view", ActionClass::kShown},
    {"search", ActionClass::kShown},
    {"view_cart", ActionClass::kCart},
    {"cart_viewed", ActionClass::kCart},
    {"shopping_cart_page_view", ActionClass::kCart},
    {"begin_checkout", ActionClass::kCart},
    {"checkout_started", ActionClass::kCart},
    {"remove_from_cart", ActionClass::kUncart},
    {"removefromcart", ActionClass::kUncart},
    {"product_removed", ActionClass::kUncart},
    {"remove_from_basket", ActionClass::kUncart},
    {"refund", ActionClass::kReturn},
    {"refunded", ActionClass::kReturn},
    {"order_refunded", ActionClass::kReturn},
    {"order_cancelled", ActionClass::kReturn},
    {"return", ActionClass::kReturn},
    {"returned", ActionClass::kReturn},
    {"dislike", ActionClass::kReturn},
};

struct ClassMeaning {
  ActionClass kind;
  std::string_view text;
  double weight;
};

// A weight says how much of the customer's history such an event is, beside a purchase of 1. What takes back or was only shown counts
// nothing.
constexpr ClassMeaning kMeanings[] = {
    {ActionClass::kBuy, "a purchase", 1},          {ActionClass::kCart, "into the basket", 0.5},
    {ActionClass::kWish, "wished for", 0.5},       {ActionClass::kView, "a look", 0.2},
    {ActionClass::kShown, "shown, not chosen", 0}, {ActionClass::kUncart, "out of the basket", 0},
    {ActionClass::kReturn, "taken back", 0},       {ActionClass::kUnknown, "a name not known here: a look, until you say otherwise", 0.2},
};

const ClassMeaning& meaning_of(ActionClass kind) { return *std::ranges::find(kMeanings, kind, &ClassMeaning::kind); }

ActionClass target_class(const std::vector<ActionGuess>& actions) {
  for (const ActionClass kind : {ActionClass::kBuy, ActionClass::kCart, ActionClass::kWish, ActionClass::kView})
    for (const ActionGuess& action : actions)
      if (class_of(action.name) == kind) return kind;
  return ActionClass::kUnknown;
}

}  // namespace

ActionClass class_of(std::string_view action) {
  const std::string name = normal_name(action);
  const auto found = std::ranges::find(kNames, name, &ClassName::name);
  return found == std::end(kNames) ? ActionClass::kUnknown : found->kind;
}

std::vector<ActionGuess> guess_actions(const ColumnProfile& column) {
  std::vector<ActionGuess> actions;
  for (const auto& [value, count] : column.counts) actions.push_back({.name = value, .count = count, .reason = {}});
  std::ranges::sort(actions,
                    [](const ActionGuess& a, const ActionGuess& b) { return std::tie(b.count, a.name) < std::tie(a.count, b.name); });
  const ActionClass target = target_class(actions);
  for (ActionGuess& action : actions) {
    const ClassMeaning& meaning = meaning_of(class_of(action.name));
    action.is_target = meaning.kind == target;
    action.weight = action.is_target ? 1 : meaning.weight;
    action.reason = meaning.text;
    if (target == ActionClass::kUnknown) action.reason = "a name not known here: a target like all others, until you say otherwise";
  }
  return actions;
}

}  // namespace gemel
