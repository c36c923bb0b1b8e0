// From what recent sales say of a product (features/trend_features.h) to what that adds to its logits: one hidden layer of gelu units, the
// same for every product and day, so that it speaks for one launched yesterday too. Starts at 0: the prior alone.
// Thread safety: forward and backward by one caller for each Activations.
#pragma once

#include <span>
#include <vector>

#include "gemel/nn/parameter.h"
#include "gemel/numerics/rng.h"
#include "gemel/numerics/thread_pool.h"

namespace gemel {

class TrendHead {
 public:
  struct Activations {
    Matrix before_gelu, hidden;  // [n, units]
    Matrix out;                  // [n, 1]
  };
  struct Gradients {
    Matrix weight_1, bias_1, weight_2;
  };

  TrendHead() = default;
  TrendHead(std::size_t num_inputs, std::size_t units, Rng& rng);  // no units: no head

  bool is_empty() const { return weight_1_.value.size() == 0; }
  // inputs [n, num_inputs]; adds to bias [n].
  void forward(ConstMatrixView inputs, Activations& activations, std::span<float> bias, ThreadPool& pool) const;
  void backward(ConstMatrixView inputs, const Activations& activations, std::span<const float> d_bias, Gradients& gradients,
                ThreadPool& pool) const;

  std::vector<Parameter*> parameters();
  static std::vector<const Matrix*> in_order(const Gradients& gradients);  // that of parameters()

 private:
  Parameter weight_1_, bias_1_;  // [num_inputs, units], [1, units]
  Parameter weight_2_;           // [units, 1]; a bias would be the same for all products
};

}  // namespace gemel
