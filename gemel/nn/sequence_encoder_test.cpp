// Layer norm, attention and the sequence encoder: hand-worked cases, a slow twin, finite differences, threads.
#include "gemel/nn/sequence_encoder.h"

#include <gtest/gtest.h>

#include <cmath>

#include "gemel/nn/layer_norm.h"
#include "gemel/nn/testing/finite_difference.h"

namespace gemel {
namespace {

using Table = std::vector<std::vector<double>>;

Matrix random_matrix(std::size_t rows, std::size_t cols, std::uint64_t seed) {
  Rng rng(seed);
  Matrix matrix(rows, cols);
  for (std::size_t i = 0; i < matrix.size(); ++i) matrix.data()[i] = static_cast<float>(rng.normal());
  return matrix;
}

std::span<float> all(Matrix& matrix) { return {matrix.data(), matrix.size()}; }

double inner(const Matrix& a, const Matrix& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += double{a.data()[i]} * b.data()[i];
  return sum;
}

// Sequences of 1 to 5 tokens, one of 40.
const std::vector<std::uint32_t> kOffsets{0, 1, 4, 9, 11, 51, 52};

TEST(LayerNorm, BringsARowToMeanZeroAndDeviationOneThenStretchesIt) {
  ThreadPool pool(1);
  Matrix x(1, 4), normalized(1, 4), y(1, 4), gain(1, 4, 2), bias(1, 4, 10);
  std::ranges::copy(std::vector<float>{1, 1, 3, 3}, x.data());
  std::vector<float> inverse(1);
  layer_norm_forward(x, gain.row(0), bias.row(0), normalized, inverse, y, pool);
  for (const std::size_t c : {0, 1}) EXPECT_NEAR(y(0, c), 8, 1e-4);
  for (const std::size_t c : {2, 3}) EXPECT_NEAR(y(0, c), 12, 1e-4);
}

TEST(LayerNorm, GradientsAgreeWithFiniteDifferences) {
  ThreadPool pool(2);
  Matrix x = random_matrix(7, 6, 1), gain = random_matrix(1, 6, 2), bias = random_matrix(1, 6, 3), normalized(7, 6), y(7, 6);
  const Matrix wanted = random_matrix(7, 6, 4);
  std::vector<float> inverse(7);
  const auto loss = [&] {
    layer_norm_forward(x, gain.row(0), bias.row(0), normalized, inverse, y, pool);
    return inner(y, wanted);
  };
  loss();
  Matrix dx = wanted, d_gain(1, 6), d_bias(1, 6), added(7, 6, 1);
  layer_norm_backward(normalized, inverse, gain.row(0), wanted, /*add=*/true, added, d_gain.row(0), d_bias.row(0), pool);
  layer_norm_backward(normalized, inverse, gain.row(0), dx, /*add=*/false, dx, d_gain.row(0), d_bias.row(0), pool);
  for (std::size_t i = 0; i < dx.size(); ++i) EXPECT_FLOAT_EQ(added.data()[i], dx.data()[i] + 1);
  EXPECT_LT(gradient_error(loss, all(x), all(dx), 1e-3f).largest, 5e-3);
  EXPECT_LT(gradient_error(loss, all(gain), all(d_gain), 1e-3f).largest, 5e-3);
  EXPECT_LT(gradient_error(loss, all(bias), all(d_bias), 1e-3f).largest, 5e-3);
}

TEST(Attention, WeighsTheValuesByTheSoftmaxOfTheProductsAndKnowsNoLaterToken) {
  ThreadPool pool(1);
  Matrix queries(2, 1), keys(2, 1), values(2, 1), out(2, 1);
  queries(0, 0) = 5, queries(1, 0) = 1;
  keys(0, 0) = 0, keys(1, 0) = std::log(3.0f);
  values(0, 0) = 10, values(1, 0) = 2;
  AttentionWeights weights;
  attention_forward({std::vector<std::uint32_t>{0, 2}}, queries, keys, values, weights, out, pool);
  EXPECT_FLOAT_EQ(out(0, 0), 10);                     // itself alone
  EXPECT_FLOAT_EQ(out(1, 0), 0.25f * 10 + 0.75f * 2);  // exp(0) : exp(log 3)
}

TEST(Attention, GradientsAgreeWithFiniteDifferences) {
  ThreadPool pool(2);
  for (const bool last_only : {false, true}) {
    const AttentionShape shape{kOffsets, 2, last_only};
    const std::size_t num_queries = last_only ? kOffsets.size() - 1 : 52;
    Matrix queries = random_matrix(num_queries, 6, 1), keys = random_matrix(52, 6, 2), values = random_matrix(52, 6, 3);
    Matrix out(num_queries, 6);
    const Matrix wanted = random_matrix(num_queries, 6, 4);
    AttentionWeights weights;
    const auto loss = [&] {
      attention_forward(shape, queries, keys, values, weights, out, pool);
      return inner(out, wanted);
    };
    loss();
    Matrix d_queries(num_queries, 6, 7), d_keys(52, 6, 7), d_values(52, 6, 7);
    attention_backward(shape, queries, keys, values, weights, wanted, d_queries, d_keys, d_values, pool);
    EXPECT_LT(gradient_error(loss, all(queries), all(d_queries), 3e-3f).largest, 5e-3);
    EXPECT_LT(gradient_error(loss, all(keys), all(d_keys), 3e-3f).largest, 5e-3);
    EXPECT_LT(gradient_error(loss, all(values), all(d_values), 3e-3f).largest, 5e-3);
  }
}

Table product(const Table& x, const Matrix& weight) {
  Table y(x.size(), std::vector<double>(weight.cols(), 0.0));
  for (std::size_t r = 0; r < x.size(); ++r)
    for (std::size_t c = 0; c < weight.cols(); ++c)
      for (std::size_t k = 0; k < weight.rows(); ++k) y[r][c] += x[r][k] * weight(k, c);
  return y;
}

Table norm(Table x, const Matrix& gain, const Matrix& bias) {
  for (auto& row : x) {
    double mean = 0, variance = 0;
    for (const double value : row) mean += value / static_cast<double>(row.size());
    for (const double value : row) variance += (value - mean) * (value - mean) / static_cast<double>(row.size());
    for (std::size_t c = 0; c < row.size(); ++c) row[c] = (row[c] - mean) / std::sqrt(variance + 1e-5) * gain(0, c) + bias(0, c);
  }
  return x;
}

double gelu(double x) { return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x))); }

