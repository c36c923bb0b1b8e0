// Gradients checked by central differences, for the tests of layers and of whole models.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <span>

namespace gemel {

struct GradientError {
  double largest = 0;         // |claimed - measured| / max(1, |measured|) of the worst element looked at
  std::size_t element = 0;    // where
  double claimed = 0;
  double measured = 0;
  std::size_t num_checked = 0;
};

// Moves every stride-th value by +-step, asks `loss` anew and compares the slope with the claimed gradient. The values are put back.
// With a loss computed in floats, a step of 1e-2 and losses near 1 leave errors of about 1e-3.
inline GradientError gradient_error(const std::function<double()>& loss, std::span<float> values, std::span<const float> gradient,
                                    float step = 1e-2f, std::size_t stride = 1) {
  GradientError error;
  for (std::size_t i = 0; i < values.size(); i += stride) {
    const float kept = values[i];
    const float above = kept + step, below = kept - step;
    values[i] = above;
    const double loss_above = loss();
    values[i] = below;
    const double loss_below = loss();
    values[i] = kept;
    const double measured = (loss_above - loss_below) / (static_cast<double>(above) - below);
    const double difference = std::abs(gradient[i] - measured) / std::max(1.0, std::abs(measured));
    ++error.num_checked;
    if (difference > error.largest || std::isnan(difference)) {
      error.largest = std::isnan(difference) ? HUGE_VAL : difference;
      error.element = i;
      error.claimed = gradient[i];
      error.measured = measured;
    }
  }
  return error;
}

}  // namespace gemel
