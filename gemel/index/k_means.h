// Lloyd's algorithm on rows of floats: centroids that many rows are near to. The same for any number of threads. After Ctrl-C it comes to
// an end early, and nothing of it is to be kept.
#pragma once

#include <cstdint>
#include <vector>

#include "gemel/numerics/matrix.h"
#include "gemel/numerics/thread_pool.h"

namespace gemel {

struct KMeansOptions {
  std::size_t num_centroids = 0;  // at most the number of rows
  std::size_t iterations = 10;
  std::uint64_t seed = 0;
};

// [num_centroids, dim]. Starts from distinct rows drawn at random; a centroid that no row is nearest to moves beside one that too many are.
Matrix k_means(ConstMatrixView rows, const KMeansOptions& options, ThreadPool& pool);

// The nearest centroid of each row by Euclidean distance, ties to the lower one.
std::vector<std::uint32_t> nearest_centroids(ConstMatrixView rows, ConstMatrixView centroids, ThreadPool& pool);

// Row numbers by group: those of group g are rows[starts[g]] ... rows[starts[g + 1] - 1], ascending.
struct Grouping {
  std::vector<std::size_t> starts;  // [num_groups + 1]
  std::vector<std::uint32_t> rows;
};
Grouping group_rows(std::span<const std::uint32_t> group_of_row, std::size_t num_groups);

}  // namespace gemel
