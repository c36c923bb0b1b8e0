#include "gemel/numerics/gemm.h"

#include <dnnl.h>

#include <algorithm>
#include <vector>

#include "gemel/numerics/kernels.h"

namespace gemel {
namespace {
constexpr std::size_t kRowBlock = 256;    // rows of a block of gemm_by_rows
constexpr std::size_t kSumChunk = 1024;   // batch rows of one partial sum of gemm_over_rows
constexpr std::size_t kFewRows = 4;
}  // namespace

void gemm(Transpose transpose_a, ConstBlockView a, Transpose transpose_b, ConstBlockView b, float alpha, float beta, BlockView c) {
  const bool ta = transpose_a == Transpose::kYes, tb = transpose_b == Transpose::kYes;
  const std::size_t m = ta ? a.cols : a.rows, k = ta ? a.rows : a.cols, n = tb ? b.rows : b.cols;
  GEMEL_CHECK(k == (tb ? b.cols : b.rows) && c.rows == m && c.cols == n, "gemm: shapes do not fit");
  if (m == 0 || n == 0) return;
  if (k == 0) {
    for (std::size_t r = 0; r < m; ++r) {
      for (std::size_t i = 0; i < n; ++i) c.data[r * c.stride + i] *= beta;
    }
    return;
  }
  // A single request is done with before oneDNN has made the code for its first product, which takes 1.4 ms.
  if (m <= kFewRows && !ta && !tb && alpha == 1 && (beta == 0 || beta == 1) && n % kProductColumns == 0)
    return kernels().tile_product({.a = a.data,
                                   .a_stride = a.stride,
                                   .b = b.data,
                                   .b_stride = b.stride,
                                   .c = c.data,
                                   .c_stride = c.stride,
                                   .m = m,
                                   .k = k,
                                   .n = n,
                                   .add = beta == 1});
  const auto size = [](std::size_t x) { return static_cast<dnnl_dim_t>(x); };
  const auto status = dnnl_sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', size(m), size(n), size(k), alpha, a.data, size(a.stride), b.data,
                                 size(b.stride), beta, c.data, size(c.stride));
  GEMEL_CHECK(status == dnnl_success, "dnnl_sgemm failed");
}

void gemm_by_rows(ConstMatrixView a, Transpose transpose_b, ConstMatrixView b, float beta, MatrixView c, ThreadPool& pool) {
  GEMEL_CHECK(a.rows == c.rows, "gemm_by_rows: shapes do not fit");
  pool.for_blocks(a.rows, kRowBlock, [&](std::size_t begin, std::size_t end) {
    gemm(Transpose::kNo, a.row_block(begin, end), transpose_b, b, 1, beta, c.row_block(begin, end));
  });
}

void gemm_over_rows(ConstMatrixView a, ConstMatrixView b, float beta, MatrixView c, ThreadPool& pool) {
  GEMEL_CHECK(a.rows == b.rows, "gemm_over_rows: shapes do not fit");
  const std::size_t num_chunks = (a.rows + kSumChunk - 1) / kSumChunk;
  if (num_chunks <= 1) return gemm(Transpose::kYes, a, Transpose::kNo, b, 1, beta, c);
  std::vector<Matrix> partial(num_chunks);
  pool.for_blocks(a.rows, kSumChunk, [&](std::size_t begin, std::size_t end) {
    Matrix& sum = partial[begin / kSumChunk];
    sum.resize(c.rows, c.cols);
    gemm(Transpose::kYes, a.row_block(begin, end), Transpose::kNo, b.row_block(begin, end), 1, 0, sum);
  });
  pool.for_blocks(c.size(), 4096, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      float sum = beta == 0 ? 0 : beta * c.data[i];
      for (const Matrix& part : partial) sum += part.data()[i];
      c.data[i] = sum;
    }
  });
}

}  // namespace gemel
