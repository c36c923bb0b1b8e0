// Single-precision matrix products by oneDNN (dnnl_sgemm), of few rows by our own kernel; called single-threaded on fixed row blocks from
// our own pool, so that the result does not depend on the number of threads. Thread safety: any thread, distinct outputs.
#pragma once

#include "gemel/numerics/matrix.h"
#include "gemel/numerics/thread_pool.h"

namespace gemel {

enum class Transpose : bool { kNo, kYes };

// A block of a larger row-major matrix: `stride` floats from one row to the next.
struct BlockView {
  float* data = nullptr;
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::size_t stride = 0;
};
struct ConstBlockView {
  const float* data = nullptr;
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::size_t stride = 0;
  ConstBlockView(const float* first, std::size_t num_rows, std::size_t num_cols, std::size_t row_stride)
      : data(first), rows(num_rows), cols(num_cols), stride(row_stride) {}
  ConstBlockView(BlockView block) : ConstBlockView(block.data, block.rows, block.cols, block.stride) {}
  ConstBlockView(ConstMatrixView whole) : ConstBlockView(whole.data, whole.rows, whole.cols, whole.cols) {}
};

// c = alpha * op(a) op(b) + beta * c, op(a) [m, k], op(b) [k, n], c [m, n]; on the calling thread.
void gemm(Transpose transpose_a, ConstBlockView a, Transpose transpose_b, ConstBlockView b, float alpha, float beta, BlockView c);
inline void gemm(Transpose transpose_a, ConstMatrixView a, Transpose transpose_b, ConstMatrixView b, float alpha, float beta,
                 MatrixView c) {
  gemm(transpose_a, ConstBlockView(a), transpose_b, ConstBlockView(b), alpha, beta, BlockView{c.data, c.rows, c.cols, c.cols});
}

// c = a op(b) + beta * c, rows of a in blocks shared out over the pool.
void gemm_by_rows(ConstMatrixView a, Transpose transpose_b, ConstMatrixView b, float beta, MatrixView c, ThreadPool& pool);

// c = transpose(a) b + beta * c, a [n, m], b [n, k], c [m, k]: a product that sums over the batch n, done in fixed chunks that are
// added in a fixed order.
void gemm_over_rows(ConstMatrixView a, ConstMatrixView b, float beta, MatrixView c, ThreadPool& pool);

}  // namespace gemel
