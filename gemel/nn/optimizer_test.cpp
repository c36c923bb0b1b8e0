#include "gemel/nn/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

constexpr OptimizerKind kKinds[] = {OptimizerKind::kAdagrad, OptimizerKind::kAdam, OptimizerKind::kSgd};

Matrix random_matrix(std::size_t rows, std::size_t cols, std::uint64_t seed) {
  Rng rng(seed);
  Matrix matrix(rows, cols);
  for (std::size_t i = 0; i < matrix.size(); ++i) matrix.data()[i] = static_cast<float>(rng.normal());
  return matrix;
}

std::vector<float> values_of(const Matrix& matrix) { return {matrix.data(), matrix.data() + matrix.size()}; }

// Three updates of one number in double, from the papers.
double value_after_three_steps(const OptimizerConfig& config, double value, const double (&gradients)[3]) {
  double first = 0, second = config.kind == OptimizerKind::kAdagrad ? double{config.initial_accumulator} : 0;
  for (int t = 1; t <= 3; ++t) {
    const double g = gradients[t - 1] + config.weight_decay * value;
    if (config.kind == OptimizerKind::kAdagrad) {
      second += g * g;
      value -= config.learning_rate * g / (std::sqrt(second) + config.adagrad_epsilon);
    } else if (config.kind == OptimizerKind::kAdam) {
      first = config.beta1 * first + (1 - config.beta1) * g;
      second = config.beta2 * second + (1 - config.beta2) * g * g;
      const double mean = first / (1 - std::pow(double{config.beta1}, t)), variance = second / (1 - std::pow(double{config.beta2}, t));
      value -= config.learning_rate * mean / (std::sqrt(variance) + config.adam_epsilon);
    } else {
      first = config.momentum * first + g;
      value -= config.learning_rate * first;
    }
  }
  return value;
}

TEST(Optimizer, ThreeStepsAgreeWithThePapers) {
  ThreadPool pool(1);
  const double gradients[3] = {0.5, -0.2, 0.9};
  for (const OptimizerKind kind : kKinds)
    for (const float weight_decay : {0.0f, 0.1f}) {
      const OptimizerConfig config{.kind = kind, .learning_rate = 0.3f, .weight_decay = weight_decay};
      Parameter parameter{.name = "x", .value = Matrix(1, 1, 2)};
      Optimizer optimizer(config);
      for (std::uint64_t step = 0; step < 3; ++step) {
        optimizer.begin_step(step);
        optimizer.update_dense(parameter, Matrix(1, 1, static_cast<float>(gradients[step])), pool);
      }
      EXPECT_NEAR(parameter.value(0, 0), value_after_three_steps(config, 2, gradients), 1e-5);
    }
}

TEST(Optimizer, RowsWithoutAGradientStayAsTheyAreAndTheOthersMoveAsInADenseUpdate) {
  for (const OptimizerKind kind : kKinds) {
    Optimizer optimizer({.kind = kind, .learning_rate = 0.1f, .weight_decay = 0.01f});
    ThreadPool pool(2);
    const Matrix start = random_matrix(10, 3, 1), gradient = random_matrix(2, 3, 2);
    Parameter by_rows{.name = "table", .value = start}, dense = by_rows;
    Matrix dense_gradient(10, 3);
    const std::uint32_t rows[] = {7, 2};
    for (std::size_t i = 0; i < 2; ++i) std::copy_n(gradient.row(i).data(), 3, dense_gradient.row(rows[i]).data());
    for (std::uint64_t step = 0; step < 4; ++step) {
      optimizer.begin_step(step);
      optimizer.update_rows(by_rows, rows, gradient, pool);
      optimizer.update_dense(dense, dense_gradient, pool);
    }
    for (std::size_t row = 0; row < 10; ++row)
      for (std::size_t col = 0; col < 3; ++col) {
        const bool touched = row == 7 || row == 2;
        EXPECT_EQ(by_rows.value(row, col) != start(row, col), touched);
        if (touched) {
          EXPECT_NEAR(by_rows.value(row, col), dense.value(row, col), 1e-6);
        }
      }
  }
}

TEST(Optimizer, EveryKindFindsTheMinimumOfAParabola) {
  for (const OptimizerKind kind : kKinds) {
    Optimizer optimizer({.kind = kind, .learning_rate = 0.2f, .schedule = Schedule::kCosine, .total_steps = 2000});
    ThreadPool pool(1);
    Parameter parameter{.name = "x", .value = Matrix(1, 2, 1)};
    for (std::uint64_t step = 0; step < 2000; ++step) {
      Matrix gradient(1, 2);
      gradient(0, 0) = parameter.value(0, 0) - 3;
      gradient(0, 1) = 4 * (parameter.value(0, 1) + 2);
      optimizer.begin_step(step);
      optimizer.update_dense(parameter, gradient, pool);
    }
    EXPECT_NEAR(parameter.value(0, 0), 3, 1e-2);
    EXPECT_NEAR(parameter.value(0, 1), -2, 1e-2);
  }
}

TEST(Optimizer, ResultsAreTheSameForAnyNumberOfThreads) {
  for (const OptimizerKind kind : kKinds) {
    std::vector<std::vector<float>> results;
    for (const std::size_t num_threads : {1, 2, 3}) {
      Optimizer optimizer({.kind = kind});
      ThreadPool pool(num_threads);
      Parameter parameter{.name = "x", .value = random_matrix(3001, 33, 1)};
      for (std::uint64_t step = 0; step < 3; ++step) {
        optimizer.begin_step(step);
        optimizer.update_dense(parameter, random_matrix(3001, 33, step), pool);
      }
      results.push_back(values_of(parameter.value));
    }
    EXPECT_EQ(results[0], results[1]);
    EXPECT_EQ(results[0], results[2]);
  }
}

TEST(Optimizer, SchedulesWarmUpAndDecayToTheirEnd) {
  OptimizerConfig config{.learning_rate = 2, .schedule = Schedule::kLinear, .total_steps = 100, .final_fraction = 0.1f};
  EXPECT_FLOAT_EQ(scheduled_learning_rate(config, 0), 2);
  EXPECT_FLOAT_EQ(scheduled_learning_rate(config, 50), 2 * 0.55f);
  EXPECT_FLOAT_EQ(scheduled_learning_rate(config, 100), 0.2f);
  EXPECT_FLOAT_EQ(scheduled_learning_rate(config, 5000), 0.2f);
  config.schedule = Schedule::kCosine;
  EXPECT_FLOAT_EQ(scheduled_learning_rate(config, 50), 2 * 0.55f);
  EXPECT_FLOAT_EQ(scheduled_learning_rate(config, 25), static_cast<float>(2 * (0.1 + 0.9 * 0.5 * (1 + std::sqrt(0.5)))));
  config.schedule = Schedule::kConstant;
  config.warmup_steps = 4;
  EXPECT_FLOAT_EQ(scheduled_learning_rate(config, 0), 0.5f);
  EXPECT_FLOAT_EQ(scheduled_learning_rate(config, 3), 2);
  EXPECT_FLOAT_EQ(scheduled_learning_rate(config, 99), 2);
}

}  // namespace
}  // namespace gemel
