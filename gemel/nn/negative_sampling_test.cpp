// Does the sampled and corrected softmax teach what the full one teaches?
#include "gemel/nn/negative_sampling.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>
#include <vector>

#include "gemel/nn/softmax_loss.h"
#include "gemel/numerics/matrix.h"

namespace gemel {
namespace {

std::vector<std::uint32_t> first_items(std::size_t n) {
  std::vector<std::uint32_t> items(n);
  for (std::size_t i = 0; i < n; ++i) items[i] = static_cast<std::uint32_t>(i);
  return items;
}

TEST(NegativeSampling, FullTakesEveryAllowedItemOnceWithoutBias) {
  const std::vector<double> counts(6, 1);
  const NegativeSampler sampler({.kind = NegativeKind::kFull, .mask_accidental_hits = true}, {1, 2, 5}, counts);
  Rng rng(1);
  CandidateSet set;
  const std::uint32_t positives[] = {5, 1, 5};
  for (int repeat = 0; repeat < 2; ++repeat) {
    sampler.sample(positives, rng, set);
    EXPECT_EQ(set.items, (std::vector<std::uint32_t>{1, 2, 5}));
    EXPECT_EQ(set.positive, (std::vector<std::uint32_t>{2, 0, 2}));
    EXPECT_EQ(set.column_bias, std::vector<float>(3, 0));
    EXPECT_EQ(set.positive_bias, std::vector<float>(3, 0));
  }
}

TEST(NegativeSampling, InBatchCountsDrawsAndDividesByTheExpectedCount) {
  const std::vector<double> counts = {5, 1, 2, 2};  // shares .5 .1 .2 .2; a batch of 4 expects 2 .4 .8 .8
  const std::uint32_t positives[] = {3, 0, 3, 1};
  Rng rng(1);
  CandidateSet set;
  NegativeSampler({.kind = NegativeKind::kInBatch}, first_items(4), counts).sample(positives, rng, set);
  EXPECT_EQ(set.items, (std::vector<std::uint32_t>{3, 0, 1}));
  EXPECT_EQ(set.positive, (std::vector<std::uint32_t>{0, 1, 0, 2}));
  const double expected[] = {std::log(2 / 0.8), std::log(1 / 2.0), std::log(1 / 0.4)};
  for (std::size_t column = 0; column < 3; ++column) EXPECT_NEAR(set.column_bias[column], expected[column], 1e-6);
  for (std::size_t row = 0; row < 4; ++row) EXPECT_EQ(set.positive_bias[row], set.column_bias[set.positive[row]]);

  NegativeSampler({.kind = NegativeKind::kInBatch, .mask_accidental_hits = true}, first_items(4), counts).sample(positives, rng, set);
  for (std::size_t column = 0; column < 3; ++column) EXPECT_NEAR(set.column_bias[column], expected[column], 1e-6);
  const double q[] = {0.8, 2, 0.8, 0.4};
  for (std::size_t row = 0; row < 4; ++row) EXPECT_NEAR(set.positive_bias[row], -std::log(1 - std::exp(-q[row])), 1e-6);

  NegativeSampler({.kind = NegativeKind::kInBatch, .logq_correction = false}, first_items(4), counts).sample(positives, rng, set);
  EXPECT_NEAR(set.column_bias[0], std::log(2.0), 1e-6);
  EXPECT_EQ(set.column_bias[1], 0);
}

TEST(NegativeSampling, MixedHoldsEachItemOnceAndItsWeightIsOneOnAverage) {
  const std::vector<double> counts = {8, 4, 2, 1, 1, 0, 0, 0};
  const NegativeSampler sampler({.kind = NegativeKind::kMixed, .num_uniform = 12}, {0, 1, 2, 3, 5, 6}, counts);  // 4, 7: not drawn
  Rng rng(3);
  CandidateSet set;
  std::vector<double> mean_weight(8, 0);
  constexpr int kBatches = 20000;
  for (int batch = 0; batch < kBatches; ++batch) {
    std::vector<std::uint32_t> positives(10);
    for (auto& item : positives) {
      const double u = rng.uniform() * 16;
      item = u < 8 ? 0 : u < 12 ? 1 : u < 14 ? 2 : u < 15 ? 3 : 4;
    }
    sampler.sample(positives, rng, set);
    ASSERT_EQ(std::set<std::uint32_t>(set.items.begin(), set.items.end()).size(), set.items.size());
    for (std::size_t row = 0; row < 10; ++row) ASSERT_EQ(set.items[set.positive[row]], positives[row]);
    for (std::size_t column = 0; column < set.items.size(); ++column)
      mean_weight[set.items[column]] += std::exp(double{set.column_bias[column]}) / kBatches;
  }
  for (const std::size_t item : {0, 1, 2, 3, 4, 5, 6}) EXPECT_NEAR(mean_weight[item], 1, 0.04) << item;
  EXPECT_EQ(mean_weight[7], 0);
}

// A shop of some contexts, each with its own chances of the items; logits are <query of the context, candidate>.
struct Shop {
  std::size_t num_contexts, num_items;
  std::vector<double> joint;  // [contexts, items], sums to 1
  std::vector<double> cumulative, share;
  Matrix queries, candidates;

