#include "gemel/data/period_total.h"

#include <gtest/gtest.h>

#include <vector>

#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

constexpr std::size_t kProducts = 400;

// Events in the training and after it, which have nothing to do with each other.
struct Shop {
  std::vector<double> train, all, later;
  Shop() {
    Rng rng(5);
    for (std::size_t i = 0; i < kProducts; ++i) {
      train.push_back(1 + static_cast<double>(rng.below(100)));
      later.push_back(static_cast<double>(rng.below(100)));
      all.push_back(train.back() + later.back());
    }
  }
};

TEST(PeriodTotal, ATotalOfThePeriodIsOneWhateverItsName) {
  const Shop shop;
  EXPECT_EQ(judge_total("hearts", weigh_total(shop.all, shop.all, shop.train)), TotalVerdict::kTotal);
}

TEST(PeriodTotal, WhatGoesWithTheTrainingAloneIsNoneUnlessItIsNamedSo) {
  const Shop shop;
  const TotalEvidence evidence = weigh_total(shop.train, shop.all, shop.train);
  EXPECT_NEAR(evidence.with_train, 1, 1e-9);
  EXPECT_EQ(judge_total("shelf_space", evidence), TotalVerdict::kNone);
  for (const char* name : {"num_orders", "page_count"}) EXPECT_EQ(judge_total(name, evidence), TotalVerdict::kNamed) << name;
}

TEST(PeriodTotal, ANameAloneOrTooFewProductsProveNothing) {
  const Shop shop;
  Rng rng(6);
  std::vector<double> noise;
  for (std::size_t i = 0; i < kProducts; ++i) noise.push_back(rng.uniform());
  EXPECT_EQ(judge_total("rating", weigh_total(noise, shop.all, shop.train)), TotalVerdict::kNone);
  const auto first = [](const std::vector<double>& values) { return std::span(values).first(99); };
  EXPECT_EQ(judge_total("hearts", weigh_total(first(shop.all), first(shop.all), first(shop.train))), TotalVerdict::kNone);
}

TEST(PeriodTotal, NamesAreReadWordByWord) {
  for (const char* name : {"loves_count", "num_reviews", "unitsSold", "Total Sales", "views"}) EXPECT_TRUE(is_total_name(name)) << name;
  for (const char* name : {"country", "discount", "totality", "number_of_doors", "page_count"}) EXPECT_FALSE(is_total_name(name)) << name;
  for (const char* name : {"avg_rating", "stars", "salesRank"}) EXPECT_TRUE(is_rating_name(name)) << name;
}

}  // namespace
}  // namespace gemel
