// Types of features, and what must stay out of them, on hand-made columns.
#include "gemel/data/infer/features.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gemel/data/infer/feature_type.h"
#include "gemel/data/infer/testing.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {
using testing::column;
using ::testing::HasSubstr;
using testing::table;
using testing::values;

constexpr std::size_t kRows = 400;

FeatureGuess type_of(std::string name, std::vector<std::string> texts) {
  return guess_feature_type(profile(column(std::move(name), std::move(texts))));
}
template <class Value>
FeatureGuess type_of_rows(std::string name, Value&& value) {
  return type_of(std::move(name), values(kRows, value));
}

TEST(FeatureType, PricesAreNumbersInStepsAndFewWholeNumbersAreCategories) {
  const FeatureGuess price = type_of_rows("price", [](std::size_t row) { return concat(5 + row % 90, ".95"); });
  EXPECT_EQ(price.config.type, FeatureType::kNumber);
  EXPECT_EQ(price.config.transform, "log1p");
  EXPECT_EQ(price.config.buckets, 20);
  const FeatureGuess value = type_of_rows("value", [](std::size_t row) { return concat(5 + row % 90, ".95"); });  // a price called value
  EXPECT_EQ(value.config.transform, "log1p");
  EXPECT_EQ(type_of_rows("limited", [](std::size_t row) { return concat(row % 3 == 0); }).config.type, FeatureType::kCategory);
  EXPECT_EQ(type_of_rows("temperature", [](std::size_t row) { return concat(static_cast<double>(row % 70) - 20.5); }).config.transform,
            "none");
}

TEST(FeatureType, AUnitThatMostRowsHaveMakesANumberOfThem) {
  const FeatureGuess size = type_of_rows("size", [](std::size_t row) {
    return row % 10 == 0 ? concat(row % 7 + 1, " Masks") : concat(row % 7 + 1, " oz / ", 30 * (row % 7 + 1), " mL");
  });
  EXPECT_EQ(size.config.type, FeatureType::kNumber);
  EXPECT_EQ(size.config.unit, "ml");
  EXPECT_EQ(size.config.transform, "log1p");
  const FeatureGuess packs = type_of_rows("pack", [](std::size_t row) { return concat(row % 9, row % 2 ? " LB" : " CT"); });
  EXPECT_EQ(packs.config.type, FeatureType::kCategory);
  const FeatureGuess dollars = type_of_rows("price", [](std::size_t row) { return concat("$", row % 90, ".95"); });
  EXPECT_EQ(dollars.config.unit, "$");
  EXPECT_FALSE(dollars.is_left_out);
  const FeatureGuess euros = type_of_rows("preis", [](std::size_t row) { return concat(row % 90 + 1, ",95 \xE2\x82\xAC"); });
  EXPECT_EQ(euros.config.unit, "\xE2\x82\xAC");
  EXPECT_THAT(euros.reason, HasSubstr("1.95 to 90.95"));
}

TEST(FeatureType, SeveralValuesInAFieldAreTags) {
  const auto separator = [](std::string name, auto value) {
    const FeatureGuess guess = type_of_rows(std::move(name), value);
    return guess.config.type == FeatureType::kTags ? guess.config.separator : "none";
  };
  const char* words[] = {"red", "green", "blue", "grey"};
  EXPECT_EQ(separator("colours", [&](std::size_t row) { return concat(words[row % 4], "|", words[row / 4 % 4]); }), "|");
  EXPECT_EQ(separator("colours", [&](std::size_t row) { return concat(words[row % 4], ", ", words[row / 4 % 4]); }), ",");
  EXPECT_EQ(separator("colours", [&](std::size_t row) { return concat("['", words[row % 4], "', '", words[row / 4 % 4], "']"); }), "list");
  EXPECT_EQ(
      separator("ingredients", [&](std::size_t row) { return concat("['", words[row % 4], " (Aqua, Eau), ", words[row / 4 % 4], "']"); }),
      "list,");
  EXPECT_EQ(separator("categories", [&](std::size_t row) { return concat("Women > ", words[row % 4]); }), ">");
  EXPECT_EQ(separator("category_code", [&](std::size_t row) { return concat("shop.", words[row % 4], ".", words[row / 4 % 4]); }), ".");
  EXPECT_EQ(separator("brand", [&](std::size_t row) { return concat("Smith, Jones and ", row % 4); }), "none");
  EXPECT_EQ(separator("type", [&](std::size_t row) { return concat("ICE - CRUSHED/", words[row % 4]); }), "none");
}

