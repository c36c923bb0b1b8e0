#include "gemel/index/k_means.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

Matrix clusters(std::size_t rows, std::size_t dim, std::size_t num_clusters, double spread, std::uint64_t seed) {
  Rng places(7), rng(seed);
  Matrix centers(num_clusters, dim), matrix(rows, dim);
  for (std::size_t i = 0; i < centers.size(); ++i) centers.data()[i] = static_cast<float>(places.normal());
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t d = 0; d < dim; ++d) matrix(r, d) = centers(r % num_clusters, d) + static_cast<float>(spread * rng.normal());
  return matrix;
}

double squared_distance(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t d = 0; d < a.size(); ++d) sum += (double{a[d]} - b[d]) * (double{a[d]} - b[d]);
  return sum;
}

TEST(KMeans, TheNearestCentroidIsThatOfASlowTwin) {
  ThreadPool pool(2);
  const Matrix rows = clusters(500, 5, 9, 1, 1), centroids = clusters(37, 5, 37, 1, 2);
  const auto nearest = nearest_centroids(rows, centroids, pool);
  for (std::size_t r = 0; r < rows.rows(); ++r) {
    double best = 1e30;
    for (std::size_t c = 0; c < centroids.rows(); ++c) best = std::min(best, squared_distance(rows.row(r), centroids.row(c)));
    EXPECT_NEAR(squared_distance(rows.row(r), centroids.row(nearest[r])), best, 1e-5);
  }
}

TEST(KMeans, OneGroupHasItsMean) {
  ThreadPool pool(1);
  const Matrix rows = clusters(101, 3, 4, 1, 3);
  const Matrix mean = k_means(rows, {.num_centroids = 1, .iterations = 2}, pool);
  for (std::size_t d = 0; d < 3; ++d) {
    double sum = 0;
    for (std::size_t r = 0; r < rows.rows(); ++r) sum += rows(r, d);
    EXPECT_NEAR(mean(0, d), sum / 101, 1e-5);
  }
}

TEST(KMeans, NoStepMakesTheDistancesLarger) {
  ThreadPool pool(2);
  const Matrix rows = clusters(2000, 8, 20, 0.3, 4);
  double last = 1e30;
  for (const std::size_t iterations : {0, 1, 2, 5, 10}) {
    const Matrix centroids = k_means(rows, {.num_centroids = 20, .iterations = iterations}, pool);
    const auto nearest = nearest_centroids(rows, centroids, pool);
    double sum = 0;
    for (std::size_t r = 0; r < rows.rows(); ++r) sum += squared_distance(rows.row(r), centroids.row(nearest[r]));
    EXPECT_LE(sum, last * (1 + 1e-6));
    last = sum;
  }
}

TEST(KMeans, EqualRowsLeaveNoCentroidWithoutNumbers) {
  ThreadPool pool(1);
  const Matrix centroids = k_means(Matrix(50, 4, 2.0f), {.num_centroids = 5}, pool);
  for (std::size_t i = 0; i < centroids.size(); ++i) EXPECT_NEAR(centroids.data()[i], 2, 0.1);
}

TEST(KMeans, TheNumberOfThreadsChangesNoBit) {
  const Matrix rows = clusters(3000, 16, 30, 0.5, 5);
  ThreadPool one(1), three(3);
  const Matrix a = k_means(rows, {.num_centroids = 40}, one), b = k_means(rows, {.num_centroids = 40}, three);
  EXPECT_TRUE(std::equal(a.data(), a.data() + a.size(), b.data()));
}

TEST(KMeans, RowsAreGroupedInOrder) {
  const std::vector<std::uint32_t> group_of_row = {2, 0, 2, 0, 0};
  const Grouping grouping = group_rows(group_of_row, 4);
  EXPECT_EQ(grouping.starts, (std::vector<std::size_t>{0, 3, 3, 5, 5}));
  EXPECT_EQ(grouping.rows, (std::vector<std::uint32_t>{1, 3, 4, 0, 2}));
}

}  // namespace
}  // namespace gemel
