#include "gemel/index/k_means.h"

#include <algorithm>
#include <numeric>

#include "gemel/base/check.h"
#include "gemel/base/progress.h"
#include "gemel/index/exact_index.h"
#include "gemel/numerics/kernels.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

constexpr std::size_t kRowsAtOnce = 65536;     // answers of the search held at once
constexpr std::size_t kCentroidsAtOnce = 16;   // of a block of work
constexpr float kApart = 1e-3f;                // of a centroid's values, between the halves of one that is split

// Distinct rows in random order (the first steps of a shuffle).
Matrix draw_rows(ConstMatrixView rows, std::size_t num_drawn, std::uint64_t seed) {
  std::vector<std::uint32_t> order(rows.rows);
  std::iota(order.begin(), order.end(), 0u);
  Rng rng(seed);
  Matrix drawn(num_drawn, rows.cols);
  for (std::size_t i = 0; i < num_drawn; ++i) {
    std::swap(order[i], order[i + rng.below(rows.rows - i)]);
    std::ranges::copy(rows.row(order[i]), drawn.row(i).begin());
  }
  return drawn;
}

void move_to_means(ConstMatrixView rows, const Grouping& groups, Matrix& centroids, ThreadPool& pool) {
  pool.for_blocks(centroids.rows(), kCentroidsAtOnce, [&](std::size_t begin, std::size_t end) {
    for (std::size_t c = begin; c < end; ++c) {
      const std::size_t first = groups.starts[c], last = groups.starts[c + 1];
      if (first == last) continue;
      std::ranges::fill(centroids.row(c), 0.0f);
      for (std::size_t i = first; i < last; ++i) kernels().add(rows.row(groups.rows[i]).data(), centroids.row(c).data(), rows.cols);
      kernels().scale(1.0f / static_cast<float>(last - first), centroids.row(c).data(), rows.cols);
    }
  });
}

// Each empty group takes half of the largest one that is left.
void split_largest(const Grouping& groups, Matrix& centroids) {
  const std::size_t num_groups = centroids.rows();
  std::vector<std::size_t> sizes(num_groups);
  for (std::size_t c = 0; c < num_groups; ++c) sizes[c] = groups.starts[c + 1] - groups.starts[c];
  for (std::size_t empty = 0; empty < num_groups; ++empty) {
    if (sizes[empty] > 0) continue;
    const auto largest = static_cast<std::size_t>(std::ranges::max_element(sizes) - sizes.begin());
    for (std::size_t d = 0; d < centroids.cols(); ++d) {
      const float value = centroids(largest, d), shift = (d % 2 == 0 ? kApart : -kApart) * value;
      centroids(empty, d) = value + shift;
      centroids(largest, d) = value - shift;
    }
    sizes[empty] = sizes[largest] / 2;
    sizes[largest] -= sizes[empty];
  }
}

}  // namespace

Grouping group_rows(std::span<const std::uint32_t> group_of_row, std::size_t num_groups) {
  Grouping grouping{std::vector<std::size_t>(num_groups + 1), std::vector<std::uint32_t>(group_of_row.size())};
  for (const std::uint32_t group : group_of_row) ++grouping.starts[group + 1];
  std::partial_sum(grouping.starts.begin(), grouping.starts.end(), grouping.starts.begin());
  std::vector<std::size_t> next(grouping.starts.begin(), grouping.starts.end() - 1);
  for (std::uint32_t row = 0; row < group_of_row.size(); ++row) grouping.rows[next[group_of_row[row]]++] = row;
  return grouping;
}

std::vector<std::uint32_t> nearest_centroids(ConstMatrixView rows, ConstMatrixView centroids, ThreadPool& pool) {
  // |x - c|^2 is smallest where <x, c> - |c|^2 / 2 is largest.
  std::vector<float> bias(centroids.rows);
  for (std::size_t c = 0; c < centroids.rows; ++c) bias[c] = -0.5f * kernels().sum_squares(centroids.row(c).data(), centroids.cols);
  const ExactIndex index(centroids);
  std::vector<std::uint32_t> nearest(rows.rows);
  std::vector<std::vector<ScoredIndex>> found;
  for (std::size_t begin = 0; begin < rows.rows && !interrupted(); begin += kRowsAtOnce) {
    const std::size_t end = std::min(begin + kRowsAtOnce, rows.rows);
    index.search({.queries = rows.row_block(begin, end), .candidate_bias = bias, .eligible = {}, .excluded = {}, .k = 1}, pool, found);
    for (std::size_t row = begin; row < end; ++row) nearest[row] = found[row - begin].empty() ? 0 : found[row - begin][0].index;
  }
  return nearest;
}

Matrix k_means(ConstMatrixView rows, const KMeansOptions& options, ThreadPool& pool) {
  GEMEL_CHECK(options.num_centroids <= rows.rows, "k_means: more centroids than rows");
  Matrix centroids = draw_rows(rows, options.num_centroids, options.seed);
  for (std::size_t iteration = 0; iteration < options.iterations && !interrupted(); ++iteration) {
    const Grouping groups = group_rows(nearest_centroids(rows, centroids, pool), centroids.rows());
    move_to_means(rows, groups, centroids, pool);
    split_largest(groups, centroids);
  }
  return centroids;
}

}  // namespace gemel
