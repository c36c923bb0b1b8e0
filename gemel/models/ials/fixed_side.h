// One half of an alternation of iALS: the factors y of one side are held, and each row x of the other side is solved to minimise
//   sum over its pairs of w (1 - <x, y>)^2  +  unobserved_weight * sum over all y of <x, y>^2  +  r |x|^2,
//   r = regularization * (sum of the row's w + unobserved_weight * number of y)^exponent
// (Rendle et al., "Revisiting the Performance of iALS on Item Recommendation Benchmarks", RecSys 2022, equations 1 to 5; with weights w of
// 1 its sum of w is their count). So (unobserved_weight Y'Y + r I + sum of w y y') x = sum of w y.
//
// The factors are turned into the basis of the eigenvectors of Y'Y, which changes no dot product. There the part that all rows share is
// diagonal, D, and so is its inverse for each row's own r. A row of few pairs then needs a system of its number of pairs, not of the
// width: x = inverse(D) Z' inverse(inverse(W) + Z inverse(D) Z') 1, Z its factors. Conjugate gradients need no product with Y'Y, and D
// preconditions them.
// Thread safety: const after construction; one caller of a pool at a time. Cost of a row with n pairs, exact:
// min(n, width)^2 * max(n, width) / 2.
#pragma once

#include <cstddef>
#include <vector>

#include "gemel/models/interactions.h"
#include "gemel/numerics/matrix.h"
#include "gemel/numerics/thread_pool.h"

namespace gemel {

struct RowLoss {
  double unobserved_weight = 0.1;
  double regularization = 0.003;
  double exponent = 1;
};

class FixedSide {
 public:
  static constexpr std::size_t kWidthUnit = 16;  // widths are multiples of it, filled up with zeros
  static std::size_t width_of(std::size_t dim) { return (dim + kWidthUnit - 1) / kWidthUnit * kWidthUnit; }

  FixedSide() = default;
  // factors [rows, width]; rows of zeros are no part of the loss. `turn` begins empty and is kept from one alternation to the next, since
  // the basis then moves little.
  FixedSide(Matrix factors, const RowLoss& loss, std::vector<double>& turn, ThreadPool& pool);
  // Of a file: factors as they were turned, and their spectrum [width].
  FixedSide(Matrix turned_factors, std::vector<float> spectrum, const RowLoss& loss);

  const Matrix& factors() const { return factors_; }  // in the new basis
  const std::vector<float>& spectrum() const { return spectrum_; }  // eigenvalues of Y'Y
  Matrix release() { return std::move(factors_); }
  // The rows of the other side into the new basis.
  void turn(Matrix& other, ThreadPool& pool) const;

  // One row of x for each row of pairs, exactly.
  void solve(const InteractionRows& pairs, MatrixView x, ThreadPool& pool) const;
  // By this many steps of conjugate gradients from x as it stands, exactly where that costs less.
  void improve(const InteractionRows& pairs, std::size_t steps, MatrixView x, ThreadPool& pool) const;

 private:
  struct Scratch;
  void count_rows();
  void set_diagonal(std::span<const float> weights, Scratch& scratch) const;
  void solve_few(std::span<const std::uint32_t> columns, std::span<const float> weights, std::span<float> x, Scratch& scratch) const;
  void solve_many(std::span<const std::uint32_t> columns, std::span<const float> weights, std::span<float> x, Scratch& scratch) const;
  void descend(std::span<const std::uint32_t> columns, std::span<const float> weights, std::size_t steps, std::span<float> x,
               Scratch& scratch) const;

  RowLoss loss_;
  Matrix factors_;  // [rows, width]
  Matrix turn_;  // [width, width], rows are eigenvectors
  std::vector<float> spectrum_;
  std::size_t num_rows_ = 0;  // that are not all zeros
};

}  // namespace gemel