  Shop(std::size_t contexts, std::size_t items, std::size_t dim, std::uint64_t seed)
      : num_contexts(contexts), num_items(items), share(items, 0), queries(contexts, dim), candidates(items, dim) {
    Rng rng(seed);
    double total = 0;
    for (std::size_t context = 0; context < contexts; ++context)
      for (std::size_t item = 0; item < items; ++item)
        total += joint.emplace_back(std::exp(rng.normal()) / static_cast<double>(item + 1));  // Zipf, tilted by context
    double sum = 0;
    for (std::size_t i = 0; i < joint.size(); ++i) {
      joint[i] /= total;
      share[i % items] += joint[i];
      cumulative.push_back(sum += joint[i]);
    }
    for (std::size_t i = 0; i < queries.size(); ++i) queries.data()[i] = static_cast<float>(rng.normal());
    for (std::size_t i = 0; i < candidates.size(); ++i) candidates.data()[i] = static_cast<float>(rng.normal());
  }

  // Chance of each item in a context.
  std::vector<double> conditional(std::size_t context) const {
    std::vector<double> chances(joint.begin() + static_cast<std::ptrdiff_t>(context * num_items),
                                joint.begin() + static_cast<std::ptrdiff_t>((context + 1) * num_items));
    double sum = 0;
    for (const double chance : chances) sum += chance;
    for (double& chance : chances) chance /= sum;
    return chances;
  }
};

struct Batch {
  std::vector<std::uint32_t> contexts, items;

