#include "gemel/models/ials/fixed_side.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "gemel/base/progress.h"
#include "gemel/numerics/gemm.h"
#include "gemel/numerics/kernels.h"
#include "gemel/numerics/symmetric_eigen.h"

namespace gemel {
namespace {

constexpr std::size_t kRowsAtOnce = 64;
constexpr std::size_t kGatherAtOnce = 128;    // rows of factors that stay in the first-level cache while their products are summed
constexpr std::size_t kFewForGradients = 24;  // pairs up to which an exact solution costs less than three steps
constexpr float kMinWeight = 1e-12f;          // of a pair long ago: its inverse still is a number

}  // namespace

// One for each thread, kept from row to row.
struct FixedSide::Scratch {
  std::vector<float> diagonal, inverse_diagonal;  // [width] D and its inverse for the row's r
  FloatBuffer gathered, system;
  std::vector<float> right, gradient, direction, product;
  std::vector<const float*> rows;
};

FixedSide::FixedSide(Matrix factors, const RowLoss& loss, std::vector<double>& turn, ThreadPool& pool)
    : loss_(loss), factors_(std::move(factors)) {
  const std::size_t width = factors_.cols();
  GEMEL_CHECK(width % kWidthUnit == 0, "FixedSide: the width is filled up");
  if (turn.empty()) {
    turn.assign(width * width, 0);
    for (std::size_t i = 0; i < width; ++i) turn[i * width + i] = 1;
  }
  Matrix gram(width, width), half(width, width), turned(width, width);
  turn_.resize(width, width);
  std::copy(turn.begin(), turn.end(), turn_.data());
  gemm_over_rows(factors_, factors_, 0, gram, pool);
  gemm(Transpose::kNo, turn_, Transpose::kNo, gram, 1, 0, half);  // nearly diagonal when the last turn still fits
  gemm(Transpose::kNo, half, Transpose::kYes, turn_, 1, 0, turned);
  std::vector<double> a(width * width);
  for (std::size_t r = 0; r < width; ++r) {
    for (std::size_t c = 0; c < width; ++c) a[r * width + c] = 0.5 * (double{turned(r, c)} + double{turned(c, r)});
  }
  diagonalize(a, turn, width);
  for (std::size_t i = 0; i < width; ++i) spectrum_.push_back(std::max(0.f, static_cast<float>(a[i * width + i])));
  std::copy(turn.begin(), turn.end(), turn_.data());
  this->turn(factors_, pool);
  count_rows();
}

FixedSide::FixedSide(Matrix turned_factors, std::vector<float> spectrum, const RowLoss& loss)
    : loss_(loss), factors_(std::move(turned_factors)), spectrum_(std::move(spectrum)) {
  count_rows();
}

void FixedSide::count_rows() {
  num_rows_ = 0;
  for (std::size_t r = 0; r < factors_.rows(); ++r) {
    num_rows_ += std::ranges::any_of(factors_.row(r), [](float value) { return value != 0; });
  }
}

void FixedSide::turn(Matrix& other, ThreadPool& pool) const {
  Matrix turned(other.rows(), other.cols());
  gemm_by_rows(other, Transpose::kYes, turn_, 0, turned, pool);
  other = std::move(turned);
}

void FixedSide::set_diagonal(std::span<const float> weights, Scratch& scratch) const {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  const double r = loss_.regularization * std::pow(sum + loss_.unobserved_weight * static_cast<double>(num_rows_), loss_.exponent);
  scratch.diagonal.resize(spectrum_.size());
  scratch.inverse_diagonal.resize(spectrum_.size());
  for (std::size_t i = 0; i < spectrum_.size(); ++i) {
    scratch.diagonal[i] = static_cast<float>(loss_.unobserved_weight * double{spectrum_[i]} + r);
    scratch.inverse_diagonal[i] = 1 / scratch.diagonal[i];
  }
}

void FixedSide::solve_few(std::span<const std::uint32_t> columns, std::span<const float> weights, std::span<float> x,
                          Scratch& scratch) const {
  const std::size_t width = factors_.cols(), n = columns.size(), size = width_of(n);
  scratch.gathered.assign(width * size, 0);  // Z' [width, size]
  scratch.rows.clear();
  for (std::size_t i = 0; i < n; ++i) {
    const float* row = factors_.row(columns[i]).data();
    scratch.rows.push_back(row);
    for (std::size_t d = 0; d < width; ++d) scratch.gathered[d * size + i] = row[d];
  }
  scratch.system.assign(size * size, 0);
  scratch.right.assign(size, 0);
  for (std::size_t i = 0; i < size; ++i) scratch.system[i * size + i] = i < n ? 1 / std::max(weights[i], kMinWeight) : 1;
  std::fill_n(scratch.right.begin(), n, 1.f);
  kernels().add_outer_products(scratch.gathered.data(), scratch.inverse_diagonal.data(), width, scratch.system.data(), size);
  GEMEL_CHECK(kernels().cholesky_solve(scratch.system.data(), scratch.right.data(), size), "iALS: factors are not finite");
  kernels().sum_rows(scratch.rows.data(), scratch.right.data(), n, x.data(), width);
  for (std::size_t d = 0; d < width; ++d) x[d] *= scratch.inverse_diagonal[d];
}

void FixedSide::solve_many(std::span<const std::uint32_t> columns, std::span<const float> weights, std::span<float> x,
                           Scratch& scratch) const {
  const std::size_t width = factors_.cols();
  scratch.system.assign(width * width, 0);
  for (std::size_t d = 0; d < width; ++d) scratch.system[d * width + d] = scratch.diagonal[d];
  scratch.gathered.resize(kGatherAtOnce * width);
  std::fill(x.begin(), x.end(), 0.f);
  for (std::size_t begin = 0; begin < columns.size(); begin += kGatherAtOnce) {
    const std::size_t count = std::min(kGatherAtOnce, columns.size() - begin);
    for (std::size_t i = 0; i < count; ++i) {
      const float* row = factors_.row(columns[begin + i]).data();
      std::copy_n(row, width, scratch.gathered.data() + i * width);
      kernels().axpy(weights[begin + i], row, x.data(), width);
    }
    kernels().add_outer_products(scratch.gathered.data(), weights.data() + begin, count, scratch.system.data(), width);
  }
  GEMEL_CHECK(kernels().cholesky_solve(scratch.system.data(), x.data(), width), "iALS: factors are not finite");
}

void FixedSide::descend(std::span<const std::uint32_t> columns, std::span<const float> weights, std::size_t steps, std::span<float> x,
                        Scratch& scratch) const {
  const Kernels& kernel = kernels();
  const std::size_t width = factors_.cols(), n = columns.size();
  scratch.gathered.resize(n * width);
  scratch.gradient.assign(width, 0);
  scratch.direction.resize(width);
  scratch.product.resize(width);
  for (std::size_t i = 0; i < n; ++i) {
    const float* row = factors_.row(columns[i]).data();
    std::copy_n(row, width, scratch.gathered.data() + i * width);
    kernel.axpy(weights[i], row, scratch.gradient.data(), width);
  }
  const auto times = [&](const float* vector) {  // product = A vector
    kernel.outer_products_times(scratch.gathered.data(), weights.data(), n, vector, scratch.product.data(), width);
    for (std::size_t d = 0; d < width; ++d) scratch.product[d] += scratch.diagonal[d] * vector[d];
  };
  times(x.data());
  kernel.axpy(-1, scratch.product.data(), scratch.gradient.data(), width);  // b - A x
  float squares = 0;  // gradient' inverse(D) gradient
  for (std::size_t step = 0; step < steps; ++step) {
    float now = 0;
    for (std::size_t d = 0; d < width; ++d) now += scratch.gradient[d] * scratch.gradient[d] * scratch.inverse_diagonal[d];
    if (!(now > 1e-20f)) return;
    const float keep = step == 0 ? 0 : now / squares;
    squares = now;
    for (std::size_t d = 0; d < width; ++d) {
      scratch.direction[d] = scratch.gradient[d] * scratch.inverse_diagonal[d] + (step == 0 ? 0 : keep * scratch.direction[d]);
    }
    times(scratch.direction.data());
    const float length = now / kernel.dot(scratch.direction.data(), scratch.product.data(), width);
    kernel.axpy(length, scratch.direction.data(), x.data(), width);
    kernel.axpy(-length, scratch.product.data(), scratch.gradient.data(), width);
  }
}

void FixedSide::solve(const InteractionRows& pairs, MatrixView x, ThreadPool& pool) const { improve(pairs, 0, x, pool); }

void FixedSide::improve(const InteractionRows& pairs, std::size_t steps, MatrixView x, ThreadPool& pool) const {
  GEMEL_CHECK(x.rows == pairs.size() && x.cols == factors_.cols(), "FixedSide: shapes do not fit");
  pool.for_blocks(pairs.size(), kRowsAtOnce, [&](std::size_t begin, std::size_t end) {
    Scratch scratch;
    for (std::size_t r = begin; r < end && !interrupted(); ++r) {
      const auto columns = pairs.row(r);
      const auto weights = pairs.values_of(r);
      if (columns.empty()) {
        std::fill(x.row(r).begin(), x.row(r).end(), 0.f);
        continue;
      }
      set_diagonal(weights, scratch);
      if (columns.size() <= (steps == 0 ? factors_.cols() : std::min(factors_.cols(), kFewForGradients))) {
        solve_few(columns, weights, x.row(r), scratch);
      } else if (steps == 0) {
        solve_many(columns, weights, x.row(r), scratch);
      } else {
        descend(columns, weights, steps, x.row(r), scratch);
      }
    }
  });
}

}  // namespace gemel
