// The tiled softmax against a naive one in double, and its gradients against finite differences.
#include "gemel/nn/softmax_loss.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include "gemel/nn/testing/finite_difference.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

struct Shape {
  std::size_t rows, candidates, dim, groups;  // 0 groups: no group_bias
  bool masked;  // and with sparse row biases
};

Matrix random_matrix(std::size_t rows, std::size_t cols, double spread, Rng& rng) {
  Matrix matrix(rows, cols);
  for (std::size_t i = 0; i < matrix.size(); ++i) matrix.data()[i] = static_cast<float>(spread * rng.normal());
  return matrix;
}

std::vector<float> random_floats(std::size_t n, Rng& rng) {
  std::vector<float> values(n);
  for (float& value : values) value = static_cast<float>(rng.uniform() * 2 - 1);
  return values;
}

struct Problem {
  Matrix queries, candidates, group_bias;
  float scale = 1.7f;
  std::vector<float> row_weight, column_bias, positive_bias;
  std::vector<std::uint32_t> positive, group, masked_offsets, masked_columns, row_bias_offsets, row_bias_columns;
  std::vector<float> row_bias;

  Problem(const Shape& shape, std::uint64_t seed) {
    Rng rng(seed);
    queries = random_matrix(shape.rows, shape.dim, 1, rng);
    candidates = random_matrix(shape.candidates, shape.dim, 1, rng);
    row_weight = random_floats(shape.rows, rng);
    for (float& weight : row_weight) weight = std::abs(weight);
    column_bias = random_floats(shape.candidates, rng);
    positive_bias = random_floats(shape.rows, rng);
    for (std::size_t row = 0; row < shape.rows; ++row) positive.push_back(static_cast<std::uint32_t>(rng.below(shape.candidates)));
    if (shape.groups > 0) group_bias = random_matrix(shape.groups, shape.candidates, 1, rng);
    for (std::size_t row = 0; row < shape.rows && shape.groups > 0; ++row)
      group.push_back(static_cast<std::uint32_t>(rng.below(shape.groups)));
    std::sort(group.begin(), group.end());
    if (!shape.masked) return;
    row_bias_offsets.push_back(0);
    for (std::size_t row = 0; row < shape.rows; ++row) {
      std::set<std::uint32_t> columns;
      for (std::uint64_t n = rng.below(5); n > 0; --n) columns.insert(static_cast<std::uint32_t>(rng.below(shape.candidates)));
      if (rng.below(2)) columns.insert(positive[row]);
      row_bias_columns.insert(row_bias_columns.end(), columns.begin(), columns.end());
      row_bias_offsets.push_back(static_cast<std::uint32_t>(row_bias_columns.size()));
    }
    row_bias = random_floats(row_bias_columns.size(), rng);
    masked_offsets.push_back(0);
    for (std::size_t row = 0; row < shape.rows; ++row) {
      for (std::uint64_t n = rng.below(4); n > 0; --n) masked_columns.push_back(static_cast<std::uint32_t>(rng.below(shape.candidates)));
      masked_offsets.push_back(static_cast<std::uint32_t>(masked_columns.size()));
    }
  }

  SoftmaxBatchView view() const {
    return {.queries = queries,
            .candidates = candidates,
            .scale = scale,
            .positive = positive,
            .row_weight = row_weight,
            .column_bias = column_bias,
            .positive_bias = positive_bias,
            .group = group,
            .group_bias = group_bias.size() > 0 ? group_bias.view() : ConstMatrixView(),
            .row_bias_offsets = row_bias_offsets,
            .row_bias_columns = row_bias_columns,
            .row_bias = row_bias,
            .masked_offsets = masked_offsets,
            .masked_columns = masked_columns};
  }
};

struct Answer {
  double loss = 0;
  std::size_t num_correct = 0;
  std::vector<double> d_queries, d_candidates, d_group_bias, d_row_bias;
  double d_scale = 0;
};

