// A dense layer y = activation(x W + b), forward and backward. x [batch, in], W [in, out], b [out], y [batch, out].
// Results do not depend on the number of threads. Thread safety: one call at a time for a pool.
#pragma once

#include <span>

#include "gemel/numerics/matrix.h"
#include "gemel/numerics/thread_pool.h"

namespace gemel {

enum class Activation { kLinear, kRelu, kGelu };

// pre_activation [batch, out] receives x W + b and is what the backward pass wants; with kLinear and kRelu it may be y itself.
void dense_forward(ConstMatrixView x, ConstMatrixView weight, std::span<const float> bias, Activation activation, MatrixView pre_activation,
                   MatrixView y, ThreadPool& pool);

// dy [batch, out] comes in as the gradient of y and leaves as that of x W + b.
// dx [batch, in] may have no data: not wanted. d_weight [in, out] and d_bias [out] are overwritten.
void dense_backward(ConstMatrixView x, ConstMatrixView weight, Activation activation, ConstMatrixView pre_activation, MatrixView dy,
                    MatrixView dx, MatrixView d_weight, std::span<float> d_bias, ThreadPool& pool);

}  // namespace gemel
