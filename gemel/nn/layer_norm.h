// Layer normalisation (Ba, Kiros, Hinton 2016, section 3): y = gain * (x - mean) / sqrt(variance + epsilon) + bias along each row.
// Results do not depend on the number of threads.
#pragma once

#include <span>

#include "gemel/numerics/matrix.h"
#include "gemel/numerics/thread_pool.h"

namespace gemel {

// x, y [batch, dim], gain and bias [dim]. normalized [batch, dim] and inverse_deviation [batch] are what the backward pass wants; y may be
// x, normalized neither.
void layer_norm_forward(ConstMatrixView x, std::span<const float> gain, std::span<const float> bias, MatrixView normalized,
                        std::span<float> inverse_deviation, MatrixView y, ThreadPool& pool);

// dx [batch, dim] receives the gradient, or has it added with `add`; it may be dy. d_gain and d_bias are overwritten.
void layer_norm_backward(ConstMatrixView normalized, std::span<const float> inverse_deviation, std::span<const float> gain,
                         ConstMatrixView dy, bool add, MatrixView dx, std::span<float> d_gain, std::span<float> d_bias, ThreadPool& pool);

}  // namespace gemel