Table attend(const Table& q, const Table& k, const Table& v, std::size_t num_heads) {
  const std::size_t width = q[0].size() / num_heads;
  Table out(q.size(), std::vector<double>(q[0].size(), 0.0));
  for (std::size_t t = 0; t < q.size(); ++t)
    for (std::size_t head = 0; head < num_heads; ++head) {
      std::vector<double> chance(t + 1, 0.0);
      double total = 0;
      for (std::size_t s = 0; s <= t; ++s) {
        for (std::size_t c = head * width; c < (head + 1) * width; ++c) chance[s] += q[t][c] * k[s][c];
        total += chance[s] = std::exp(chance[s] / std::sqrt(static_cast<double>(width)));
      }
      for (std::size_t s = 0; s <= t; ++s)
        for (std::size_t c = head * width; c < (head + 1) * width; ++c) out[t][c] += chance[s] / total * v[s][c];
    }
  return out;
}

// One sequence at a time, all tokens through all blocks, in double precision. -> the last token's vector
std::vector<double> encode_slowly(SequenceEncoder& encoder, Table x) {
  const auto p = encoder.parameters();
  std::size_t at = 0;
  const auto next = [&]() -> const Matrix& { return p[at++]->value; };
  const auto add = [](Table& to, const Table& y, const Matrix* bias) {
    for (std::size_t r = 0; r < to.size(); ++r)
      for (std::size_t c = 0; c < to[r].size(); ++c) to[r][c] += y[r][c] + (bias ? (*bias)(0, c) : 0);
  };
  for (std::size_t block = 0; block < encoder.options().num_blocks; ++block) {
    const Matrix &gain = next(), &bias = next();
    const Table normed = norm(x, gain, bias);
    const Table q = product(normed, next()), k = product(normed, next()), v = product(normed, next());
    add(x, product(attend(q, k, v, encoder.options().num_heads), next()), nullptr);
    const Matrix &gain_2 = next(), &bias_2 = next(), &weight_1 = next(), &bias_1 = next(), &weight_2 = next(), &out_bias = next();
    Table hidden = product(norm(x, gain_2, bias_2), weight_1);
    for (auto& row : hidden)
      for (std::size_t c = 0; c < row.size(); ++c) row[c] = gelu(row[c] + bias_1(0, c));
    add(x, product(hidden, weight_2), &out_bias);
  }
  const Matrix &gain = next(), &bias = next();
  return norm(x, gain, bias).back();
}

