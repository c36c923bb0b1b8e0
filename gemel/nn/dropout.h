// Inverted dropout (Srivastava et al. 2014, section 10): values are kept with chance 1 - rate and then divided by it. Whether an
// element is kept follows from (seed, step, layer, element) alone, so the backward pass is the same call on the gradient, and
// threads do not matter.
#pragma once

#include <cstdint>

#include "gemel/numerics/matrix.h"
#include "gemel/numerics/thread_pool.h"

namespace gemel {

struct DropoutKey {
  std::uint64_t seed;
  std::uint64_t step;
  std::uint64_t layer;  // distinct for each place that drops
};

// rate in [0, 1); 0 leaves the values alone.
void dropout(MatrixView values, float rate, const DropoutKey& key, ThreadPool& pool);

}  // namespace gemel
