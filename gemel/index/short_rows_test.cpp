#include "gemel/index/short_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

Matrix random_rows(std::size_t count, std::size_t dim, std::uint64_t seed) {
  Rng rng(seed);
  Matrix rows(count, dim);
  for (std::size_t row = 0; row < count; ++row)
    for (float& value : rows.row(row)) value = static_cast<float>(std::exp2(double(row % 40) - 20) * rng.normal());
  return rows;
}

class ShortRowsTest : public ::testing::TestWithParam<std::size_t> {};  // the width

TEST_P(ShortRowsTest, AScoreIsOffByNoMoreThanPromised) {
  const std::size_t dim = GetParam();
  const Matrix rows = random_rows(1500, dim, 1), query = random_rows(1, dim, 2);
  ThreadPool pool(2), one(1);
  const ShortRows shorts(rows, pool);
  EXPECT_EQ(shorts.size_bytes(), rows.size() * 2 + rows.rows() * 4);
  EXPECT_TRUE(std::ranges::equal(shorts.values(), ShortRows(rows, one).values()));
  std::vector<std::uint32_t> which;
  for (std::uint32_t row = 0; row < 1500; row += 7) which.push_back(1499 - row);
  std::vector<float> scores(which.size());
  shorts.score(which, query.row(0), scores.data());
  const auto largest = [&](std::span<const float> values) {
    double most = 0;
    for (const float value : values) most = std::max(most, std::abs(double{value}));
    return most;
  };
  for (std::size_t i = 0; i < which.size(); ++i) {
    double exact = 0;
    for (std::size_t d = 0; d < dim; ++d) exact += double{rows.row(which[i])[d]} * query.row(0)[d];
    const double bound = static_cast<double>(dim) * largest(rows.row(which[i])) * largest(query.row(0));
    EXPECT_NEAR(scores[i], exact, bound * (1 / 65'534.0 + 1e-6));
  }
}

INSTANTIATE_TEST_SUITE_P(Widths, ShortRowsTest, ::testing::Values(1, 3, 16, 33, 64));

TEST(ShortRows, WhatIsNothingOrNoNumberStaysSo) {
  Matrix rows(5, 2, 1);
  rows(0, 0) = rows(0, 1) = 0;
  rows(1, 1) = std::numeric_limits<float>::quiet_NaN();
  rows(2, 0) = std::numeric_limits<float>::infinity();
  rows(3, 0) = std::numeric_limits<float>::max(), rows(3, 1) = -std::numeric_limits<float>::max();
  ThreadPool pool(1);
  const std::vector<std::uint32_t> which{0, 1, 2, 3, 4};
  const std::vector<float> query{1, 1};
  std::vector<float> scores(5);
  ShortRows(rows, pool).score(which, query, scores.data());
  EXPECT_EQ(scores[0], 0);
  EXPECT_TRUE(std::isnan(scores[1]) && std::isnan(scores[2]));
  EXPECT_EQ(scores[3], 0);
  EXPECT_NEAR(scores[4], 2, 1e-4);
}

}  // namespace
}  // namespace gemel
