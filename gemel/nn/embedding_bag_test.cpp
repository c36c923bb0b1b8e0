#include "gemel/nn/embedding_bag.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <vector>

#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

Matrix random_matrix(std::size_t rows, std::size_t cols, std::uint64_t seed) {
  Rng rng(seed);
  Matrix matrix(rows, cols);
  for (std::size_t i = 0; i < matrix.size(); ++i) matrix.data()[i] = static_cast<float>(rng.normal());
  return matrix;
}

// Bags of 0 to 6 entries; few rows are popular, so that rows repeat within and across bags.
Bags random_bags(std::size_t size, std::size_t num_rows, bool weighted, std::uint64_t seed) {
  Rng rng(seed);
  Bags bags;
  for (std::size_t bag = 0; bag < size; ++bag) {
    for (std::uint64_t n = rng.below(7); n > 0; --n) {
      bags.rows.push_back(static_cast<std::uint32_t>(rng.below(1 + rng.below(num_rows))));
      if (weighted) bags.weights.push_back(static_cast<float>(rng.uniform() * 2 - 1));
    }
    bags.offsets.push_back(static_cast<std::uint32_t>(bags.rows.size()));
  }
  return bags;
}

TEST(EmbeddingBag, WeighsAndSumsRowsIntoItsColumnsOnly) {
  Matrix table(3, 2);
  for (std::size_t i = 0; i < 6; ++i) table.data()[i] = static_cast<float>(i);  // rows (0 1) (2 3) (4 5)
  const Bags bags{.offsets = {0, 2, 2, 3}, .rows = {1, 2, 0}, .weights = {0.5f, 2, -1}};
  Matrix out(3, 4, 9);
  ThreadPool pool(1);
  embedding_bag_forward(table, bags, out, 1, pool);
  const float expected[3][4] = {{9, 9, 11.5f, 9}, {9, 0, 0, 9}, {9, 0, -1, 9}};  // 0.5 (2 3) + 2 (4 5) = (9 11.5)
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t c = 0; c < 4; ++c) EXPECT_EQ(out(r, c), expected[r][c]);
}

TEST(EmbeddingBag, GradientsOfRepeatedRowsAreSummedOverAllUses) {
  for (const std::size_t dim : {1, 5, 16, 33})
    for (const std::size_t size : {0, 1, 63, 500}) {
      const std::size_t num_rows = 97;
      const Bags first = random_bags(size, num_rows, true, 1), second = random_bags(size / 2, num_rows, false, 2);
      const Matrix d_first = random_matrix(size, dim + 3, 3), d_second = random_matrix(size / 2, dim, 4);
      const BagUseView uses[] = {{&first, d_first, 2}, {&second, d_second, 0}};

      std::map<std::uint32_t, std::vector<double>> expected;
      for (const BagUseView& use : uses)
        for (std::size_t bag = 0; bag < use.bags->size(); ++bag)
          for (std::size_t i = use.bags->offsets[bag]; i < use.bags->offsets[bag + 1]; ++i) {
            auto& sum = expected.try_emplace(use.bags->rows[i], dim, 0.0).first->second;
            const double weight = use.bags->weights.empty() ? 1 : use.bags->weights[i];
            for (std::size_t d = 0; d < dim; ++d) sum[d] += weight * use.d_out.row(bag)[use.column + d];
          }

      ThreadPool pool(2);
      RowGradients gradients;
      for (int repeat = 0; repeat < 2; ++repeat) {  // the scratch of a call must not disturb the next
        gradients.gather(uses, num_rows, dim, pool);
        ASSERT_EQ(gradients.rows().size(), expected.size());
        EXPECT_EQ(std::set<std::uint32_t>(gradients.rows().begin(), gradients.rows().end()).size(), expected.size());
        for (std::size_t slot = 0; slot < gradients.rows().size(); ++slot)
          for (std::size_t d = 0; d < dim; ++d) EXPECT_NEAR(gradients.values().row(slot)[d], expected.at(gradients.rows()[slot])[d], 1e-3);
      }
    }
}

// Forward is linear in the table, so <backward(d), table> = <d, forward(table)> for any d and table.
TEST(EmbeddingBag, BackwardIsTheTransposeOfForward) {
  const Bags bags = random_bags(200, 50, true, 5);
  const Matrix table = random_matrix(50, 8, 6), d_out = random_matrix(200, 8, 7);
  Matrix out(200, 8);
  ThreadPool pool(2);
  embedding_bag_forward(table, bags, out, 0, pool);
  RowGradients gradients;
  const BagUseView uses[] = {{&bags, d_out, 0}};
  gradients.gather(uses, 50, 8, pool);
  double forward = 0, backward = 0;
  for (std::size_t i = 0; i < out.size(); ++i) forward += double{out.data()[i]} * d_out.data()[i];
  for (std::size_t slot = 0; slot < gradients.rows().size(); ++slot)
    for (std::size_t d = 0; d < 8; ++d) backward += double{gradients.values().row(slot)[d]} * table(gradients.rows()[slot], d);
  EXPECT_NEAR(forward, backward, 1e-3);
}

TEST(EmbeddingBag, ResultsAreTheSameForAnyNumberOfThreads) {
  const Bags bags = random_bags(5000, 300, true, 8);
  const Matrix table = random_matrix(300, 20, 9), d_out = random_matrix(5000, 20, 10);
  std::vector<std::vector<float>> results;
  for (const std::size_t num_threads : {1, 2, 3}) {
    ThreadPool pool(num_threads);
    Matrix out(5000, 20);
    embedding_bag_forward(table, bags, out, 0, pool);
    RowGradients gradients;
    const BagUseView uses[] = {{&bags, d_out, 0}};
    gradients.gather(uses, 300, 20, pool);
    std::vector<float> result(out.data(), out.data() + out.size());
    result.insert(result.end(), gradients.values().data, gradients.values().data + gradients.values().size());
    results.push_back(result);
  }
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

}  // namespace
}  // namespace gemel
