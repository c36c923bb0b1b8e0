#include "gemel/numerics/cholesky.h"

#include <algorithm>
#include <cmath>

#include "gemel/numerics/gemm.h"
#include "gemel/numerics/kernels.h"

namespace gemel {
namespace {

constexpr std::size_t kBlock = 256;
constexpr std::size_t kRowStrip = 128;  // rows of one task where a strip of columns is shared out

// The matrix as a grid of blocks, the last ones smaller.
class Grid {
 public:
  explicit Grid(MatrixView a) : a_(a) {}
  std::size_t count() const { return (a_.rows + kBlock - 1) / kBlock; }
  std::size_t begin(std::size_t block) const { return block * kBlock; }
  std::size_t end(std::size_t block) const { return std::min(a_.rows, (block + 1) * kBlock); }
  BlockView part(std::size_t row_begin, std::size_t row_end, std::size_t col_begin, std::size_t col_end) const {
    return {a_.data + row_begin * a_.cols + col_begin, row_end - row_begin, col_end - col_begin, a_.cols};
  }
  BlockView block(std::size_t row, std::size_t col) const { return part(begin(row), end(row), begin(col), end(col)); }
  std::size_t rows() const { return a_.rows; }

 private:
  MatrixView a_;
};

void copy(ConstBlockView from, Matrix& to) {
  to.resize(from.rows, from.cols);
  for (std::size_t r = 0; r < from.rows; ++r) std::copy_n(from.data + r * from.stride, from.cols, to.row(r).data());
}

// The lower triangle becomes the factor L, a = L transposed(L).
bool factor_diagonal(BlockView a) {
  const Kernels& kernel = kernels();
  for (std::size_t row = 0; row < a.rows; ++row) {
    float* out = a.data + row * a.stride;
    for (std::size_t col = 0; col < row; ++col) {
      const float* other = a.data + col * a.stride;
      out[col] = (out[col] - kernel.dot(out, other, col)) / other[col];
    }
    const float square = out[row] - kernel.dot(out, out, row);
    if (!(square > 0)) return false;  // NaN too
    out[row] = std::sqrt(square);
  }
  return true;
}

// out = inverse of the lower triangle of l, zeros above. Row i of it is a combination of the rows before: L_ii out_i = e_i - sum L_ik
// out_k.
void invert_triangle(ConstBlockView l, Matrix& out) {
  out.resize(l.rows, l.rows);
  out.fill(0);
  for (std::size_t row = 0; row < l.rows; ++row) {
    const float* factors = l.data + row * l.stride;
    for (std::size_t k = 0; k < row; ++k) kernels().axpy(-factors[k], out.row(k).data(), out.row(row).data(), k + 1);
    out(row, row) = 1;
    kernels().scale(1 / factors[row], out.row(row).data(), row + 1);
  }
}

// a = L transposed(L), the lower triangle of blocks; left to right, each step taken off all that is right of it.
bool factorize(const Grid& grid, ThreadPool& pool, ProgressSink& progress) {
  Matrix inverse;
  for (std::size_t k = 0; k < grid.count() && !interrupted(); ++k) {
    progress.advance(k);
    if (!factor_diagonal(grid.block(k, k))) return false;
    invert_triangle(grid.block(k, k), inverse);
    const std::size_t below = grid.end(k);
    pool.for_blocks(grid.rows() - below, kRowStrip, [&](std::size_t begin, std::size_t end) {
      const BlockView strip = grid.part(below + begin, below + end, grid.begin(k), below);
      Matrix before;
      copy(strip, before);
      gemm(Transpose::kNo, ConstMatrixView(before), Transpose::kYes, ConstMatrixView(inverse), 1, 0, strip);
    });
    const std::size_t left = grid.count() - k - 1;
    pool.run(left * (left + 1) / 2, [&](std::size_t task) {
      std::size_t row = k + 1;  // task counts the blocks of the lower triangle below k
      while (task > row - k - 1) task -= row++ - k;
      const std::size_t col = k + 1 + task;
      gemm(Transpose::kNo, grid.block(row, k), Transpose::kYes, grid.block(col, k), -1, 1, grid.block(row, col));
    });
  }
  return true;
}

// L becomes its inverse; right to left, so that what lies to the right and below is the inverse already:
// strip_j = -inverse(below j) L_j inverse(L_jj).
void invert_factor(const Grid& grid, ThreadPool& pool, ProgressSink& progress) {
  Matrix inverse, strip;
  for (std::size_t j = grid.count(); j-- > 0 && !interrupted();) {
    progress.advance(2 * grid.count() - 1 - j);
    invert_triangle(grid.block(j, j), inverse);
    const std::size_t below = grid.end(j), num_below = grid.rows() - below;
    strip.resize(num_below, inverse.rows());
    pool.for_blocks(num_below, kRowStrip, [&](std::size_t begin, std::size_t end) {
      gemm(Transpose::kNo, grid.part(below + begin, below + end, grid.begin(j), below), Transpose::kNo, ConstMatrixView(inverse), -1, 0,
           BlockView{strip.row(begin).data(), end - begin, strip.cols(), strip.cols()});
    });
    pool.run(grid.count() - j - 1, [&](std::size_t task) {
      const std::size_t row = grid.count() - 1 - task;  // the longest first
      gemm(Transpose::kNo, grid.part(grid.begin(row), grid.end(row), below, grid.end(row)), Transpose::kNo,
           ConstBlockView(strip.data(), grid.end(row) - below, strip.cols(), strip.cols()), 1, 0, grid.block(row, j));
    });
    const BlockView diagonal = grid.block(j, j);
    for (std::size_t r = 0; r < diagonal.rows; ++r) std::copy_n(inverse.row(r).data(), diagonal.cols, diagonal.data + r * diagonal.stride);
  }
}

// The inverse W of L becomes transposed(W) W, the lower triangle of blocks; from the top, since a row needs those below it as they are.
void multiply_by_transposed(const Grid& grid, ThreadPool& pool, ProgressSink& progress) {
  Matrix row_before;
  for (std::size_t i = 0; i < grid.count() && !interrupted(); ++i) {
    progress.advance(2 * grid.count() + i);
    const std::size_t begin = grid.begin(i), end = grid.end(i);
    copy(grid.part(begin, end, 0, end), row_before);
    const ConstBlockView own(row_before.data() + begin, end - begin, end - begin, row_before.cols());
    pool.run(i + 1, [&](std::size_t j) {
      const std::size_t width = grid.end(j) - grid.begin(j);
      const ConstBlockView other(row_before.data() + grid.begin(j), end - begin, width, row_before.cols());
      gemm(Transpose::kYes, own, Transpose::kNo, other, 1, 0, grid.block(i, j));
      if (end == grid.rows()) return;
      gemm(Transpose::kYes, grid.part(end, grid.rows(), begin, end), Transpose::kNo,
           grid.part(end, grid.rows(), grid.begin(j), grid.end(j)), 1, 1, grid.block(i, j));
    });
  }
}

void mirror_lower(MatrixView a, ThreadPool& pool) {
  pool.for_blocks(a.rows, 64, [&](std::size_t begin, std::size_t end) {
    for (std::size_t col = 0; col < end; ++col) {
      for (std::size_t row = std::max(begin, col + 1); row < end; ++row) a.data[col * a.cols + row] = a.data[row * a.cols + col];
    }
  });
}

}  // namespace

Result<void> invert_positive_definite(MatrixView a, ThreadPool& pool, ProgressSink& progress) {
  GEMEL_CHECK(a.rows == a.cols, "invert_positive_definite: expected a square matrix");
  const Grid grid(a);
  progress.begin("inverse", 3 * grid.count(), "blocks");
  const bool is_positive = factorize(grid, pool, progress);
  if (is_positive) {
    invert_factor(grid, pool, progress);
    multiply_by_transposed(grid, pool, progress);
    mirror_lower(a, pool);
  }
  progress.end();
  if (interrupted()) return fail(ErrorCode::kInterrupted, "inverse of a matrix: stopped");
  if (!is_positive) return fail(ErrorCode::kDiverged, "inverse of a matrix of ", a.rows, " rows: it is not positive definite");
  return {};
}

}  // namespace gemel
