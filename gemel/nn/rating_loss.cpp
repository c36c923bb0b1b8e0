#include "gemel/nn/rating_loss.h"

#include <algorithm>
#include <cmath>

#include "gemel/numerics/kernels.h"

namespace gemel {
namespace {

void fill_zero(MatrixView matrix) { std::fill_n(matrix.data, matrix.size(), 0.0f); }

}  // namespace

SoftmaxResult rating_loss(const SoftmaxBatchView& batch, std::span<const float> rating, SoftmaxGradients& gradients) {
  const std::size_t dim = batch.queries.cols;
  const bool has_group = gradients.d_group_bias.data != nullptr;
  fill_zero(gradients.d_candidates);
  if (has_group) fill_zero(gradients.d_group_bias);
  std::ranges::fill(gradients.d_row_bias, 0.0f);
  SoftmaxResult result;
  double d_scale = 0;
  for (std::size_t i = 0; i < batch.queries.rows; ++i) {
    const std::uint32_t column = batch.positive[i];
    const float* query = batch.queries.row(i).data();
    const float* candidate = batch.candidates.row(column).data();
    const float product = kernels().dot(query, candidate, dim);
    double prediction = batch.scale * product;
    if (has_group) prediction += batch.group_bias.row(batch.group[i])[column];
    std::size_t entry = SIZE_MAX;
    if (!batch.row_bias_offsets.empty())
      for (std::uint32_t e = batch.row_bias_offsets[i]; e < batch.row_bias_offsets[i + 1]; ++e)
        if (batch.row_bias_columns[e] == column) entry = e;
    if (entry != SIZE_MAX) prediction += batch.row_bias[entry];

    const double error = prediction - rating[i];
    result.loss += batch.row_weight[i] * error * error;
    result.weight += batch.row_weight[i];
    result.num_correct += std::abs(error) <= 0.5;
    const auto d = static_cast<float>(2 * batch.row_weight[i] * error);
    d_scale += d * product;
    for (std::size_t k = 0; k < dim; ++k) {
      gradients.d_queries.row(i)[k] = d * batch.scale * candidate[k];
      gradients.d_candidates.row(column)[k] += d * batch.scale * query[k];
    }
    if (has_group) gradients.d_group_bias.row(batch.group[i])[column] += d;
    if (entry != SIZE_MAX && !gradients.d_row_bias.empty()) gradients.d_row_bias[entry] = d;
  }
  gradients.d_scale = static_cast<float>(d_scale);
  return result;
}

}  // namespace gemel
