#include "gemel/models/two_tower/trend_head.h"

#include <algorithm>
#include <cmath>

#include "gemel/nn/dense.h"
#include "gemel/numerics/gemm.h"
#include "gemel/numerics/kernels.h"

namespace gemel {

TrendHead::TrendHead(std::size_t num_inputs, std::size_t units, Rng& rng) {
  if (units == 0) return;
  weight_1_ = {.name = "trend_head.weight_1", .value = Matrix(num_inputs, units)};
  bias_1_ = {.name = "trend_head.bias_1", .value = Matrix(1, units)};
  weight_2_ = {.name = "trend_head.weight_2", .value = Matrix(units, 1)};
  const double limit = std::sqrt(6.0 / static_cast<double>(num_inputs + units));  // Glorot, Bengio 2010
  for (std::size_t i = 0; i < weight_1_.value.size(); ++i) weight_1_.value.data()[i] = static_cast<float>((2 * rng.uniform() - 1) * limit);
}

void TrendHead::forward(ConstMatrixView inputs, Activations& activations, std::span<float> bias, ThreadPool& pool) const {
  if (is_empty()) return;
  GEMEL_CHECK(bias.size() == inputs.rows && inputs.cols == weight_1_.value.rows(), "TrendHead: inputs do not fit");
  const std::size_t units = weight_1_.value.cols();
  activations.before_gelu.resize(inputs.rows, units);
  activations.hidden.resize(inputs.rows, units);
  activations.out.resize(inputs.rows, 1);
  dense_forward(inputs, weight_1_.value, bias_1_.value.row(0), Activation::kGelu, activations.before_gelu, activations.hidden, pool);
  gemm_by_rows(activations.hidden, Transpose::kNo, weight_2_.value, 0, activations.out, pool);
  kernels().add(activations.out.data(), bias.data(), bias.size());
}

void TrendHead::backward(ConstMatrixView inputs, const Activations& activations, std::span<const float> d_bias, Gradients& gradients,
                         ThreadPool& pool) const {
  if (is_empty()) return;
  const ConstMatrixView d_out{d_bias.data(), d_bias.size(), 1};
  gradients.weight_1.resize(weight_1_.value.rows(), weight_1_.value.cols());
  gradients.bias_1.resize(1, weight_1_.value.cols());
  gradients.weight_2.resize(weight_2_.value.rows(), 1);
  gemm_over_rows(activations.hidden, d_out, 0, gradients.weight_2, pool);
  Matrix d_hidden(activations.hidden.rows(), activations.hidden.cols());
  gemm_by_rows(d_out, Transpose::kYes, weight_2_.value, 0, d_hidden, pool);
  dense_backward(inputs, weight_1_.value, Activation::kGelu, activations.before_gelu, d_hidden, {}, gradients.weight_1,
                 gradients.bias_1.row(0), pool);
}

std::vector<Parameter*> TrendHead::parameters() {
  if (is_empty()) return {};
  return {&weight_1_, &bias_1_, &weight_2_};
}

std::vector<const Matrix*> TrendHead::in_order(const Gradients& gradients) {
  return {&gradients.weight_1, &gradients.bias_1, &gradients.weight_2};
}

}  // namespace gemel