TEST(FeatureType, WhatTeachesNothingIsLeftOut) {
  const auto reason = [](const FeatureGuess& guess) { return guess.is_left_out ? guess.reason : "kept"; };
  EXPECT_THAT(reason(type_of_rows("country", [](std::size_t) { return std::string("DE"); })), HasSubstr("one value: 'DE'"));
  EXPECT_THAT(reason(type_of_rows("note", [](std::size_t row) { return std::string(row < 2 ? "x" : ""); })), HasSubstr("missing in 100 %"));
  EXPECT_THAT(reason(type_of_rows("serial", [](std::size_t row) { return concat("SN-", row); })), HasSubstr("nearly unique"));
  EXPECT_THAT(reason(type_of_rows("supplier_id", [](std::size_t row) { return concat(row * 37 % 1009); })), HasSubstr("a key"));
  EXPECT_THAT(reason(type_of_rows("index", [](std::size_t row) { return concat(row); })), HasSubstr("a row number"));
  EXPECT_THAT(reason(type_of_rows("image_url", [](std::size_t row) { return concat("https://shop/", row, ".jpg"); })),
              HasSubstr("addresses"));
  EXPECT_THAT(
      reason(type_of_rows("text", [](std::size_t row) { return concat("A long text about the product of row ", row, " in words"); })),
      HasSubstr("free text"));
  EXPECT_THAT(reason(type_of_rows("attribute_ids", [](std::size_t row) { return concat(row % 20, " ", row % 7); })),
              HasSubstr("keys of another system"));
  EXPECT_EQ(reason(type_of_rows("manufacturer_id", [](std::size_t row) { return concat(row % 40); })), "kept");
}

