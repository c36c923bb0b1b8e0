// Inverse of a large symmetric positive definite matrix, in place, by Cholesky's factors in blocks whose products are gemm's. The same
// bits for any number of threads. Cost: rows^3 multiply-adds, memory: one strip of 256 columns.
#pragma once

#include "gemel/base/progress.h"
#include "gemel/base/result.h"
#include "gemel/numerics/matrix.h"
#include "gemel/numerics/thread_pool.h"

namespace gemel {

// Reads the lower triangle of a [n, n] and leaves the whole inverse. Errors: kDiverged (not positive definite in single precision),
// kInterrupted; a is of no use then.
Result<void> invert_positive_definite(MatrixView a, ThreadPool& pool, ProgressSink& progress = no_progress());

}  // namespace gemel
