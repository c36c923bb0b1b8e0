#include "gemel/eval/item_attributes.h"

#include <gtest/gtest.h>

#include <array>

#include "gemel/data/testing.h"

namespace gemel {
namespace {

TEST(ItemAttributes, DiversityAgreesWithACaseWorkedByHand) {
  const Dataset shop = testing::make_dataset({{"ann", "tea", 0}, {"ann", "nil", 1}},
                                             {{"tea", {{"brand", "Acme"}, {"tags", "red|hot"}}},
                                              {"rum", {{"brand", "Acme"}, {"tags", "red|red|cold"}}},
                                              {"ice", {{"brand", "red"}, {"tags", "cold"}}},
                                              {"twin", {{"brand", "Acme"}, {"tags", "hot|red"}}}},
                                             {}, {.item_features = "brand = \"category\"\ntags = { type = \"tags\", separator = \"|\" }"});
  const ItemAttributes attributes(shop.item_table());
  const auto items = [&](std::initializer_list<const char*> ids) {
    std::vector<ItemIndex> list;
    for (const char* id : ids) list.push_back(testing::item_of(shop, id));
    return list;
  };
  EXPECT_DOUBLE_EQ(*attributes.diversity(items({"tea", "rum"})), 1 - 2.0 / 4);  // Acme, red in common; hot, cold not
  EXPECT_DOUBLE_EQ(*attributes.diversity(items({"rum", "ice"})), 1 - 1.0 / 4);  // cold; the brand red is not the tag red
  EXPECT_DOUBLE_EQ(*attributes.diversity(items({"tea", "twin"})), 0);
  EXPECT_DOUBLE_EQ(*attributes.diversity(items({"tea", "rum", "ice"})), (0.5 + 0.75 + 1) / 3);
  EXPECT_DOUBLE_EQ(*attributes.diversity(items({"tea", "nil", "rum"})), 0.5) << "nil is not in the catalogue: nothing is known of it";
  EXPECT_FALSE(attributes.diversity(items({"tea", "nil"})));
  EXPECT_FALSE(attributes.diversity(items({"tea"})));

  std::array<std::optional<double>, 4> first;  // of the first 1, 2, 3, 9
  attributes.diversities(items({"tea", "rum", "ice", "nil"}), std::array<std::size_t, 4>{1, 2, 3, 9}, first);
  EXPECT_FALSE(first[0]);
  EXPECT_DOUBLE_EQ(*first[1], 0.5);
  EXPECT_DOUBLE_EQ(*first[2], (0.5 + 0.75 + 1) / 3);
  EXPECT_EQ(*first[3], *first[2]);
}

}  // namespace
}  // namespace gemel