TEST(FeatureType, TimesKeepTheirFormat) {
  const FeatureGuess released =
      type_of_rows("release_date", [](std::size_t row) { return concat(10 + row % 19, "-Jan-", 1980 + row % 19); });
  EXPECT_EQ(released.config.type, FeatureType::kTime);
  EXPECT_EQ(released.config.time_format, "dmy");
  EXPECT_EQ(type_of_rows("created", [](std::size_t row) { return concat(1'577'836'800 + 86'400 * row); }).config.type, FeatureType::kTime);
  EXPECT_EQ(type_of_rows("weight_mg", [](std::size_t row) { return concat(1'577'836'800 + row * 7919 % 1000); }).config.type,
            FeatureType::kNumber);
}

// A catalogue whose products have (kRows - row) events each.
struct Shop {
  TableSample catalogue;
  EventCounts counts;
  explicit Shop(std::vector<ColumnSample> columns) {
    columns.insert(columns.begin(), column("sku", values(kRows, [](std::size_t row) { return concat("P", row); })));
    catalogue = table(std::move(columns));
    for (std::size_t row = 0; row < kRows; ++row) {
      counts.item_ids.intern(concat("P", row));
      counts.item_counts.push_back(static_cast<std::uint32_t>(kRows - row));
      counts.train_counts.push_back(1 + static_cast<double>(row * 37 % kRows));  // has nothing to do with what comes later
      counts.kept_counts.push_back(counts.train_counts.back() + static_cast<double>(kRows - row));
    }
  }
  EntitiesGuess guess(TableRole role = TableRole::kItems) const {
    EntitiesGuess guess;
    guess.id.value = "sku";
    guess_features(role, catalogue, profile(catalogue), nullptr, role == TableRole::kItems ? &counts : nullptr, guess);
    return guess;
  }
};

TEST(Features, NumbersThatFollowTheCountsOfEventsAreTotals) {
  Rng rng(3);
  const Shop shop({column("hearts", values(kRows, [](std::size_t row) { return concat(10 * (kRows - row) + row * 7 % 200); })),
                   column("depth", values(kRows, [&](std::size_t) { return concat(rng.next() % 1000); }))});
  const EntitiesGuess guess = shop.guess();
  EXPECT_TRUE(guess.features[0].is_left_out);
  EXPECT_THAT(guess.features[0].reason, HasSubstr("looks like a total over the whole period: rank correlation "));
  EXPECT_FALSE(guess.features[1].is_left_out);
}

TEST(Features, TotalsAndStatesOfTheExportAreKnownByName) {
  const auto some = [](const char* name) {
    return column(name, values(kRows, [&](std::size_t row) { return concat(row * 7919 % (40 + std::string_view(name).size())); }));
  };
  const Shop shop({some("num_reviews"), some("out_of_stock"), some("width")});
  const EntitiesGuess items = shop.guess();
  EXPECT_THAT(items.features[0].reason, HasSubstr("a total over the whole period"));
  EXPECT_THAT(items.features[1].reason, HasSubstr("the state on the day of the export"));
  EXPECT_FALSE(items.features[2].is_left_out);
  EXPECT_FALSE(shop.guess(TableRole::kUsers).features[1].is_left_out);  // a customer's marital_status is no stock
}

TEST(Features, OfAKeyAndItsNameOnlyTheNameStays) {
  const Shop shop({column("brand_id", values(kRows, [](std::size_t row) { return concat(6000 + row % 20); })),
                   column("brand", values(kRows, [](std::size_t row) { return concat("Brand ", row % 20); })),
                   column("maker", values(kRows, [](std::size_t row) { return concat(row % 50 == 0 ? "Other " : "Brand ", row % 20); })),
                   column("is_vegan", values(kRows, [](std::size_t row) { return concat(row % 9 == 0); })),
                   column("is_mini", values(kRows, [](std::size_t row) { return concat(row % 11 == 0); })),
                   column("department", values(kRows, [](std::size_t row) { return concat("Dept ", row % 20 / 5); }))});
  const EntitiesGuess guess = shop.guess();
  EXPECT_EQ(guess.features[0].reason, "says the same as brand");
  EXPECT_FALSE(guess.features[1].is_left_out);
  EXPECT_EQ(guess.features[2].reason, "mostly a copy of brand");
  EXPECT_FALSE(guess.features[3].is_left_out);
  EXPECT_FALSE(guess.features[4].is_left_out);  // flags that are mostly 0 agree by chance
  EXPECT_FALSE(guess.features[5].is_left_out);  // a level above the brand
}

TEST(Features, TheNameIsCalledSoElseTheFinestCategoryStandsForIt) {
  const auto title = column("Product Name", values(kRows, [](std::size_t row) { return concat("Tea ", row); }));
  const auto kind = column("kind", values(kRows, [](std::size_t row) { return concat("kind ", row % 30); }));
  const auto shelf = column("shelf", values(kRows, [](std::size_t row) { return concat("shelf ", row % 5); }));
  EXPECT_EQ(Shop({shelf, kind, title}).guess().name.value, "Product Name");
  EXPECT_EQ(Shop({shelf, kind}).guess().name.value, "kind");
}

TEST(Features, AreNamedByPlainKeysThatTheDatasetDoesNotUseItself) {
  const auto words = [](const char* name) {
    return column(name, values(kRows, [](std::size_t row) { return concat("w", row % 30 * 7 % 31, row % 3); }));
  };
  const Shop shop(
      {words("Main Colour"), words("id"), column("size", values(kRows, [](std::size_t row) { return concat(row % 30 + 1, " ml"); }))});
  const EntitiesGuess guess = shop.guess();
  EXPECT_EQ(guess.features[0].config.name, "main_colour");
  EXPECT_EQ(guess.features[0].config.column, "Main Colour");
  EXPECT_EQ(guess.features[1].config.name, "feature_id");
  EXPECT_EQ(guess.features[2].config.name, "size_ml");
}

}  // namespace
}  // namespace gemel