// Row by row, candidate by candidate, as the formula stands.
Answer naive_softmax(const Problem& p) {
  const std::size_t dim = p.queries.cols(), num_candidates = p.candidates.rows();
  Answer answer;
  answer.d_queries.resize(p.queries.size());
  answer.d_candidates.resize(p.candidates.size());
  answer.d_group_bias.resize(p.group_bias.size());
  answer.d_row_bias.resize(p.row_bias.size());
  for (std::size_t row = 0; row < p.queries.rows(); ++row) {
    std::set<std::uint32_t> masked;
    if (!p.masked_offsets.empty())
      masked.insert(p.masked_columns.begin() + p.masked_offsets[row], p.masked_columns.begin() + p.masked_offsets[row + 1]);
    masked.erase(p.positive[row]);
    std::vector<double> similarity(num_candidates), logit(num_candidates, -HUGE_VAL);
    for (std::size_t j = 0; j < num_candidates; ++j) {
      for (std::size_t d = 0; d < dim; ++d) similarity[j] += double{p.queries(row, d)} * p.candidates(j, d);
      if (masked.contains(static_cast<std::uint32_t>(j))) continue;
      logit[j] = p.scale * similarity[j] + (j == p.positive[row] ? p.positive_bias[row] : p.column_bias[j]);
      if (p.group_bias.size() > 0) logit[j] += p.group_bias(p.group[row], j);
    }
    const std::size_t bias_begin = p.row_bias_offsets.empty() ? 0 : p.row_bias_offsets[row];
    const std::size_t bias_end = p.row_bias_offsets.empty() ? 0 : p.row_bias_offsets[row + 1];
    for (std::size_t e = bias_begin; e < bias_end; ++e) logit[p.row_bias_columns[e]] += p.row_bias[e];
    const double largest = *std::max_element(logit.begin(), logit.end());
    double sum = 0;
    for (const double l : logit) sum += std::exp(l - largest);
    answer.loss += p.row_weight[row] * (largest + std::log(sum) - logit[p.positive[row]]);
    answer.num_correct += logit[p.positive[row]] == largest;
    for (std::size_t j = 0; j < num_candidates; ++j) {
      const double g = p.row_weight[row] * (std::exp(logit[j] - largest) / sum - (j == p.positive[row]));
      for (std::size_t d = 0; d < dim; ++d) {
        answer.d_queries[row * dim + d] += g * p.scale * p.candidates(j, d);
        answer.d_candidates[j * dim + d] += g * p.scale * p.queries(row, d);
      }
      answer.d_scale += g * similarity[j];
      for (std::size_t e = bias_begin; e < bias_end; ++e)
        if (p.row_bias_columns[e] == j) answer.d_row_bias[e] = g;
      if (p.group_bias.size() > 0) answer.d_group_bias[p.group[row] * num_candidates + j] += g;
    }
  }
  return answer;
}

struct Gradients {
  Matrix d_queries, d_candidates, d_group_bias, d_row_bias;
  float d_scale = 0;
  SoftmaxResult result;

  Gradients(const Problem& p, ThreadPool& pool)
      : d_queries(p.queries.rows(), p.queries.cols(), 7),
        d_candidates(p.candidates.rows(), p.candidates.cols(), 7),
        d_group_bias(p.group_bias.rows(), p.group_bias.cols(), 7),
        d_row_bias(1, p.row_bias.size(), 7) {
    SoftmaxGradients gradients{.d_queries = d_queries,
                               .d_candidates = d_candidates,
                               .d_group_bias = d_group_bias.size() > 0 ? d_group_bias.view() : MatrixView(),
                               .d_row_bias = d_row_bias.row(0)};
    result = softmax_loss(p.view(), &gradients, pool);
    d_scale = gradients.d_scale;
  }

  std::vector<float> bytes() const {
    std::vector<float> all{d_scale, static_cast<float>(result.loss)};
    for (const Matrix* part : {&d_queries, &d_candidates, &d_group_bias, &d_row_bias})
      all.insert(all.end(), part->data(), part->data() + part->size());
    return all;
  }
};

void expect_near(const Matrix& values, const std::vector<double>& expected, double tolerance) {
  ASSERT_EQ(values.size(), expected.size());
  double worst = 0;
  for (std::size_t i = 0; i < values.size(); ++i) worst = std::max(worst, std::abs(values.data()[i] - expected[i]));
  EXPECT_LT(worst, tolerance);
}

constexpr Shape kShapes[] = {
    {1, 1, 1, 0, false},     {1, 2, 3, 1, true},     {3, 2, 5, 2, false},    {63, 33, 8, 0, true},    {64, 100, 7, 3, true},
    {65, 31, 16, 65, false}, {200, 130, 9, 1, true}, {1500, 40, 6, 7, true}, {70, 40001, 3, 4, true}, {5, 32768, 2, 0, false},
};

TEST(SoftmaxLoss, AgreesWithTheNaiveOneAtOddSizesWithGroupsRowBiasesAndMasks) {
  ThreadPool pool(2);
  for (const Shape& shape : kShapes) {
    SCOPED_TRACE(testing::Message() << shape.rows << " x " << shape.candidates << " x " << shape.dim);
    const Problem problem(shape, 5);
    const Answer expected = naive_softmax(problem);
    const Gradients actual(problem, pool);
    EXPECT_NEAR(actual.result.loss, expected.loss, 1e-5 * (1 + expected.loss));
    EXPECT_EQ(actual.result.num_correct, expected.num_correct);
    EXPECT_NEAR(actual.d_scale, expected.d_scale, 1e-3);
    expect_near(actual.d_queries, expected.d_queries, 2e-4);
    expect_near(actual.d_candidates, expected.d_candidates, 2e-4);
    expect_near(actual.d_group_bias, expected.d_group_bias, 2e-4);
    expect_near(actual.d_row_bias, expected.d_row_bias, 2e-4);
    EXPECT_EQ(softmax_loss(problem.view(), nullptr, pool).loss, actual.result.loss);
  }
}

