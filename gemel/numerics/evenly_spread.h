// A sample without chance.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace gemel {

// At most `wanted` of [0, size), evenly spread.
inline std::vector<std::uint32_t> evenly_spread(std::size_t size, std::size_t wanted) {
  std::vector<std::uint32_t> picked(std::min(size, wanted));
  for (std::size_t i = 0; i < picked.size(); ++i) picked[i] = static_cast<std::uint32_t>(i * size / picked.size());
  return picked;
}

}  // namespace gemel
