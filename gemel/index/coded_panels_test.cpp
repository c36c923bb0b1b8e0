#include "gemel/index/coded_panels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "gemel/index/vector_index.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

Matrix normal_matrix(std::size_t rows, std::size_t cols, std::uint64_t seed, double scale) {
  Rng rng(seed);
  Matrix matrix(rows, cols);
  for (std::size_t i = 0; i < matrix.size(); ++i) matrix.data()[i] = static_cast<float>(scale * rng.normal());
  return matrix;
}

// Each of the machine's sets scans the codes; no float score may be above its upper bound, nor the k-th largest maximum of lower bounds
// above the k-th best.
void expect_that_bounds_hold(const Matrix& candidates, const Matrix& queries, float largest_bias) {
  const CodedPanels panels(candidates);
  if (panels.is_empty()) GTEST_SKIP() << "no products of bytes on this machine";
  CodedPanels::Queries coded;
  ASSERT_TRUE(panels.code(queries, largest_bias, coded));
  const std::size_t num_panels = (candidates.rows() + kPanelWidth - 1) / kPanelWidth;
  std::vector<float> bias(num_panels * kPanelWidth), bounds(queries.rows() * bias.size()), maxima(queries.rows() * bias.size());
  std::vector<std::uint32_t> num_hits(queries.rows());
  for (std::size_t c = 0; c < bias.size(); ++c)
    bias[c] = c >= candidates.rows() ? kNever : c % 3 == 0 ? largest_bias : -0.5f * largest_bias;
  for (const Kernels* set : supported_kernels()) {
    maxima.assign(maxima.size(), kNever);
    CodeScan scan = panels.scan_of(0, num_panels, coded, 0, queries.rows());
    scan.bias = bias.data(), scan.hit_bounds = bounds.data(), scan.num_hits = num_hits.data();
    scan.maxima = maxima.data(), scan.num_maxima = bias.size();
    set->scan_codes(scan);
    for (std::size_t q = 0; q < queries.rows(); ++q) {
      std::vector<float> scores(candidates.rows());
      for (std::uint32_t c = 0; c < candidates.rows(); ++c) {
        set->score_rows(candidates.data(), &c, 1, queries.row(q).data(), queries.cols(), &scores[c]);
        scores[c] += bias[c];
        ASSERT_GE(bounds[q * bias.size() + c], scores[c]) << set->name << ", query " << q << ", candidate " << c;
      }
      const auto first = maxima.begin() + static_cast<std::ptrdiff_t>(q * bias.size());
      std::sort(first, first + static_cast<std::ptrdiff_t>(bias.size()), std::greater<>());
      std::ranges::sort(scores, std::greater<>());
      for (std::size_t c = 0; c < candidates.rows(); ++c)
        ASSERT_LE(first[static_cast<std::ptrdiff_t>(c)], scores[c]) << set->name << ", query " << q << ", place " << c;
    }
  }
}

TEST(CodedPanels, TheFloatScoreLiesBetweenTheBoundsAtOddSizes) {
  for (const std::size_t dim : {1, 2, 3, 5, 15, 16, 17, 33, 64, 130})
    for (const std::size_t num_candidates : {1, 15, 16, 17, 100}) {
      SCOPED_TRACE(testing::Message() << num_candidates << " x " << dim);
      expect_that_bounds_hold(normal_matrix(num_candidates, dim, 1, 1), normal_matrix(7, dim, 2, 1), 0);
      expect_that_bounds_hold(normal_matrix(num_candidates, dim, 3, 1), normal_matrix(2, dim, 4, 1), 1000);
    }
}

TEST(CodedPanels, TheBoundsHoldForNumbersOfAnySize) {
  for (const double scale : {1e-44, 1e-30, 1e-3, 1e10}) {
    SCOPED_TRACE(scale);
    expect_that_bounds_hold(normal_matrix(50, 20, 5, scale), normal_matrix(4, 20, 6, 1), 0);
    expect_that_bounds_hold(normal_matrix(50, 20, 7, 1), normal_matrix(4, 20, 8, scale), 0);
  }
  Matrix uneven = normal_matrix(64, 20, 9, 1);
  for (std::size_t c = 0; c < uneven.rows(); ++c)
    kernels().scale(std::ldexp(1.0f, static_cast<int>(c % 40) - 20), uneven.row(c).data(), 20);
  expect_that_bounds_hold(uneven, normal_matrix(4, 20, 10, 1), 0);
  expect_that_bounds_hold(Matrix(20, 20), Matrix(2, 20), 0);
}

TEST(CodedPanels, TheBoundsAreNarrowEnoughToBeOfUse) {
  const Matrix candidates = normal_matrix(1000, 64, 1, 1), queries = normal_matrix(5, 64, 2, 1);
  CodedPanels::Queries coded;
  const CodedPanels panels(candidates);
  if (panels.is_empty()) GTEST_SKIP() << "no products of bytes on this machine";
  ASSERT_TRUE(panels.code(queries, 0, coded));
  const CodeScan scan = panels.scan_of(0, 62, coded, 0, 5);
  for (std::size_t panel = 0; panel < scan.num_panels; ++panel)
    for (const CodedQuery& query : coded.coded)
      EXPECT_LT(query.per_error * scan.errors[panel] + query.per_norm * scan.norms[panel] + query.slack,
                0.35 * 8);  // the scores' deviation
}

TEST(CodedPanels, WhatIsNotFiniteHasNoCodes) {
  Matrix candidates = normal_matrix(20, 4, 1, 1), queries = normal_matrix(2, 4, 2, 1);
  CodedPanels::Queries coded;
  EXPECT_FALSE(CodedPanels(candidates).code(queries, INFINITY, coded));
  queries(1, 2) = std::nanf("");
  EXPECT_FALSE(CodedPanels(candidates).code(queries, 0, coded));
  candidates(3, 1) = INFINITY;
  EXPECT_TRUE(CodedPanels(candidates).is_empty());
}

}  // namespace
}  // namespace gemel