SequenceEncoder encoder_of(std::size_t num_blocks, std::size_t num_heads, std::size_t dim = 6) {
  Rng rng(5);
  SequenceEncoder encoder("encoder", {.dim = dim, .num_blocks = num_blocks, .num_heads = num_heads}, rng);
  for (Parameter* parameter : encoder.parameters())  // gains and biases too
    for (float& value : all(parameter->value)) value += static_cast<float>(0.2 * rng.normal());
  return encoder;
}

TEST(SequenceEncoder, AgreesWithASlowTwin) {
  ThreadPool pool(2);
  for (const std::size_t num_blocks : {1, 2, 3})
    for (const std::size_t num_heads : {1, 2, 3}) {
      SequenceEncoder encoder = encoder_of(num_blocks, num_heads);
      const Matrix tokens = random_matrix(52, 6, 9);
      SequenceEncoder::Activations activations;
      encoder.forward(tokens, kOffsets, 0, {}, activations, pool);
      for (std::size_t s = 0; s + 1 < kOffsets.size(); ++s) {
        Table x;
        for (std::size_t t = kOffsets[s]; t < kOffsets[s + 1]; ++t) x.emplace_back(tokens.row(t).begin(), tokens.row(t).end());
        const auto expected = encode_slowly(encoder, x);
        for (std::size_t c = 0; c < 6; ++c) EXPECT_NEAR(activations.last_norm.y(s, c), expected[c], 1e-4) << num_blocks << " " << s;
      }
    }
}

TEST(SequenceEncoder, GradientsAgreeWithFiniteDifferencesUnderDropout) {
  ThreadPool pool(2);
  const DropoutKey key{1, 2, 3};
  for (const std::size_t num_blocks : {1, 2}) {
    SequenceEncoder encoder = encoder_of(num_blocks, 2);
    Matrix tokens = random_matrix(52, 6, 9);
    const Matrix wanted = random_matrix(kOffsets.size() - 1, 6, 4);
    SequenceEncoder::Activations activations;
    const auto loss = [&] {
      encoder.forward(tokens, kOffsets, 0.3f, key, activations, pool);
      return inner(activations.last_norm.y, wanted);
    };
    loss();
    SequenceEncoder::Gradients gradients;
    encoder.backward(0.3f, key, activations, wanted, gradients, pool);
    EXPECT_LT(gradient_error(loss, all(tokens), all(gradients.tokens), 1e-3f).largest, 8e-3) << num_blocks;
    const auto parameters = encoder.parameters();
    for (std::size_t p = 0; p < parameters.size(); ++p) {
      const GradientError error = gradient_error(loss, all(parameters[p]->value), all(gradients.parameters[p]), 1e-3f);
      EXPECT_LT(error.largest, 8e-3) << parameters[p]->name << "[" << error.element << "]: " << error.claimed << ", " << error.measured;
    }
  }
}

TEST(SequenceEncoder, ResultsAreTheSameForAnyNumberOfThreads) {
  std::vector<std::uint32_t> offsets{0};
  Rng rng(3);
  while (offsets.size() < 500) offsets.push_back(offsets.back() + 1 + static_cast<std::uint32_t>(rng.below(12)));
  const Matrix tokens = random_matrix(offsets.back(), 16, 1), wanted = random_matrix(offsets.size() - 1, 16, 2);
  std::vector<std::vector<float>> results;
  for (const std::size_t num_threads : {1, 2, 3}) {
    ThreadPool pool(num_threads);
    const SequenceEncoder encoder = encoder_of(2, 2, 16);
    SequenceEncoder::Activations activations;
    SequenceEncoder::Gradients gradients;
    encoder.forward(tokens, offsets, 0.2f, {1, 2, 3}, activations, pool);
    encoder.backward(0.2f, {1, 2, 3}, activations, wanted, gradients, pool);
    auto& result = results.emplace_back(activations.last_norm.y.data(), activations.last_norm.y.data() + activations.last_norm.y.size());
    result.insert(result.end(), gradients.tokens.data(), gradients.tokens.data() + gradients.tokens.size());
    for (const Matrix& gradient : gradients.parameters) result.insert(result.end(), gradient.data(), gradient.data() + gradient.size());
  }
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

}  // namespace
}  // namespace gemel
