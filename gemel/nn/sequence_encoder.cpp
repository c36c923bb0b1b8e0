#include "gemel/nn/sequence_encoder.h"

#include <algorithm>
#include <cmath>

#include "gemel/base/concat.h"
#include "gemel/nn/dense.h"
#include "gemel/nn/layer_norm.h"
#include "gemel/numerics/gemm.h"
#include "gemel/numerics/kernels.h"

namespace gemel {
namespace {

enum DropoutPlace : std::uint64_t { kTokens, kAttention, kFeedForward, kNumDropoutPlaces };

DropoutKey key_at(const DropoutKey& key, std::size_t block, DropoutPlace place) {
  return {key.seed, key.step, key.layer + block * kNumDropoutPlaces + place};
}

Matrix glorot(std::size_t in, std::size_t out, Rng& rng) {
  Matrix weight(in, out);
  const double limit = std::sqrt(6.0 / static_cast<double>(in + out));
  for (std::size_t i = 0; i < weight.size(); ++i) weight.data()[i] = static_cast<float>((2 * rng.uniform() - 1) * limit);
  return weight;
}

void norm_forward(ConstMatrixView x, const Matrix& gain, const Matrix& bias, SequenceEncoder::Activations::Norm& norm, ThreadPool& pool) {
  norm.normalized.resize(x.rows, x.cols);
  norm.y.resize(x.rows, x.cols);
  norm.inverse_deviation.resize(x.rows);
  layer_norm_forward(x, gain.row(0), bias.row(0), norm.normalized, norm.inverse_deviation, norm.y, pool);
}

// y = x W
void multiply(ConstMatrixView x, const Matrix& weight, Matrix& y, ThreadPool& pool) {
  y.resize(x.rows, weight.cols());
  gemm_by_rows(x, Transpose::kNo, weight, 0, y, pool);
}

// Gradients of y = x W: of W into d_weight, and of x into or on top of dx.
void multiply_backward(ConstMatrixView x, const Matrix& weight, const Matrix& dy, bool add, Matrix& dx, Matrix& d_weight,
                       ThreadPool& pool) {
  gemm_over_rows(x, dy, 0, d_weight, pool);
  if (!add) dx.resize(dy.rows(), weight.rows());
  gemm_by_rows(dy, Transpose::kYes, weight, add ? 1 : 0, dx, pool);
}

// The rows of the last tokens. -> [sequences, dim]
Matrix last_rows(ConstMatrixView tokens, std::span<const std::uint32_t> offsets) {
  Matrix rows(offsets.size() - 1, tokens.cols);
  for (std::size_t s = 0; s < rows.rows(); ++s) std::ranges::copy(tokens.row(offsets[s + 1] - 1), rows.row(s).begin());
  return rows;
}

void add_to_last_rows(const Matrix& rows, std::span<const std::uint32_t> offsets, Matrix& tokens) {
  for (std::size_t s = 0; s < rows.rows(); ++s) kernels().add(rows.row(s).data(), tokens.row(offsets[s + 1] - 1).data(), rows.cols());
}

void add_all(const Matrix& x, Matrix& y) { kernels().add(x.data(), y.data(), y.size()); }

}  // namespace

SequenceEncoder::SequenceEncoder(std::string_view name, const SequenceEncoderOptions& options, Rng& rng) : options_(options) {
  GEMEL_CHECK(options.num_heads > 0 && options.dim % options.num_heads == 0, "heads share the width evenly");
  const std::size_t dim = options.dim;
  for (std::size_t block = 0; block < options.num_blocks; ++block) {
    const auto add = [&](std::string_view part, Matrix value) {
      parameters_.push_back({.name = concat(name, ".", block, ".", part), .value = std::move(value)});
    };
    add("attention_norm.gain", Matrix(1, dim, 1));
    add("attention_norm.bias", Matrix(1, dim));
    for (const std::string_view part : {"query", "key", "value", "out"}) add(part, glorot(dim, dim, rng));
    add("feed_forward_norm.gain", Matrix(1, dim, 1));
    add("feed_forward_norm.bias", Matrix(1, dim));
    for (const std::string_view part : {"1", "2"}) {
      add(concat("weight_", part), glorot(dim, dim, rng));
      add(concat("bias_", part), Matrix(1, dim));
    }
  }
  parameters_.push_back({.name = concat(name, ".norm.gain"), .value = Matrix(1, dim, 1)});
  parameters_.push_back({.name = concat(name, ".norm.bias"), .value = Matrix(1, dim)});
}

std::vector<Parameter*> SequenceEncoder::parameters() {
  std::vector<Parameter*> all;
  for (Parameter& parameter : parameters_) all.push_back(&parameter);
  return all;
}

AttentionShape SequenceEncoder::shape_of(std::size_t block, const Activations& activations) const {
  return {activations.offsets, options_.num_heads, block + 1 == options_.num_blocks};
}

void SequenceEncoder::forward(ConstMatrixView tokens, std::span<const std::uint32_t> offsets, float dropout_rate, const DropoutKey& key,
                              Activations& activations, ThreadPool& pool) const {
  GEMEL_CHECK(tokens.cols == options_.dim && options_.num_blocks > 0, "SequenceEncoder: tokens do not fit");
  activations.tokens.resize(tokens.rows, tokens.cols);
  std::copy_n(tokens.data, tokens.size(), activations.tokens.data());
  activations.offsets.assign(offsets.begin(), offsets.end());
  dropout(activations.tokens, dropout_rate, key_at(key, options_.num_blocks, kTokens), pool);
  activations.blocks.resize(options_.num_blocks);
  for (std::size_t block = 0; block < options_.num_blocks; ++block)
    forward_block(block, block == 0 ? activations.tokens : activations.blocks[block - 1].out, dropout_rate, key, activations, pool);
  const std::size_t last = parameters_.size() - 2;
  norm_forward(activations.blocks.back().out, parameters_[last].value, parameters_[last + 1].value, activations.last_norm, pool);
}

void SequenceEncoder::forward_block(std::size_t block, ConstMatrixView x, float rate, const DropoutKey& key, Activations& activations,
                                    ThreadPool& pool) const {
  Activations::Block& a = activations.blocks[block];
  const AttentionShape shape = shape_of(block, activations);
  norm_forward(x, of(block, kNorm1Gain), of(block, kNorm1Bias), a.attention_norm, pool);
  if (shape.last_only) a.asking = last_rows(a.attention_norm.y, shape.offsets);
  multiply(shape.last_only ? a.asking : a.attention_norm.y, of(block, kQuery), a.queries, pool);
  multiply(a.attention_norm.y, of(block, kKey), a.keys, pool);
  multiply(a.attention_norm.y, of(block, kValue), a.values, pool);
  a.attended.resize(a.queries.rows(), options_.dim);
  attention_forward(shape, a.queries, a.keys, a.values, a.weights, a.attended, pool);
  multiply(a.attended, of(block, kOut), a.h, pool);
  dropout(a.h, rate, key_at(key, block, kAttention), pool);
  if (shape.last_only) add_all(last_rows(x, shape.offsets), a.h);
  else kernels().add(x.data, a.h.data(), a.h.size());

  norm_forward(a.h, of(block, kNorm2Gain), of(block, kNorm2Bias), a.feed_forward_norm, pool);
  a.before_gelu.resize(a.h.rows(), options_.dim);
  a.hidden.resize(a.h.rows(), options_.dim);
  a.out.resize(a.h.rows(), options_.dim);
  dense_forward(a.feed_forward_norm.y, of(block, kWeight1), of(block, kBias1).row(0), Activation::kGelu, a.before_gelu, a.hidden, pool);
  dense_forward(a.hidden, of(block, kWeight2), of(block, kBias2).row(0), Activation::kLinear, a.out, a.out, pool);
  dropout(a.out, rate, key_at(key, block, kFeedForward), pool);
  add_all(a.h, a.out);
}

void SequenceEncoder::backward(float dropout_rate, const DropoutKey& key, const Activations& activations, ConstMatrixView d_out,
                               Gradients& gradients, ThreadPool& pool) const {
  gradients.parameters.resize(parameters_.size());
  for (std::size_t p = 0; p < parameters_.size(); ++p)
    gradients.parameters[p].resize(parameters_[p].value.rows(), parameters_[p].value.cols());
  const std::size_t last = parameters_.size() - 2;
  Matrix dy(d_out.rows, d_out.cols), dx;
  layer_norm_backward(activations.last_norm.normalized, activations.last_norm.inverse_deviation, parameters_[last].value.row(0), d_out,
                      /*add=*/false, dy, gradients.parameters[last].row(0), gradients.parameters[last + 1].row(0), pool);
  for (std::size_t block = options_.num_blocks; block-- > 0;) {
    backward_block(block, dropout_rate, key, activations, dy, dx, gradients, pool);
    std::swap(dy, dx);
  }
  dropout(dy, dropout_rate, key_at(key, options_.num_blocks, kTokens), pool);
  gradients.tokens = std::move(dy);
}

void SequenceEncoder::backward_block(std::size_t block, float rate, const DropoutKey& key, const Activations& activations, Matrix& dy,
                                     Matrix& dx, Gradients& gradients, ThreadPool& pool) const {
  const Activations::Block& a = activations.blocks[block];
  const AttentionShape shape = shape_of(block, activations);
  const auto d = [&](Place place) -> Matrix& { return gradients.parameters[block * kNumPlaces + place]; };

  Matrix dh = dy, d_hidden(a.hidden.rows(), a.hidden.cols()), d_normed(a.h.rows(), a.h.cols());
  dropout(dy, rate, key_at(key, block, kFeedForward), pool);
  dense_backward(a.hidden, of(block, kWeight2), Activation::kLinear, a.out, dy, d_hidden, d(kWeight2), d(kBias2).row(0), pool);
  dense_backward(a.feed_forward_norm.y, of(block, kWeight1), Activation::kGelu, a.before_gelu, d_hidden, d_normed, d(kWeight1),
                 d(kBias1).row(0), pool);
  layer_norm_backward(a.feed_forward_norm.normalized, a.feed_forward_norm.inverse_deviation, of(block, kNorm2Gain).row(0), d_normed,
                      /*add=*/true, dh, d(kNorm2Gain).row(0), d(kNorm2Bias).row(0), pool);

  Matrix d_attended, d_asking, d_attention = dh;
  dropout(d_attention, rate, key_at(key, block, kAttention), pool);
  multiply_backward(a.attended, of(block, kOut), d_attention, /*add=*/false, d_attended, d(kOut), pool);
  Matrix d_queries(a.queries.rows(), options_.dim), d_keys(a.keys.rows(), options_.dim), d_values(a.keys.rows(), options_.dim);
  attention_backward(shape, a.queries, a.keys, a.values, a.weights, d_attended, d_queries, d_keys, d_values, pool);
  multiply_backward(a.attention_norm.y, of(block, kKey), d_keys, /*add=*/false, d_normed, d(kKey), pool);
  multiply_backward(a.attention_norm.y, of(block, kValue), d_values, /*add=*/true, d_normed, d(kValue), pool);
  multiply_backward(shape.last_only ? a.asking : a.attention_norm.y, of(block, kQuery), d_queries, /*add=*/false, d_asking, d(kQuery),
                    pool);
  if (shape.last_only) add_to_last_rows(d_asking, shape.offsets, d_normed);
  else add_all(d_asking, d_normed);

  dx.resize(d_normed.rows(), options_.dim);
  dx.fill(0);
  if (shape.last_only) add_to_last_rows(dh, shape.offsets, dx);
  else add_all(dh, dx);
  layer_norm_backward(a.attention_norm.normalized, a.attention_norm.inverse_deviation, of(block, kNorm1Gain).row(0), d_normed,
                      /*add=*/true, dx, d(kNorm1Gain).row(0), d(kNorm1Bias).row(0), pool);
}

}  // namespace gemel
