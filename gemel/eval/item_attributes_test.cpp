#include "gemel/eval/item_attributes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

#include "gemel/data/testing.h"
#include "gemel/numerics/rng.h"

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
  ItemAttributes::Scratch scratch;
  const auto diversity = [&](std::initializer_list<const char*> ids) {
    std::optional<double> found;
    attributes.diversities(items(ids), std::array{ids.size()}, scratch, {&found, 1});
    return found;
  };
  EXPECT_DOUBLE_EQ(*diversity({"tea", "rum"}), 1 - 2.0 / 4);  // Acme, red in common; hot, cold not
  EXPECT_DOUBLE_EQ(*diversity({"rum", "ice"}), 1 - 1.0 / 4);  // cold; the brand red is not the tag red
  EXPECT_DOUBLE_EQ(*diversity({"tea", "twin"}), 0);
  EXPECT_DOUBLE_EQ(*diversity({"tea", "rum", "ice"}), (0.5 + 0.75 + 1) / 3);
  EXPECT_DOUBLE_EQ(*diversity({"tea", "nil", "rum"}), 0.5) << "nil is not in the catalogue: nothing is known of it";
  EXPECT_FALSE(diversity({"tea", "nil"}));
  EXPECT_FALSE(diversity({"tea"}));

  std::array<std::optional<double>, 4> first;  // of the first 1, 2, 3, 9
  attributes.diversities(items({"tea", "rum", "ice", "nil"}), std::array<std::size_t, 4>{1, 2, 3, 9}, scratch, first);
  EXPECT_FALSE(first[0]);
  EXPECT_DOUBLE_EQ(*first[1], 0.5);
  EXPECT_DOUBLE_EQ(*first[2], (0.5 + 0.75 + 1) / 3);
  EXPECT_EQ(*first[3], *first[2]);
}

double jaccard(const std::set<int>& a, const std::set<int>& b) {
  std::vector<int> common;
  std::ranges::set_intersection(a, b, std::back_inserter(common));
  return static_cast<double>(common.size()) / static_cast<double>(a.size() + b.size() - common.size());
}

TEST(ItemAttributes, DiversityAgreesWithComparingAllPairs) {
  // Up to 20 of 24 tags each, so that counts of common ones have several digits.
  Rng random(5);
  std::vector<std::set<int>> tags(ItemAttributes::kMostCompared);
  std::vector<testing::EntityRow> rows;
  for (std::size_t item = 0; item < tags.size(); ++item) {
    for (std::uint64_t tag = random.below(20); tag > 0; --tag) tags[item].insert(static_cast<int>(random.below(24)));
    std::string text;
    for (const int tag : tags[item]) text += concat(text.empty() ? "" : "|", "tag", tag);
    rows.push_back({concat("item", item), {{"tags", text}}});
  }
  const Dataset shop =
      testing::make_dataset({{"ann", "item0", 0}}, rows, {}, {.item_features = "tags = { type = \"tags\", separator = \"|\" }"});
  const ItemAttributes attributes(shop.item_table());
  std::vector<ItemIndex> list;
  for (std::size_t item = 0; item < tags.size(); ++item) list.push_back(testing::item_of(shop, concat("item", item)));
  const std::vector<std::size_t> cutoffs{2, 7, 30, tags.size()};
  std::vector<std::optional<double>> found(cutoffs.size());
  ItemAttributes::Scratch scratch;
  attributes.diversities(list, cutoffs, scratch, found);
  for (std::size_t cutoff = 0; cutoff < cutoffs.size(); ++cutoff) {
    double sum = 0, pairs = 0;
    for (std::size_t i = 0; i < cutoffs[cutoff]; ++i)
      for (std::size_t j = 0; j < i; ++j) {
        if (tags[i].empty() || tags[j].empty()) continue;
        sum += 1 - jaccard(tags[i], tags[j]);
        ++pairs;
      }
    ASSERT_GT(pairs, 0);
    EXPECT_NEAR(*found[cutoff], sum / pairs, 1e-12) << cutoffs[cutoff];
  }
}

}  // namespace
}  // namespace gemel
