// How long does a step's softmax take, with both gradients? Prints a table; the answer of each shape is checked against one row in double.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "gemel/nn/softmax_loss.h"
#include "gemel/numerics/kernels.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

struct Shape {
  std::size_t batch, candidates, dim;
  int repeats;
};

Matrix random_matrix(std::size_t rows, std::size_t cols, Rng& rng) {
  Matrix matrix(rows, cols);
  for (std::size_t i = 0; i < matrix.size(); ++i) matrix.data()[i] = static_cast<float>(rng.normal());
  return matrix;
}

double loss_of_row(const SoftmaxBatchView& batch, std::size_t row) {
  double sum = 0, positive = 0;
  for (std::size_t j = 0; j < batch.candidates.rows; ++j) {
    double logit = 0;
    for (std::size_t d = 0; d < batch.queries.cols; ++d) logit += double{batch.queries.row(row)[d]} * batch.candidates.row(j)[d];
    sum += std::exp(batch.scale * logit);
    if (j == batch.positive[row]) positive = batch.scale * logit;
  }
  return std::log(sum) - positive;
}

void measure(const Shape& shape, std::size_t num_threads) {
  Rng rng(1);
  const Matrix queries = random_matrix(shape.batch, shape.dim, rng), candidates = random_matrix(shape.candidates, shape.dim, rng);
  Matrix d_queries(shape.batch, shape.dim), d_candidates(shape.candidates, shape.dim);
  std::vector<std::uint32_t> positive(shape.batch);
  for (auto& column : positive) column = static_cast<std::uint32_t>(rng.below(shape.candidates));
  std::vector<float> weight(shape.batch, 1), zeros(std::max(shape.batch, shape.candidates), 0);
  const std::span<const float> bias(zeros);
  const SoftmaxBatchView batch{.queries = queries,
                               .candidates = candidates,
                               .scale = 0.3f,
                               .positive = positive,
                               .row_weight = weight,
                               .column_bias = bias.first(shape.candidates),
                               .positive_bias = bias.first(shape.batch)};
  SoftmaxGradients gradients{d_queries, d_candidates};
  ThreadPool pool(num_threads);
  double wall_s = HUGE_VAL, cpu_s = HUGE_VAL;
  for (int repeat = 0; repeat <= shape.repeats; ++repeat) {
    const auto begin = std::chrono::steady_clock::now();
    const std::clock_t cpu_begin = std::clock();
    softmax_loss(batch, &gradients, pool);
    cpu_s = std::min(cpu_s, static_cast<double>(std::clock() - cpu_begin) / CLOCKS_PER_SEC);
    wall_s = std::min(wall_s, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  std::fill(weight.begin(), weight.end(), 0.0f);
  weight.back() = 1;
  const double loss = softmax_loss(batch, nullptr, pool).loss, expected = loss_of_row(batch, shape.batch - 1);
  if (std::abs(loss - expected) > 1e-4 * (1 + expected)) {
    std::fprintf(stderr, "wrong loss: %g, expected %g\n", loss, expected);
    std::exit(1);
  }
  const double operations = 6.0 * static_cast<double>(shape.batch * shape.candidates * shape.dim);
  std::printf("| %zu | %zu | %zu | %zu | %.1f | %.1f | %.0f | %.0f |\n", num_threads, shape.batch, shape.candidates, shape.dim,
              wall_s * 1e3, cpu_s * 1e3, static_cast<double>(shape.batch) / wall_s, operations / cpu_s / 1e9);
}

}  // namespace
}  // namespace gemel

int main() {
  std::printf("kernels: %s\n\n", gemel::kernels().name);
  std::printf("| threads | batch | candidates | dim | wall ms | CPU ms | examples/s | GFLOP/s and core |\n");
  std::printf("|---|---|---|---|---|---|---|---|\n");
  constexpr gemel::Shape kShapes[] = {
      {4096, 2000, 32, 10}, {4096, 4000, 32, 10}, {4096, 4000, 64, 10}, {4096, 20000, 64, 3}, {4096, 100000, 64, 1}};
  for (const std::size_t num_threads : {1, 2})
    for (const gemel::Shape& shape : kShapes) gemel::measure(shape, num_threads);
}
