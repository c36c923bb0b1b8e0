#include "gemel/data/infer/actions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gemel/data/infer/testing.h"

namespace gemel {
namespace {
using ::testing::ElementsAre;

std::vector<std::string> described(const std::vector<std::string>& values) {
  std::vector<std::string> texts;
  for (const ActionGuess& action : guess_actions(profile(testing::column("event", values))))
    texts.push_back(concat(action.name, action.is_target ? " target " : " ", action.weight));
  return texts;
}

TEST(Actions, NamesOfTheKnownSystemsHaveTheirMeaning) {
  const std::pair<ActionClass, std::vector<const char*>> expected[] = {
      {ActionClass::kView, {"view_item", "Product Viewed", "detail-page-view", "view", "clicks"}},
      {ActionClass::kCart, {"add_to_cart", "Product Added", "add-to-cart", "cart", "addtocart", "carts", "AddToCart"}},
      {ActionClass::kBuy, {"purchase", "Order Completed", "purchase-complete", "transaction", "orders", "Purchase"}},
      {ActionClass::kUncart, {"remove_from_cart", "Product Removed"}},
      {ActionClass::kWish, {"add_to_wishlist", "Bookmark", "Product Added to Wishlist"}},
      {ActionClass::kReturn, {"refund", "Order Refunded"}},
      {ActionClass::kShown, {"view_item_list", "IMPRESSION", "ranking"}},
      {ActionClass::kUnknown, {"login", "", "viewer"}}};
  for (const auto& [kind, names] : expected)
    for (const char* name : names) EXPECT_EQ(class_of(name), kind) << name;
}

TEST(Actions, TheStrongestOneThatOccursIsTheTarget) {
  EXPECT_THAT(described({"view", "view", "view", "cart", "cart", "purchase"}), ElementsAre("view 0.2", "cart 0.5", "purchase target 1"));
  EXPECT_THAT(described({"view", "view", "addtocart"}), ElementsAre("view 0.2", "addtocart target 1"));
  EXPECT_THAT(described({"read", "like", "like"}), ElementsAre("like target 1", "read 0.2"));
  EXPECT_THAT(described({"view", "view_item_list", "refund"}), ElementsAre("refund 0", "view target 1", "view_item_list 0"));
  EXPECT_THAT(described({"a", "b", "b"}), ElementsAre("b target 1", "a target 1"));  // unknown: all of them
}

}  // namespace
}  // namespace gemel