  Batch(const Shop& shop, std::size_t size, Rng& rng) {
    for (std::size_t row = 0; row < size; ++row) {
      const auto at = std::upper_bound(shop.cumulative.begin(), shop.cumulative.end() - 1, rng.uniform()) - shop.cumulative.begin();
      contexts.push_back(static_cast<std::uint32_t>(static_cast<std::size_t>(at) / shop.num_items));
      items.push_back(static_cast<std::uint32_t>(static_cast<std::size_t>(at) % shop.num_items));
    }
  }
};

// Gradient by the candidate table [items, dim], divided by the batch's size.
std::vector<float> gradient(const Shop& shop, const Matrix& table, const Batch& batch, const NegativeSampler& sampler, Rng& rng,
                            ThreadPool& pool, const StreamingFrequency* frequency = nullptr) {
  const std::size_t dim = table.cols(), size = batch.items.size();
  CandidateSet set;
  sampler.sample(batch.items, rng, set, frequency);
  Matrix queries(size, dim), candidates(set.items.size(), dim), d_queries(size, dim), d_candidates(set.items.size(), dim);
  for (std::size_t row = 0; row < size; ++row) std::ranges::copy(shop.queries.row(batch.contexts[row]), queries.row(row).begin());
  for (std::size_t column = 0; column < set.items.size(); ++column)
    std::ranges::copy(table.row(set.items[column]), candidates.row(column).begin());
  const std::vector<float> weight(size, 1.0f / static_cast<float>(size));
  SoftmaxGradients gradients{d_queries, d_candidates};
  softmax_loss({queries, candidates, 1, set.positive, weight, set.column_bias, set.positive_bias}, &gradients, pool);
  std::vector<float> result(table.size(), 0);
  for (std::size_t column = 0; column < set.items.size(); ++column)
    std::ranges::copy(d_candidates.row(column), result.begin() + static_cast<std::ptrdiff_t>(set.items[column] * dim));
  return result;
}

double length(const std::vector<double>& vector) {
  double sum = 0;
  for (const double x : vector) sum += x * x;
  return std::sqrt(sum);
}

// |mean over batches of (sampled gradient - full gradient of the same batch)| / |mean full gradient|: the relative error of the expected
// gradient, with the noise that the two share taken out.
double expected_gradient_error(const Shop& shop, const NegativeSamplingOptions& options, std::size_t batch_size, std::size_t num_rows) {
  const auto all = first_items(shop.num_items);
  const NegativeSampler sampled(options, all, shop.share), full({.kind = NegativeKind::kFull}, all, shop.share);
  ThreadPool pool(1);
  Rng rng(17, batch_size);
  std::vector<double> difference(shop.candidates.size(), 0), mean(shop.candidates.size(), 0);
  for (std::size_t batch_begin = 0; batch_begin < num_rows; batch_begin += batch_size) {
    const Batch batch(shop, batch_size, rng);
    const auto estimate = gradient(shop, shop.candidates, batch, sampled, rng, pool);
    const auto exact = gradient(shop, shop.candidates, batch, full, rng, pool);
    for (std::size_t i = 0; i < mean.size(); ++i) difference[i] += estimate[i] - exact[i], mean[i] += exact[i];
  }
  return length(difference) / length(mean);
}

constexpr NegativeSamplingOptions kCorrected[] = {
    {.kind = NegativeKind::kInBatch},
    {.kind = NegativeKind::kInBatch, .mask_accidental_hits = true},
    {.kind = NegativeKind::kMixed, .num_uniform = 32},
    {.kind = NegativeKind::kMixed, .num_uniform = 32, .mask_accidental_hits = true},
};

TEST(NegativeSampling, TheExpectedCorrectedGradientApproachesTheFullSoftmaxesAsTheBatchGrows) {
  const Shop shop(16, 50, 4, 5);
  constexpr std::size_t kRows = 1 << 18;
  for (const NegativeSamplingOptions& options : kCorrected) {
    SCOPED_TRACE(testing::Message() << "mixed " << (options.kind == NegativeKind::kMixed) << ", masked " << options.mask_accidental_hits);
    double previous = HUGE_VAL;
    for (const std::size_t batch_size : {64, 256, 1024, 4096}) {
      const double error = expected_gradient_error(shop, options, batch_size, kRows);
      EXPECT_LT(error, previous) << "batch " << batch_size;
      previous = error;
    }
    EXPECT_LT(previous, 0.02);  // of which 0.013 is the noise of so many rows; the error of the expectation falls as 1 / batch
    NegativeSamplingOptions uncorrected = options;
    uncorrected.logq_correction = false;
    EXPECT_GT(expected_gradient_error(shop, uncorrected, 4096, 1 << 15), 0.1);
  }
}

// Gradient descent on free logits: query = unit vector of the context, so candidate [contexts] holds the item's logits. Averages the
// second half of the path (Polyak, Juditsky 1992). Returns the softmax of the logits plus `bias`, [contexts][items].
std::vector<std::vector<double>> learned_chances(Shop shop, const NegativeSamplingOptions& options, const std::vector<double>& bias,
                                                 bool is_streaming = false, std::size_t batch_size = 128) {
  const NegativeSampler sampler(options, first_items(shop.num_items), shop.share);
  shop.queries.fill(0);
  for (std::size_t context = 0; context < shop.num_contexts; ++context) shop.queries(context, context) = 1;
  Matrix logits(shop.num_items, shop.num_contexts);
  std::vector<double> mean(logits.size(), 0);
  constexpr std::size_t kSteps = 4000;
  ThreadPool pool(1);
  Rng rng(23);
  StreamingFrequency frequency({}, shop.num_items);
  for (std::size_t step = 0; step < kSteps; ++step) {
    const Batch batch(shop, batch_size, rng);
    frequency.observe(step, batch.items);
    const auto slope = gradient(shop, logits, batch, sampler, rng, pool, is_streaming ? &frequency : nullptr);
    for (std::size_t i = 0; i < slope.size(); ++i) {
      logits.data()[i] -= 2 * slope[i];
      if (step >= kSteps / 2) mean[i] += 2 * double{logits.data()[i]} / kSteps;
    }
  }
  std::vector<std::vector<double>> chances(shop.num_contexts, std::vector<double>(shop.num_items));
  for (std::size_t context = 0; context < shop.num_contexts; ++context) {
    double sum = 0;
    for (std::size_t item = 0; item < shop.num_items; ++item)
      sum += chances[context][item] = std::exp(mean[item * shop.num_contexts + context] + bias[item]);
    for (double& chance : chances[context]) chance /= sum;
  }
  return chances;
}

double largest_difference(const Shop& shop, const std::vector<std::vector<double>>& chances) {
  double worst = 0;
  for (std::size_t context = 0; context < shop.num_contexts; ++context)
    for (std::size_t item = 0; item < shop.num_items; ++item)
      worst = std::max(worst, std::abs(chances[context][item] - shop.conditional(context)[item]));
  return worst;
}

TEST(NegativeSampling, TheCorrectedLossIsMinimalAtTheFullSoftmaxesChancesAndTheUncorrectedOneIsShiftedByLogP) {
  const Shop shop(2, 8, 2, 9);
  std::vector<double> none(8, 0), log_share(8);
  for (std::size_t item = 0; item < 8; ++item) log_share[item] = std::log(shop.share[item]);
  EXPECT_LT(largest_difference(shop, learned_chances(shop, {.kind = NegativeKind::kFull}, none)), 0.005);
  for (const NegativeSamplingOptions& options : kCorrected) {
    SCOPED_TRACE(testing::Message() << "mixed " << (options.kind == NegativeKind::kMixed) << ", masked " << options.mask_accidental_hits);
    EXPECT_LT(largest_difference(shop, learned_chances(shop, options, none)), 0.005);
  }
  const auto uncorrected = NegativeSamplingOptions{.kind = NegativeKind::kInBatch, .logq_correction = false};
  EXPECT_GT(largest_difference(shop, learned_chances(shop, uncorrected, none)), 0.1);
  EXPECT_LT(largest_difference(shop, learned_chances(shop, uncorrected, log_share)), 0.005);
}

TEST(NegativeSampling, ChancesEstimatedFromTheStreamTeachWhatExactCountsTeach) {
  const Shop shop(2, 8, 2, 9);
  const std::vector<double> none(8, 0);
  for (const NegativeSamplingOptions& options : kCorrected) {
    SCOPED_TRACE(testing::Message() << "mixed " << (options.kind == NegativeKind::kMixed) << ", masked " << options.mask_accidental_hits);
    EXPECT_LT(largest_difference(shop, learned_chances(shop, options, none, /*is_streaming=*/true)), 0.006);
  }
  // A batch so small that most products are missing from it: what the correction is for.
  const NegativeSamplingOptions uncorrected{.kind = NegativeKind::kInBatch, .logq_correction = false};
  EXPECT_LT(largest_difference(shop, learned_chances(shop, {.kind = NegativeKind::kInBatch}, none, /*is_streaming=*/true, 8)), 0.03);
  EXPECT_GT(largest_difference(shop, learned_chances(shop, uncorrected, none, /*is_streaming=*/false, 8)), 0.1);
}

TEST(NegativeSampling, TheSameSeedGivesTheSameBytesForOneAndTwoThreads) {
  const Shop shop(16, 500, 8, 5);
  for (const NegativeSamplingOptions& options : kCorrected) {
    std::vector<std::vector<float>> results;
    for (const std::size_t num_threads : {1, 2}) {
      ThreadPool pool(num_threads);
      Rng rng(31);
      const Batch batch(shop, 3000, rng);
      const NegativeSampler sampler(options, first_items(500), shop.share);
      results.push_back(gradient(shop, shop.candidates, batch, sampler, rng, pool));
    }
    EXPECT_EQ(results[0], results[1]);
  }
}

}  // namespace
}  // namespace gemel
