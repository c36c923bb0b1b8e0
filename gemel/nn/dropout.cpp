#include "gemel/nn/dropout.h"

#include <cmath>

#include "gemel/numerics/rng.h"

namespace gemel {
namespace {
constexpr std::size_t kPairsPerBlock = 4096;
}

void dropout(MatrixView values, float rate, const DropoutKey& key, ThreadPool& pool) {
  GEMEL_CHECK(rate >= 0 && rate < 1, "dropout: rate must be in [0, 1)");
  if (rate == 0) return;
  const std::uint64_t stream = splitmix64(splitmix64(splitmix64(key.seed) ^ key.step) ^ key.layer);
  const auto drop_below = static_cast<std::uint32_t>(std::ldexp(double{rate}, 32));
  const float factor[2] = {1 / (1 - rate), 0};  // looked up, not branched on: the branch would be a coin toss
  const std::size_t size = values.size();
  // One hash decides two neighbours: its halves against the threshold.
  pool.for_blocks((size + 1) / 2, kPairsPerBlock, [&](std::size_t begin, std::size_t end) {
    for (std::size_t pair = begin; pair < end; ++pair) {
      const std::uint64_t random = splitmix64(stream + pair * 0x9e3779b97f4a7c15u);
      float& first = values.data[2 * pair];
      first *= factor[static_cast<std::uint32_t>(random) < drop_below];
      if (2 * pair + 1 == size) break;
      float& second = values.data[2 * pair + 1];
      second *= factor[static_cast<std::uint32_t>(random >> 32) < drop_below];
    }
  });
}

}  // namespace gemel
