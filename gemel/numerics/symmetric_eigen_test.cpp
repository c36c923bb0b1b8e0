#include "gemel/numerics/symmetric_eigen.h"

#include <gtest/gtest.h>

#include <cmath>

#include "gemel/base/progress.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

std::vector<double> identity(std::size_t n) {
  std::vector<double> matrix(n * n);
  for (std::size_t i = 0; i < n; ++i) matrix[i * n + i] = 1;
  return matrix;
}

TEST(Diagonalize, AgreesWithACaseWorkedByHand) {
  std::vector<double> a{2, 1, 1, 2}, vectors = identity(2);  // eigenvalues 1 along (1, -1), 3 along (1, 1)
  diagonalize(a, vectors, 2);
  const std::size_t small = a[0] < a[3] ? 0 : 1;
  EXPECT_NEAR(a[small * 3], 1, 1e-14);
  EXPECT_NEAR(a[3 - small * 3], 3, 1e-14);
  EXPECT_NEAR(vectors[small * 2], -vectors[small * 2 + 1], 1e-14);
}

TEST(Diagonalize, StopsWhenInterrupted) {
  std::vector<double> a{2, 1, 1, 2}, vectors = identity(2);
  request_interrupt();
  diagonalize(a, vectors, 2);
  clear_interrupt();
  EXPECT_EQ(a[1], 1);
}

TEST(Diagonalize, PutsTheMatrixTogetherAgain) {
  for (const std::size_t n : {0, 1, 2, 5, 33, 64}) {
    Rng rng(n);
    std::vector<double> a(n * n);
    for (std::size_t r = 0; r < n; ++r) {
      for (std::size_t c = 0; c <= r; ++c) a[r * n + c] = a[c * n + r] = rng.normal();
    }
    std::vector<double> values = a, vectors = identity(n);
    diagonalize(values, vectors, n);
    for (std::size_t r = 0; r < n; ++r) {
      for (std::size_t c = 0; c < n; ++c) {
        double sum = 0, unit = 0;
        for (std::size_t k = 0; k < n; ++k) {
          sum += vectors[k * n + r] * values[k * n + k] * vectors[k * n + c];
          unit += vectors[r * n + k] * vectors[c * n + k];
        }
        ASSERT_NEAR(sum, a[r * n + c], 1e-8);
        ASSERT_NEAR(unit, r == c, 1e-11);
      }
    }
  }
}

}  // namespace
}  // namespace gemel
