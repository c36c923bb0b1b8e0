#include "gemel/nn/dense.h"

#include <algorithm>
#include <vector>

#include "gemel/numerics/gemm.h"
#include "gemel/numerics/kernels.h"

namespace gemel {
namespace {
constexpr std::size_t kRowsPerBlock = 256;

void activate(Activation activation, std::span<const float> x, std::span<float> y) {
  switch (activation) {
    case Activation::kLinear:
      if (x.data() != y.data()) std::copy(x.begin(), x.end(), y.begin());
      return;
    case Activation::kRelu: return kernels().relu(x.data(), y.data(), x.size());
    case Activation::kGelu: return kernels().gelu(x.data(), y.data(), x.size());
  }
}

// dy becomes the gradient of the activation's input.
void activate_backward(Activation activation, std::span<const float> x, std::span<float> dy) {
  switch (activation) {
    case Activation::kLinear: return;
    case Activation::kRelu: return kernels().relu_backward(x.data(), dy.data(), dy.data(), x.size());
    case Activation::kGelu: return kernels().gelu_backward(x.data(), dy.data(), dy.data(), x.size());
  }
}
}  // namespace

void dense_forward(ConstMatrixView x, ConstMatrixView weight, std::span<const float> bias, Activation activation, MatrixView pre_activation,
                   MatrixView y, ThreadPool& pool) {
  GEMEL_CHECK(x.cols == weight.rows && bias.size() == weight.cols, "dense_forward: weight does not fit");
  GEMEL_CHECK(y.rows == x.rows && y.cols == weight.cols, "dense_forward: y does not fit");
  GEMEL_CHECK(pre_activation.rows == y.rows && pre_activation.cols == y.cols, "dense_forward: pre_activation does not fit");
  GEMEL_CHECK(activation != Activation::kGelu || pre_activation.data != y.data || y.size() == 0,
              "dense_forward: gelu needs its input kept");
  pool.for_blocks(x.rows, kRowsPerBlock, [&](std::size_t begin, std::size_t end) {
    const MatrixView pre = pre_activation.row_block(begin, end), out = y.row_block(begin, end);
    for (std::size_t row = 0; row < pre.rows; ++row) std::copy(bias.begin(), bias.end(), pre.row(row).begin());
    gemm(Transpose::kNo, x.row_block(begin, end), Transpose::kNo, weight, 1, 1, pre);
    activate(activation, {pre.data, pre.size()}, {out.data, out.size()});
  });
}

void dense_backward(ConstMatrixView x, ConstMatrixView weight, Activation activation, ConstMatrixView pre_activation, MatrixView dy,
                    MatrixView dx, MatrixView d_weight, std::span<float> d_bias, ThreadPool& pool) {
  GEMEL_CHECK(x.cols == weight.rows && dy.rows == x.rows && dy.cols == weight.cols, "dense_backward: shapes do not fit");
  GEMEL_CHECK(pre_activation.rows == dy.rows && pre_activation.cols == dy.cols, "dense_backward: pre_activation does not fit");
  GEMEL_CHECK(d_weight.rows == weight.rows && d_weight.cols == weight.cols && d_bias.size() == weight.cols,
              "dense_backward: gradients do not fit");
  Matrix bias_sums((x.rows + kRowsPerBlock - 1) / kRowsPerBlock, weight.cols);
  pool.for_blocks(x.rows, kRowsPerBlock, [&](std::size_t begin, std::size_t end) {
    const MatrixView block = dy.row_block(begin, end);
    activate_backward(activation, {pre_activation.row_block(begin, end).data, block.size()}, {block.data, block.size()});
    float* sum = bias_sums.row(begin / kRowsPerBlock).data();
    for (std::size_t row = 0; row < block.rows; ++row) kernels().add(block.row(row).data(), sum, block.cols);
  });
  std::fill(d_bias.begin(), d_bias.end(), 0.0f);
  for (std::size_t block = 0; block < bias_sums.rows(); ++block) kernels().add(bias_sums.row(block).data(), d_bias.data(), d_bias.size());
  gemm_over_rows(x, dy, 0, d_weight, pool);
  if (dx.data != nullptr) gemm_by_rows(dy, Transpose::kYes, weight, 0, dx, pool);
}

}  // namespace gemel