TEST(SoftmaxLoss, GradientsAgreeWithFiniteDifferences) {
  ThreadPool pool(1);
  Problem problem({9, 13, 4, 3, true}, 6);
  problem.scale = 0.8f;
  Gradients claimed(problem, pool);
  const auto loss = [&] { return softmax_loss(problem.view(), nullptr, pool).loss; };
  const auto all = [](Matrix& matrix) { return std::span<float>(matrix.data(), matrix.size()); };
  EXPECT_LT(gradient_error(loss, all(problem.queries), all(claimed.d_queries)).largest, 1e-3);
  EXPECT_LT(gradient_error(loss, all(problem.candidates), all(claimed.d_candidates)).largest, 1e-3);
  EXPECT_LT(gradient_error(loss, all(problem.group_bias), all(claimed.d_group_bias)).largest, 1e-3);
  EXPECT_LT(gradient_error(loss, problem.row_bias, all(claimed.d_row_bias)).largest, 1e-3);
  EXPECT_LT(gradient_error(loss, {&problem.scale, 1}, {&claimed.d_scale, 1}).largest, 1e-3);
}

TEST(SoftmaxLoss, IsTheSameBitForBitForAnyNumberOfThreads) {
  for (const Shape& shape : {Shape{1500, 300, 16, 11, true}, Shape{130, 33000, 4, 2, true}}) {
    const Problem problem(shape, 7);
    ThreadPool one(1), two(2), three(3);
    const auto expected = Gradients(problem, one).bytes();
    EXPECT_EQ(Gradients(problem, two).bytes(), expected);
    EXPECT_EQ(Gradients(problem, three).bytes(), expected);
  }
}

TEST(SoftmaxLoss, AHandWorkedRow) {
  // Logits 0 (the positive), log 2, log 5: loss log 8; the positive is not the highest. Row weight 3.
  Problem problem({1, 3, 1, 0, false}, 1);
  problem.queries.fill(0);
  problem.positive = {0};
  problem.positive_bias = {0};
  problem.column_bias = {100, std::log(2.0f), std::log(5.0f)};  // the positive's own column_bias is not read
  problem.row_weight = {3};
  problem.candidates(0, 0) = 1, problem.candidates(1, 0) = 2, problem.candidates(2, 0) = 3;
  problem.scale = 1;
  ThreadPool pool(1);
  const Gradients actual(problem, pool);
  EXPECT_NEAR(actual.result.loss, 3 * std::log(8.0), 1e-6);
  EXPECT_EQ(actual.result.weight, 3);
  EXPECT_EQ(actual.result.num_correct, 0u);
  EXPECT_NEAR(actual.d_queries(0, 0), 3 * (-7 * 1 + 2 * 2 + 5 * 3) / 8.0, 1e-5);
}

TEST(SoftmaxLoss, HugeLogitsNeitherOverflowNorLoseTheGradient) {
  for (const float positive : {-3000.0f, 3000.0f}) {
    Problem problem({1, 2, 1, 0, false}, 1);
    problem.queries.fill(1);
    problem.scale = 1;
    problem.positive = {0};
    problem.positive_bias = {0};
    problem.column_bias = {0, 0};
    problem.row_weight = {1};
    problem.candidates(0, 0) = positive, problem.candidates(1, 0) = 0;
    ThreadPool pool(1);
    const Gradients actual(problem, pool);
    EXPECT_NEAR(actual.result.loss, positive < 0 ? 3000 : 0, 1e-3);
    EXPECT_NEAR(actual.d_candidates(0, 0), positive < 0 ? -1 : 0, 1e-6);
    EXPECT_NEAR(actual.d_candidates(1, 0), positive < 0 ? 1 : 0, 1e-6);
  }
}

TEST(SoftmaxLoss, ANanIsSeenInTheLoss) {
  Problem problem({3, 5, 2, 0, false}, 1);
  problem.candidates(4, 1) = std::numeric_limits<float>::quiet_NaN();
  ThreadPool pool(1);
  EXPECT_TRUE(std::isnan(softmax_loss(problem.view(), nullptr, pool).loss));
}

TEST(SoftmaxLoss, AnEmptyBatchGivesZeros) {
  ThreadPool pool(2);
  Problem problem({0, 5, 2, 0, false}, 1);
  const Gradients actual(problem, pool);
  EXPECT_EQ(actual.result.loss, 0);
  expect_near(actual.d_candidates, std::vector<double>(10, 0), 1e-30);
}

}  // namespace
}  // namespace gemel
