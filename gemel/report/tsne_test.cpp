#include "gemel/report/tsne.h"

#include <gtest/gtest.h>

#include <cmath>

#include "gemel/numerics/rng.h"

namespace gemel::report {
namespace {

// `groups` clouds of `size` rows in 10 dimensions, far apart beside their width; row r belongs to group r % groups.
Matrix clouds(std::size_t groups, std::size_t size) {
  Rng rng(7);
  Matrix centres(groups, 10), rows(groups * size, 10);
  for (std::size_t g = 0; g < groups; ++g)
    for (float& value : centres.row(g)) value = static_cast<float>(10 * rng.normal());
  for (std::size_t r = 0; r < rows.rows(); ++r)
    for (std::size_t c = 0; c < 10; ++c) rows(r, c) = centres(r % groups, c) + static_cast<float>(0.5 * rng.normal());
  return rows;
}

double distance(const Point& a, const Point& b) { return std::hypot(a[0] - b[0], a[1] - b[1]); }

TEST(PrincipalAxes, OfPointsOnALineAreTheLineAndNothing) {
  Matrix rows(5, 2);
  for (std::size_t r = 0; r < 5; ++r) {
    rows(r, 0) = static_cast<float>(r);
    rows(r, 1) = static_cast<float>(2 * r + 7);
  }
  const auto points = along_principal_axes(rows);
  for (std::size_t r = 0; r < 5; ++r) {
    EXPECT_NEAR(points[r][0], (static_cast<double>(r) - 2) * std::sqrt(5), 1e-5);
    EXPECT_NEAR(points[r][1], 0, 1e-5);
  }
}

TEST(PrincipalAxes, KeepAPlaneAsItIs) {
  const Matrix cloud = clouds(1, 60);
  Matrix plane(60, 10);  // two of the ten dimensions
  for (std::size_t r = 0; r < 60; ++r) {
    plane(r, 3) = 3 * cloud(r, 0);
    plane(r, 8) = cloud(r, 1);
  }
  const auto points = along_principal_axes(plane);
  for (std::size_t r = 1; r < 60; ++r)
    EXPECT_NEAR(distance(points[0], points[r]), std::hypot(plane(0, 3) - plane(r, 3), plane(0, 8) - plane(r, 8)), 1e-3);
}

TEST(Tsne, KeepsGroupsTogetherAndApartFromOthers) {
  ThreadPool pool(2);
  constexpr std::size_t kGroups = 5, kSize = 30;
  const Matrix rows = clouds(kGroups, kSize);
  const auto points = tsne(rows, {.perplexity = 15}, pool);
  for (std::size_t i = 0; i < points.size(); ++i) {
    std::size_t nearest = i == 0 ? 1 : 0;
    for (std::size_t j = 0; j < points.size(); ++j)
      if (j != i && distance(points[i], points[j]) < distance(points[i], points[nearest])) nearest = j;
    EXPECT_EQ(nearest % kGroups, i % kGroups) << "row " << i;
  }
}

TEST(Tsne, DoesNotDependOnTheNumberOfThreads) {
  ThreadPool one(1), three(3);
  const Matrix rows = clouds(3, 40);
  EXPECT_EQ(tsne(rows, {}, one), tsne(rows, {}, three));
}

TEST(Tsne, DrawsFewAndEqualRowsToo) {
  ThreadPool pool(1);
  for (const std::size_t n : {0, 1, 2, 4, 9}) {
    const Matrix same(n, 3, 1);
    const auto points = tsne(same, {}, pool);
    ASSERT_EQ(points.size(), n);
    for (const Point& point : points) EXPECT_TRUE(std::isfinite(point[0]) && std::isfinite(point[1]));
  }
}

}  // namespace
}  // namespace gemel::report
