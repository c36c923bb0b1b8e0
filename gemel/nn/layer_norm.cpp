#include "gemel/nn/layer_norm.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "gemel/numerics/kernels.h"

namespace gemel {
namespace {
constexpr std::size_t kRowsPerBlock = 256;
constexpr float kEpsilon = 1e-5f;

float mean_of(std::span<const float> values) {
  float sum = 0;
  for (const float value : values) sum += value;
  return sum / static_cast<float>(values.size());
}
}  // namespace

void layer_norm_forward(ConstMatrixView x, std::span<const float> gain, std::span<const float> bias, MatrixView normalized,
                        std::span<float> inverse_deviation, MatrixView y, ThreadPool& pool) {
  GEMEL_CHECK(y.rows == x.rows && y.cols == x.cols && normalized.rows == x.rows && normalized.cols == x.cols &&
                  inverse_deviation.size() == x.rows && gain.size() == x.cols && bias.size() == x.cols,
              "layer_norm_forward: shapes do not fit");
  pool.for_blocks(x.rows, kRowsPerBlock, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      const auto out = normalized.row(row);
      const float mean = mean_of(x.row(row));
      for (std::size_t c = 0; c < out.size(); ++c) out[c] = x.row(row)[c] - mean;
      const float variance = kernels().sum_squares(out.data(), out.size()) / static_cast<float>(out.size());
      inverse_deviation[row] = 1 / std::sqrt(variance + kEpsilon);
      kernels().scale(inverse_deviation[row], out.data(), out.size());
      for (std::size_t c = 0; c < out.size(); ++c) y.row(row)[c] = gain[c] * out[c] + bias[c];
    }
  });
}

void layer_norm_backward(ConstMatrixView normalized, std::span<const float> inverse_deviation, std::span<const float> gain,
                         ConstMatrixView dy, bool add, MatrixView dx, std::span<float> d_gain, std::span<float> d_bias, ThreadPool& pool) {
  GEMEL_CHECK(dy.rows == normalized.rows && dy.cols == normalized.cols && dx.rows == dy.rows && dx.cols == dy.cols &&
                  inverse_deviation.size() == dy.rows && gain.size() == dy.cols && d_gain.size() == dy.cols && d_bias.size() == dy.cols,
              "layer_norm_backward: shapes do not fit");
  const std::size_t num_blocks = (dy.rows + kRowsPerBlock - 1) / kRowsPerBlock, dim = dy.cols;
  Matrix gain_sums(num_blocks, dim), bias_sums(num_blocks, dim);
  pool.for_blocks(dy.rows, kRowsPerBlock, [&](std::size_t begin, std::size_t end) {
    std::vector<float> d(dim);
    const auto gain_sum = gain_sums.row(begin / kRowsPerBlock);
    for (std::size_t row = begin; row < end; ++row) {
      const auto x = normalized.row(row), dy_row = dy.row(row);
      kernels().add(dy_row.data(), bias_sums.row(begin / kRowsPerBlock).data(), dim);
      for (std::size_t c = 0; c < dim; ++c) {
        gain_sum[c] += dy_row[c] * x[c];
        d[c] = dy_row[c] * gain[c];
      }
      const float mean = mean_of(d), along = kernels().dot(d.data(), x.data(), dim) / static_cast<float>(dim);
      for (std::size_t c = 0; c < dim; ++c) {
        const float value = inverse_deviation[row] * (d[c] - mean - x[c] * along);
        dx.row(row)[c] = add ? dx.row(row)[c] + value : value;
      }
    }
  });
  std::ranges::fill(d_gain, 0.0f);
  std::ranges::fill(d_bias, 0.0f);
  for (std::size_t block = 0; block < num_blocks; ++block) {
    kernels().add(gain_sums.row(block).data(), d_gain.data(), dim);
    kernels().add(bias_sums.row(block).data(), d_bias.data(), dim);
  }
}

}  // namespace gemel
