#include "gemel/nn/l2_normalize.h"

#include <algorithm>
#include <cmath>

#include "gemel/numerics/kernels.h"

namespace gemel {
namespace {
constexpr std::size_t kRowsPerBlock = 256;
}

void l2_normalize_forward(ConstMatrixView x, MatrixView y, std::span<float> norms, ThreadPool& pool) {
  GEMEL_CHECK(y.rows == x.rows && y.cols == x.cols && norms.size() == x.rows, "l2_normalize_forward: shapes do not fit");
  pool.for_blocks(x.rows, kRowsPerBlock, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      const auto in = x.row(row);
      const auto out = y.row(row);
      norms[row] = std::sqrt(kernels().sum_squares(in.data(), in.size()));
      if (norms[row] < kNormEpsilon) norms[row] = kNormEpsilon;
      if (in.data() != out.data()) std::copy(in.begin(), in.end(), out.begin());
      kernels().scale(1 / norms[row], out.data(), out.size());
    }
  });
}

void l2_normalize_backward(ConstMatrixView y, std::span<const float> norms, ConstMatrixView dy, MatrixView dx, ThreadPool& pool) {
  GEMEL_CHECK(dy.rows == y.rows && dy.cols == y.cols && dx.rows == y.rows && dx.cols == y.cols && norms.size() == y.rows,
              "l2_normalize_backward: shapes do not fit");
  pool.for_blocks(y.rows, kRowsPerBlock, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      const auto in = dy.row(row);
      const auto out = dx.row(row);
      const float along = norms[row] > kNormEpsilon ? kernels().dot(y.row(row).data(), in.data(), in.size()) : 0;
      if (in.data() != out.data()) std::copy(in.begin(), in.end(), out.begin());
      kernels().axpy(-along, y.row(row).data(), out.data(), out.size());
      kernels().scale(1 / norms[row], out.data(), out.size());
    }
  });
}

}  // namespace gemel
