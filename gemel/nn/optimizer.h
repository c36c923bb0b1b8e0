// Adagrad, Adam and SGD with momentum, on whole parameters or on the rows of a table that have a gradient; learning-rate schedules.
// Rows without a gradient stay as they are, moments included (lazy). State lies in the Parameter and is made by its first update.
// Results do not depend on the number of threads. Thread safety: distinct parameters may be updated at the same time.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "gemel/nn/parameter.h"
#include "gemel/numerics/thread_pool.h"

namespace gemel {

enum class OptimizerKind { kAdagrad, kAdam, kSgd };
enum class Schedule { kConstant, kLinear, kCosine };

struct OptimizerConfig {
  OptimizerKind kind = OptimizerKind::kAdagrad;
  float learning_rate = 0.1f;
  float weight_decay = 0;            // L2: added to the gradient, times the value; of a table only in rows that have a gradient
  float initial_accumulator = 0.1f;  // Adagrad
  float adagrad_epsilon = 1e-10f;
  float beta1 = 0.9f;                // Adam
  float beta2 = 0.999f;
  float adam_epsilon = 1e-8f;
  float momentum = 0.9f;             // SGD
  Schedule schedule = Schedule::kConstant;
  std::uint64_t warmup_steps = 0;    // the rate rises linearly over so many steps
  std::uint64_t total_steps = 0;     // where a decaying schedule ends; 0 with kConstant
  float final_fraction = 0;          // of learning_rate, at total_steps and after it
};

// Learning rate of step 0, 1, ...: warm-up times decay.
float scheduled_learning_rate(const OptimizerConfig& config, std::uint64_t step);

class Optimizer {
 public:
  explicit Optimizer(const OptimizerConfig& config) : config_(config) {}

  // Once before the updates of a step (0, 1, ...); a resumed run begins at the step it had reached.
  void begin_step(std::uint64_t step) { learning_rate_ = scheduled_learning_rate(config_, step); }
  float learning_rate() const { return learning_rate_; }

  // gradient [rows, cols] as the value's.
  void update_dense(Parameter& parameter, ConstMatrixView gradient, ThreadPool& pool) const;
  // row_gradients [unique_rows, cols]; no row twice.
  void update_rows(Parameter& parameter, std::span<const std::uint32_t> unique_rows, ConstMatrixView row_gradients, ThreadPool& pool) const;

 private:
  void prepare(Parameter& parameter) const;
  void update_span(Parameter& parameter, std::size_t begin, std::span<const float> gradient) const;

  OptimizerConfig config_;
  float learning_rate_ = 0;
};

}  // namespace gemel
