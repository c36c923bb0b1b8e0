// Rows that lie in clusters, as embeddings of a shop do, for tests of this folder.
#pragma once

#include "gemel/numerics/matrix.h"
#include "gemel/numerics/rng.h"

namespace gemel::testing {

inline Matrix clusters(std::size_t rows, std::size_t dim, std::uint64_t seed) {
  constexpr std::size_t kClusters = 50;
  Rng places(7), rng(seed);
  Matrix centers(kClusters, dim), matrix(rows, dim);
  for (std::size_t i = 0; i < centers.size(); ++i) centers.data()[i] = static_cast<float>(places.normal());
  for (std::size_t r = 0; r < rows; ++r) {
    const std::size_t cluster = rng.below(kClusters);
    for (std::size_t d = 0; d < dim; ++d) matrix(r, d) = centers(cluster, d) + static_cast<float>(0.5 * rng.normal());
  }
  return matrix;
}

}  // namespace gemel::testing
