#include "gemel/synth/world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "gemel/base/file.h"
#include "gemel/data/testing.h"

namespace gemel::synth {
namespace {

World world_of(double scale, std::uint64_t seed = 1) {
  ThreadPool pool(1);
  return World::make({.scale = scale, .seed = seed}, pool).value();
}

TEST(World, CustomersGrowWithTheScaleAndProductsWithItsRoot) {
  EXPECT_EQ(world_of(.01).num_customers(), 2500u);
  EXPECT_EQ(world_of(.01).num_products(), 670u);
  EXPECT_EQ(world_of(.04).num_customers(), 10'000u);
  EXPECT_EQ(world_of(.04).num_products(), 1340u);
}

TEST(World, AScaleOutOfRangeIsRefused) {
  ThreadPool pool(1);
  for (const double scale : {0.0, -1.0, 101.0, std::nan("")}) {
    const auto world = World::make({.scale = scale}, pool);
    ASSERT_FALSE(world) << scale;
    EXPECT_EQ(world.error().code, ErrorCode::kBadConfig);
  }
}

TEST(World, ProductsAreDescribedAsTheirTypeAsks) {
  const World world = world_of(.04);
  std::set<std::string> brands;
  std::size_t launched = 0;
  for (const Product& product : world.catalogue().products) {
    const ProductType& type = product_types()[product.type];
    EXPECT_EQ(product.skin_type.empty(), !(type.described & kBySkinType)) << product.name;
    EXPECT_EQ(product.ingredients.empty(), !(type.described & kByIngredients)) << product.name;
    EXPECT_EQ(product.volume_ml > 0, type.max_ml > 0) << product.name;
    EXPECT_EQ(product.duration_days > 0, type.ml_per_day > 0) << product.name;
    EXPECT_GE(product.price_eur, .95);
    EXPECT_NEAR(dot(product.taste, product.taste), 1, 1e-12);
    EXPECT_EQ(product.name.find_first_of(",\"\n|"), std::string::npos) << product.name;  // needs no quotes in a CSV file
    brands.insert(world.catalogue().brands[product.brand].name);
    launched += product.launch_day >= 0;
  }
  EXPECT_GT(brands.size(), 30u);
  EXPECT_NEAR(static_cast<double>(launched) / 1340, kLaunchedShare, .04);  // three standard errors
}

TEST(World, ADrawnProductHasItsShareOfTheDayAndIsForSale) {
  const World world = world_of(.001);
  const std::size_t day = 200, draws = 200'000;
  const auto demand = world.demand().of_day(day);
  double total = 0;
  for (const float weight : demand) total += weight;
  std::vector<double> drawn(world.num_products());
  Rng rng(5);
  for (std::size_t i = 0; i < draws; ++i) ++drawn[world.demand().draw(day, rng)];
  double chi_square = 0;
  std::size_t for_sale = 0;
  for (std::size_t product = 0; product < drawn.size(); ++product) {
    const double expected = demand[product] / total * draws;
    if (expected == 0) {
      EXPECT_EQ(drawn[product], 0) << product;
      continue;
    }
    chi_square += (drawn[product] - expected) * (drawn[product] - expected) / expected;
    ++for_sale;
  }
  EXPECT_LT(for_sale, world.num_products());  // some are not launched yet
  const auto degrees = static_cast<double>(for_sale - 1);
  EXPECT_LT(chi_square, degrees + 4 * std::sqrt(2 * degrees));
}

TEST(World, IsMadeAgainFromItsFile) {
  const testing::TemporaryFolder folder;
  const World world = world_of(.001, 7);
  ASSERT_TRUE(world.save(folder.path()));
  ThreadPool pool(2);
  const auto again = World::open(folder.path(), pool);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->options().seed, 7u);
  EXPECT_EQ(again->catalogue().products[5].name, world.catalogue().products[5].name);
  EXPECT_TRUE(std::ranges::equal(again->demand().of_day(100), world.demand().of_day(100)));
}

TEST(World, AnotherWorldThanTheWrittenOneIsRefused) {
  const testing::TemporaryFolder folder;
  ASSERT_TRUE(world_of(.001, 7).save(folder.path()));
  const auto path = folder.path() / kWorldFile;
  const std::string text = *read_file(path);
  const auto error_of = [&](std::string_view what, std::string_view by) {
    std::string changed = text;
    const auto at = changed.find(what);
    EXPECT_NE(at, std::string::npos);
    EXPECT_TRUE(write_file(path, changed.replace(at, what.size(), by)));
    ThreadPool pool(1);
    const auto world = World::open(folder.path(), pool);
    EXPECT_FALSE(world);
    return world ? Error{} : world.error();
  };
  EXPECT_NE(error_of("\"seed\": 7", "\"seed\": 8").message.find("is not the one that was written"), std::string::npos);
  EXPECT_NE(error_of("\"version\": 1", "\"version\": 2").message.find("version 2"), std::string::npos);
  EXPECT_EQ(error_of("gemel synthetic shop", "something else").code, ErrorCode::kCorrupt);
  EXPECT_EQ(error_of("{", "").code, ErrorCode::kCorrupt);
  EXPECT_EQ(error_of("\"scale\": 0.001", "\"scale\": 1e9").code, ErrorCode::kBadConfig);
}

}  // namespace
}  // namespace gemel::synth
