// Dense layers, dropout and normalisation: hand-worked cases, finite differences, threads.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "gemel/nn/dense.h"
#include "gemel/nn/dropout.h"
#include "gemel/nn/l2_normalize.h"
#include "gemel/nn/testing/finite_difference.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

constexpr Activation kActivations[] = {Activation::kLinear, Activation::kRelu, Activation::kGelu};

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

TEST(Dense, AddsTheBiasAndCutsBelowZero) {
  Matrix x(1, 2), weight(2, 2), bias(1, 2), pre(1, 2), y(1, 2);
  x(0, 0) = 1, x(0, 1) = 2;
  weight(0, 0) = 3, weight(0, 1) = -4, weight(1, 0) = 5, weight(1, 1) = 1;
  bias(0, 0) = 0.5f, bias(0, 1) = 1;
  ThreadPool pool(1);
  dense_forward(x, weight, bias.row(0), Activation::kRelu, pre, y, pool);
  EXPECT_EQ(pre(0, 0), 13.5f);
  EXPECT_EQ(pre(0, 1), -1);
  EXPECT_EQ(y(0, 0), 13.5f);
  EXPECT_EQ(y(0, 1), 0);
}

TEST(Dense, GradientsAgreeWithFiniteDifferences) {
  ThreadPool pool(2);
  for (const Activation activation : kActivations) {
    Matrix x = random_matrix(7, 5, 1), weight = random_matrix(5, 3, 2), bias = random_matrix(1, 3, 3);
    const Matrix wanted = random_matrix(7, 3, 4);  // the loss is <y, wanted>
    Matrix pre(7, 3), y(7, 3);
    const auto loss = [&] {
      dense_forward(x, weight, bias.row(0), activation, pre, y, pool);
      return inner(y, wanted);
    };
    loss();
    Matrix dy = wanted, dx(7, 5), d_weight(5, 3), d_bias(1, 3);
    dense_backward(x, weight, activation, Matrix(pre), dy, dx, d_weight, d_bias.row(0), pool);
    const float step = 1e-3f;  // no input of relu lies this near to its corner, see below
    for (std::size_t i = 0; i < pre.size(); ++i) ASSERT_GT(std::abs(pre.data()[i]), 5 * step);
    EXPECT_LT(gradient_error(loss, all(x), all(dx), step).largest, 2e-3);
    EXPECT_LT(gradient_error(loss, all(weight), all(d_weight), step).largest, 2e-3);
    EXPECT_LT(gradient_error(loss, all(bias), all(d_bias), step).largest, 2e-3);
  }
}

TEST(Dense, ResultsAreTheSameForAnyNumberOfThreadsAndReluMayForgetItsInput) {
  const Matrix x = random_matrix(3000, 19, 1), weight = random_matrix(19, 12, 2), bias = random_matrix(1, 12, 3);
  for (const Activation activation : kActivations) {
    std::vector<std::vector<float>> results;
    for (const std::size_t num_threads : {1, 2, 3}) {
      ThreadPool pool(num_threads);
      const bool in_place = num_threads == 3 && activation != Activation::kGelu;
      Matrix y(3000, 12), pre_kept(3000, 12), dy = random_matrix(3000, 12, 4), dx(3000, 19), d_weight(19, 12), d_bias(1, 12);
      Matrix& pre = in_place ? y : pre_kept;
      dense_forward(x, weight, bias.row(0), activation, pre, y, pool);
      dense_backward(x, weight, activation, pre, dy, dx, d_weight, d_bias.row(0), pool);
      std::vector<float> result;
      for (Matrix* part : {&y, &dx, &d_weight, &d_bias}) result.insert(result.end(), part->data(), part->data() + part->size());
      results.push_back(result);
    }
    EXPECT_EQ(results[0], results[1]);
    EXPECT_EQ(results[0], results[2]);
  }
}

TEST(Dropout, KeepsTheExpectedShareAndTheMean) {
  ThreadPool pool(2);
  Matrix values(1, 100001, 1);
  dropout(values, 0.3f, {.seed = 1, .step = 2, .layer = 3}, pool);
  double sum = 0;
  std::size_t dropped = 0;
  for (const float value : all(values)) {
    ASSERT_TRUE(value == 0 || std::abs(value - 1 / 0.7f) < 1e-6f);
    dropped += value == 0;
    sum += value;
  }
  EXPECT_NEAR(static_cast<double>(dropped) / 100001, 0.3, 0.006);  // 4 standard errors
  EXPECT_NEAR(sum / 100001, 1, 0.01);
}

TEST(Dropout, TheSameKeyDropsTheSameElementsOnAnyThreadsAndAnotherKeyOthers) {
  const auto mask = [](const DropoutKey& key, std::size_t num_threads) {
    ThreadPool pool(num_threads);
    Matrix values(101, 333, 1);
    dropout(values, 0.5f, key, pool);
    return std::vector<float>(values.data(), values.data() + values.size());
  };
  const auto base = mask({1, 2, 3}, 1);
  EXPECT_EQ(base, mask({1, 2, 3}, 3));
  for (const DropoutKey& other : {DropoutKey{2, 2, 3}, DropoutKey{1, 3, 3}, DropoutKey{1, 2, 4}, DropoutKey{2, 1, 3}}) {
    const auto values = mask(other, 1);
    std::size_t agree = 0;
    for (std::size_t i = 0; i < base.size(); ++i) agree += base[i] == values[i];
    EXPECT_NEAR(static_cast<double>(agree) / static_cast<double>(base.size()), 0.5, 0.012);
  }
}

TEST(Dropout, RateZeroChangesNothing) {
  ThreadPool pool(1);
  Matrix values = random_matrix(3, 5, 1);
  const Matrix before = values;
  dropout(values, 0, {1, 2, 3}, pool);
  EXPECT_TRUE(std::equal(values.data(), values.data() + 15, before.data()));
}

TEST(L2Normalize, RowsHaveLengthOneAndAZeroRowStaysZero) {
  ThreadPool pool(1);
  Matrix x(3, 2), y(3, 2), norms(1, 3);
  x(0, 0) = 3, x(0, 1) = 4, x(1, 0) = -2;
  l2_normalize_forward(x, y, norms.row(0), pool);
  EXPECT_FLOAT_EQ(y(0, 0), 0.6f);
  EXPECT_FLOAT_EQ(y(0, 1), 0.8f);
  EXPECT_EQ(y(1, 0), -1);
  EXPECT_EQ(y(2, 0), 0);
  EXPECT_EQ(norms(0, 0), 5);
  EXPECT_EQ(norms(0, 2), kNormEpsilon);
}

TEST(L2Normalize, GradientAgreesWithFiniteDifferencesAlsoInPlace) {
  ThreadPool pool(2);
  Matrix x = random_matrix(9, 6, 1), y(9, 6), norms(1, 9), dx(9, 6);
  const Matrix wanted = random_matrix(9, 6, 2);
  const auto loss = [&] {
    l2_normalize_forward(x, y, norms.row(0), pool);
    return inner(y, wanted);
  };
  loss();
  l2_normalize_backward(y, norms.row(0), wanted, dx, pool);
  Matrix in_place = wanted;
  l2_normalize_backward(y, norms.row(0), in_place, in_place, pool);
  EXPECT_TRUE(std::equal(dx.data(), dx.data() + dx.size(), in_place.data()));
  EXPECT_LT(gradient_error(loss, all(x), all(dx), 1e-3f).largest, 2e-3);
}

}  // namespace
}  // namespace gemel
