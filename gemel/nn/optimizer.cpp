#include "gemel/nn/optimizer.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "gemel/numerics/kernels.h"

namespace gemel {
namespace {
constexpr std::size_t kFloatsPerBlock = 8192;  // work of one block of the pool

void ensure(Matrix& state, const Matrix& value, float initial) {
  if (state.size() == value.size() && state.cols() == value.cols()) return;
  GEMEL_CHECK(state.size() == 0, "optimiser state of another shape than the parameter");
  state = Matrix(value.rows(), value.cols(), initial);
}
}  // namespace

float scheduled_learning_rate(const OptimizerConfig& config, std::uint64_t step) {
  double factor = 1;
  if (config.schedule != Schedule::kConstant && config.total_steps > 0) {
    const double progress = std::min(1.0, static_cast<double>(step) / static_cast<double>(config.total_steps));
    const double remaining = config.schedule == Schedule::kLinear ? 1 - progress : 0.5 * (1 + std::cos(std::numbers::pi * progress));
    factor = config.final_fraction + (1 - config.final_fraction) * remaining;
  }
  if (step < config.warmup_steps) factor *= static_cast<double>(step + 1) / static_cast<double>(config.warmup_steps);
  return static_cast<float>(config.learning_rate * factor);
}

void Optimizer::prepare(Parameter& parameter) const {
  if (config_.kind != OptimizerKind::kAdagrad) ensure(parameter.first_moment, parameter.value, 0);
  if (config_.kind == OptimizerKind::kAdagrad) ensure(parameter.second_moment, parameter.value, config_.initial_accumulator);
  if (config_.kind == OptimizerKind::kAdam) ensure(parameter.second_moment, parameter.value, 0);
  ++parameter.num_updates;
}

// Values begin .. begin + gradient.size() of the parameter.
void Optimizer::update_span(Parameter& parameter, std::size_t begin, std::span<const float> gradient) const {
  float* value = parameter.value.data() + begin;
  float* first = parameter.first_moment.data() + begin;
  float* second = parameter.second_moment.data() + begin;
  const std::size_t n = gradient.size();
  switch (config_.kind) {
    case OptimizerKind::kAdagrad:
      return kernels().adagrad({learning_rate_, config_.adagrad_epsilon, config_.weight_decay}, gradient.data(), second, value, n);
    case OptimizerKind::kAdam: {
      const auto t = static_cast<double>(parameter.num_updates);
      const auto step_size = static_cast<float>(learning_rate_ / (1 - std::pow(double{config_.beta1}, t)));
      const auto correction = static_cast<float>(1 / std::sqrt(1 - std::pow(double{config_.beta2}, t)));
      return kernels().adam({step_size, config_.beta1, config_.beta2, correction, config_.adam_epsilon, config_.weight_decay},
                            gradient.data(), first, second, value, n);
    }
    case OptimizerKind::kSgd:
      return kernels().momentum({learning_rate_, config_.momentum, config_.weight_decay}, gradient.data(), first, value, n);
  }
}

void Optimizer::update_dense(Parameter& parameter, ConstMatrixView gradient, ThreadPool& pool) const {
  GEMEL_CHECK(gradient.rows == parameter.value.rows() && gradient.cols == parameter.value.cols(), parameter.name);
  prepare(parameter);
  pool.for_blocks(gradient.size(), kFloatsPerBlock,
                  [&](std::size_t begin, std::size_t end) { update_span(parameter, begin, {gradient.data + begin, end - begin}); });
}

void Optimizer::update_rows(Parameter& parameter, std::span<const std::uint32_t> unique_rows, ConstMatrixView row_gradients,
                            ThreadPool& pool) const {
  GEMEL_CHECK(row_gradients.rows == unique_rows.size() && row_gradients.cols == parameter.value.cols(), parameter.name);
  prepare(parameter);
  const std::size_t rows_per_block = std::max<std::size_t>(1, kFloatsPerBlock / std::max<std::size_t>(1, row_gradients.cols));
  pool.for_blocks(unique_rows.size(), rows_per_block, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) update_span(parameter, unique_rows[i] * row_gradients.cols, row_gradients.row(i));
  });
}

}  // namespace gemel
