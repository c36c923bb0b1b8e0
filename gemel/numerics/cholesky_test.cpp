#include "gemel/numerics/cholesky.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

// transposed(b) b / n + I of random b [n, n].
Matrix positive_definite(std::size_t n) {
  Rng rng(n);
  Matrix b(n, n), a(n, n);
  for (std::size_t i = 0; i < b.size(); ++i) b.data()[i] = static_cast<float>(rng.normal());
  for (std::size_t r = 0; r < n; ++r) {
    for (std::size_t c = 0; c < n; ++c) {
      double sum = r == c;
      for (std::size_t k = 0; k < n; ++k) sum += double{b(k, r)} * b(k, c) / static_cast<double>(n);
      a(r, c) = static_cast<float>(sum);
    }
  }
  return a;
}

TEST(InvertPositiveDefinite, GivesWhatTimesTheMatrixIsOne) {
  ThreadPool pool(2);
  for (const std::size_t n : {1, 2, 3, 100, 255, 256, 257, 700}) {
    const Matrix a = positive_definite(n);
    Matrix inverse = a;
    for (std::size_t r = 0; r < n; ++r) {
      for (std::size_t c = r + 1; c < n; ++c) inverse(r, c) = std::nanf("");  // the upper triangle is not read
    }
    ASSERT_TRUE(invert_positive_definite(inverse, pool));
    for (std::size_t r = 0; r < n; r += 1 + n / 37) {
      for (std::size_t c = 0; c < n; ++c) {
        ASSERT_EQ(inverse(r, c), inverse(c, r));
        double product = 0;
        for (std::size_t k = 0; k < n; ++k) product += double{a(r, k)} * inverse(k, c);
        ASSERT_NEAR(product, r == c, 2e-5) << "n = " << n << " at " << r << ", " << c;
      }
    }
  }
}

TEST(InvertPositiveDefinite, GivesTheSameBitsForAnyNumberOfThreads) {
  const Matrix a = positive_definite(600);
  Matrix one = a, three = a;
  ThreadPool single(1), several(3);
  ASSERT_TRUE(invert_positive_definite(one, single));
  ASSERT_TRUE(invert_positive_definite(three, several));
  EXPECT_EQ(std::memcmp(one.data(), three.data(), one.size() * sizeof(float)), 0);
}

TEST(InvertPositiveDefinite, RefusesAMatrixThatIsNot) {
  ThreadPool pool(1);
  Matrix a = positive_definite(300);
  a(290, 290) = -1;
  const auto outcome = invert_positive_definite(a, pool);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::kDiverged);
}

TEST(InvertPositiveDefinite, StopsWhenInterrupted) {
  ThreadPool pool(1);
  Matrix a = positive_definite(10);
  request_interrupt();
  const auto outcome = invert_positive_definite(a, pool);
  clear_interrupt();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::kInterrupted);
}

}  // namespace
}  // namespace gemel
