// Single-precision matrix products by oneDNN (dnnl_sgemm), called single-threaded on fixed row blocks from our own pool, so that
// the result does not depend on the number of threads. Thread safety: any thread, distinct outputs.
#pragma once

#include "gemel/numerics/matrix.h"
#include "gemel/numerics/thread_pool.h"

namespace gemel {

enum class Transpose : bool { kNo, kYes };

// c = alpha * op(a) op(b) + beta * c, op(a) [m, k], op(b) [k, n], c [m, n]; on the calling thread.
void gemm(Transpose transpose_a, ConstMatrixView a, Transpose transpose_b, ConstMatrixView b, float alpha, float beta, MatrixView c);

// c = a op(b) + beta * c, rows of a in blocks shared out over the pool.
void gemm_by_rows(ConstMatrixView a, Transpose transpose_b, ConstMatrixView b, float beta, MatrixView c, ThreadPool& pool);

// c = transpose(a) b + beta * c, a [n, m], b [n, k], c [m, k]: a product that sums over the batch n, done in fixed chunks that are
// added in a fixed order.
void gemm_over_rows(ConstMatrixView a, ConstMatrixView b, float beta, MatrixView c, ThreadPool& pool);

}  // namespace gemel
