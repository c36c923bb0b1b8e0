// Rows scaled to length 1: y = x / max(|x|, epsilon), forward and backward.
#pragma once

#include <span>

#include "gemel/numerics/matrix.h"
#include "gemel/numerics/thread_pool.h"

namespace gemel {

inline constexpr float kNormEpsilon = 1e-6f;  // shorter rows are divided by this and stay short

// x and y [batch, dim], y may be x; norms [batch] receives max(|x|, epsilon).
void l2_normalize_forward(ConstMatrixView x, MatrixView y, std::span<float> norms, ThreadPool& pool);

// dx = (dy - y (y . dy)) / norm, or dy / epsilon for rows shorter than that; dx may be dy.
void l2_normalize_backward(ConstMatrixView y, std::span<const float> norms, ConstMatrixView dy, MatrixView dx, ThreadPool& pool);

}  // namespace gemel
