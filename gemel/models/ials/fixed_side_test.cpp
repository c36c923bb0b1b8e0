#include "gemel/models/ials/fixed_side.h"

#include <gtest/gtest.h>

#include <cmath>

#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

InteractionRows random_pairs(std::size_t num_rows, std::size_t num_columns, Rng& rng) {
  InteractionRows pairs;
  for (std::size_t r = 0; r < num_rows; ++r) {
    const double chance = r == 0 ? 0 : rng.uniform();  // row 0 has none, others from few to nearly all
    for (std::uint32_t column = 0; column < num_columns; ++column) {
      if (rng.uniform() > chance) continue;
      pairs.columns.push_back(column);
      pairs.values.push_back(static_cast<float>(0.2 + rng.uniform()));
    }
    pairs.offsets.push_back(pairs.columns.size());
  }
  return pairs;
}

Matrix random_factors(std::size_t rows, std::size_t dim, Rng& rng) {
  Matrix factors(rows, FixedSide::width_of(dim));
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t d = 0; d < dim; ++d) factors(r, d) = static_cast<float>(rng.normal() / std::sqrt(static_cast<double>(dim)));
  }
  return factors;
}

// x of a row by the formula of the header, in double, by elimination.
std::vector<double> slow_solution(const Matrix& factors, const InteractionRows& pairs, std::size_t row, const RowLoss& loss) {
  const std::size_t width = factors.cols();
  std::vector<std::vector<double>> a(width, std::vector<double>(width + 1));
  double sum = 0;
  for (const float weight : pairs.values_of(row)) sum += weight;
  const double r = loss.regularization * std::pow(sum + loss.unobserved_weight * static_cast<double>(factors.rows()), loss.exponent);
  for (std::size_t i = 0; i < width; ++i) {
    a[i][i] = r;
    for (std::size_t j = 0; j < width; ++j) {
      for (std::size_t y = 0; y < factors.rows(); ++y) a[i][j] += loss.unobserved_weight * factors(y, i) * factors(y, j);
      for (std::size_t n = 0; n < pairs.row(row).size(); ++n) {
        a[i][j] += double{pairs.values_of(row)[n]} * factors(pairs.row(row)[n], i) * factors(pairs.row(row)[n], j);
      }
    }
    for (std::size_t n = 0; n < pairs.row(row).size(); ++n) a[i][width] += double{pairs.values_of(row)[n]} * factors(pairs.row(row)[n], i);
  }
  for (std::size_t pivot = 0; pivot < width; ++pivot) {
    for (std::size_t i = 0; i < width; ++i) {
      if (i == pivot) continue;
      const double factor = a[i][pivot] / a[pivot][pivot];
      for (std::size_t j = pivot; j <= width; ++j) a[i][j] -= factor * a[pivot][j];
    }
  }
  std::vector<double> x(width);
  for (std::size_t i = 0; i < width; ++i) x[i] = a[i][width] / a[i][i];
  return x;
}

TEST(FixedSide, AgreesWithACaseWorkedByHand) {
  // One factor: y = (1, 2); a row that has the first with weight 1. 0.5 (1 + 4) + 1 + 0.1 (1 + 0.5 * 2) = 3.7, b = 1.
  Matrix factors(2, 16);
  factors(0, 0) = 1;
  factors(1, 0) = 2;
  InteractionRows pairs;
  pairs.columns = {0};
  pairs.values = {1};
  pairs.offsets = {0, 1};
  ThreadPool pool(1);
  std::vector<double> turn;
  const FixedSide side(factors, {.unobserved_weight = 0.5, .regularization = 0.1, .exponent = 1}, turn, pool);
  Matrix x(1, 16);
  side.solve(pairs, x, pool);
  EXPECT_NEAR(std::abs(x(0, 0)), 1 / 3.7, 1e-6);
  EXPECT_NEAR(x(0, 0) * side.factors()(1, 0), 2 / 3.7, 1e-6);
}

// All dot products of the solutions with the factors: what no turn of the basis changes.
void expect_solutions(const Matrix& x, const FixedSide& side, const Matrix& factors, const InteractionRows& pairs, const RowLoss& loss,
                      double tolerance) {
  for (std::size_t row = 0; row < pairs.size(); ++row) {
    const std::vector<double> expected = slow_solution(factors, pairs, row, loss);
    for (std::size_t y = 0; y < factors.rows(); ++y) {
      double product = 0, expected_product = 0;
      for (std::size_t d = 0; d < factors.cols(); ++d) {
        product += double{x(row, d)} * side.factors()(y, d);
        expected_product += expected[d] * factors(y, d);
      }
      ASSERT_NEAR(product, expected_product, tolerance) << "row " << row << " of " << pairs.row(row).size() << " pairs";
    }
  }
}

TEST(FixedSide, SolvesRowsOfFewAndOfManyPairsLikeItsSlowTwin) {
  for (const std::size_t dim : {3, 16, 40}) {
    for (const double exponent : {0., 0.5, 1.}) {
      Rng rng(dim);
      const RowLoss loss{.unobserved_weight = 0.05, .regularization = 0.01, .exponent = exponent};
      const Matrix factors = random_factors(90, dim, rng);
      const InteractionRows pairs = random_pairs(25, 90, rng);
      ThreadPool pool(2);
      std::vector<double> turn;
      const FixedSide side(factors, loss, turn, pool);
      Matrix x(25, factors.cols(), 7), gradients(25, factors.cols());
      side.solve(pairs, x, pool);
      expect_solutions(x, side, factors, pairs, loss, 2e-4);
      side.improve(pairs, 40, gradients, pool);  // as many steps as there are factors: exact but for rounding
      expect_solutions(gradients, side, factors, pairs, loss, 2e-3);
    }
  }
}

TEST(FixedSide, ATurnKeptFromAnotherTimeChangesNothing) {
  Rng rng(1);
  const RowLoss loss{};
  const Matrix before = random_factors(50, 16, rng), factors = random_factors(50, 16, rng);
  const InteractionRows pairs = random_pairs(10, 50, rng);
  ThreadPool pool(1);
  std::vector<double> turn;
  const FixedSide other(before, loss, turn, pool);
  const FixedSide side(factors, loss, turn, pool);
  Matrix x(10, 16);
  side.solve(pairs, x, pool);
  expect_solutions(x, side, factors, pairs, loss, 2e-4);
}

}  // namespace
}  // namespace gemel
