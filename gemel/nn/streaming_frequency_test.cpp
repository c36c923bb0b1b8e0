// Does the estimator find 1 - (1 - p)^batch, and follow it when p shifts?
#include "gemel/nn/streaming_frequency.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "gemel/nn/negative_sampling.h"

namespace gemel {
namespace {

// Draws items with these shares.
class Stream {
 public:
  Stream(std::vector<double> share, std::uint64_t seed) : share_(std::move(share)), rng_(seed) {
    std::partial_sum(share_.begin(), share_.end(), std::back_inserter(up_to_));
  }

  std::vector<std::uint32_t> batch(std::size_t size) {
    std::vector<std::uint32_t> items(size);
    for (std::uint32_t& item : items) {
      const auto found = std::ranges::upper_bound(up_to_, rng_.uniform() * up_to_.back());
      item = static_cast<std::uint32_t>(std::min<std::ptrdiff_t>(found - up_to_.begin(), std::ssize(up_to_) - 1));
    }
    return items;
  }

  double chance_in_batch(std::uint32_t item, std::size_t size) const {
    return 1 - std::pow(1 - share_[item] / up_to_.back(), static_cast<double>(size));
  }

 private:
  std::vector<double> share_, up_to_;
  Rng rng_;
};

std::vector<double> falling_shares(std::size_t num_items) {
  std::vector<double> share(num_items);
  for (std::size_t item = 0; item < num_items; ++item) share[item] = 1 / static_cast<double>(item + 1);
  return share;
}

TEST(StreamingFrequency, MovesTheGapByHandWorkedSteps) {
  StreamingFrequency frequency({.learning_rate = 0.5}, 2);
  const auto see = [&](std::uint64_t step) {
    const std::uint32_t items[] = {0, 0};  // twice in a batch counts once
    frequency.observe(step, items);
    return frequency.state().mean_gap[0];
  };
  EXPECT_EQ(frequency.chance_per_step(0), 0);
  EXPECT_EQ(see(3), 4);     // from before step 0
  EXPECT_EQ(see(5), 3);     // 4 / 2 + 2 / 2
  EXPECT_EQ(see(6), 2);     // 3 / 2 + 1 / 2
  EXPECT_EQ(see(16), 6);    // 2 / 2 + 10 / 2
  EXPECT_EQ(frequency.chance_per_step(0), 1 / 6.0);
  EXPECT_EQ(frequency.chance_per_step(1), 0);
  EXPECT_EQ(frequency.state().last_step, (std::vector<std::int64_t>{16, -1}));
}

TEST(StreamingFrequency, TheFirstGapsAreAveragedUntilTheLearningRateTakesOver) {
  StreamingFrequency frequency({.learning_rate = 0.01}, 1);
  const std::uint32_t item[] = {0};
  for (const std::uint64_t step : {1, 5, 11}) frequency.observe(step, item);
  EXPECT_DOUBLE_EQ(frequency.state().mean_gap[0], 4);  // 2, 4 and 6
}

TEST(StreamingFrequency, TendsToTheChanceOfBeingInABatchOnASteadyStream) {
  constexpr std::size_t kBatch = 64;
  Stream stream(falling_shares(200), /*seed=*/1);
  StreamingFrequency frequency({.learning_rate = 0.01}, 200);
  double worst = 0, mean = 0;
  for (std::uint64_t step = 0; step < 20'000; ++step) frequency.observe(step, stream.batch(kBatch));
  for (std::uint32_t item = 0; item < 200; ++item) {
    const double expected = stream.chance_in_batch(item, kBatch);
    const double off = std::abs(std::log(frequency.chance_per_step(item) / expected));
    worst = std::max(worst, off);
    mean += off / 200;
  }
  EXPECT_LT(mean, 0.07);  // in log, as it enters the logits; a mean of 1 / rate gaps spreads by about sqrt(rate / 2) = .07
  EXPECT_LT(worst, 0.35);
}

TEST(StreamingFrequency, FollowsAShiftThatCountsOfTheWholePeriodMiss) {
  constexpr std::size_t kBatch = 64, kItems = 100;
  constexpr std::uint64_t kSteps = 10'000;
  std::vector<double> share = falling_shares(kItems);
  Stream before(share, /*seed=*/1);
  std::ranges::reverse(share);
  Stream after(share, /*seed=*/2);
  StreamingFrequency frequency({.learning_rate = 0.02}, kItems);
  std::vector<double> counts(kItems, 0);
  for (std::uint64_t step = 0; step < 2 * kSteps; ++step) {
    const auto items = (step < kSteps ? before : after).batch(kBatch);
    frequency.observe(step, items);
    for (const std::uint32_t item : items) ++counts[item];
  }
  double streaming_off = 0, counted_off = 0;
  for (std::uint32_t item = 0; item < kItems; ++item) {
    const double expected = after.chance_in_batch(item, kBatch);
    const double counted = 1 - std::pow(1 - counts[item] / (2.0 * kSteps * kBatch), static_cast<double>(kBatch));
    streaming_off += std::abs(std::log(frequency.chance_per_step(item) / expected)) / kItems;
    counted_off += std::abs(std::log(counted / expected)) / kItems;
  }
  EXPECT_LT(streaming_off, 0.12);
  EXPECT_GT(counted_off, 0.4);
}

TEST(StreamingFrequency, ItemsThatShareABucketAreSeenTogetherAndNeverTooRarely) {
  constexpr std::size_t kBatch = 16, kItems = 300;
  Stream stream(falling_shares(kItems), /*seed=*/3);
  StreamingFrequency shared({.learning_rate = 0.01, .num_buckets = 40}, kItems), own({.learning_rate = 0.01}, kItems);
  for (std::uint64_t step = 0; step < 20'000; ++step) {
    const auto items = stream.batch(kBatch);
    shared.observe(step, items);
    own.observe(step, items);
  }
  EXPECT_EQ(shared.state().mean_gap.size(), 40u);
  std::size_t higher = 0;
  for (std::uint32_t item = 0; item < kItems; ++item) {
    EXPECT_GT(shared.chance_per_step(item), 0.6 * stream.chance_in_batch(item, kBatch)) << item;
    higher += shared.chance_per_step(item) > own.chance_per_step(item);
  }
  EXPECT_GT(higher, kItems * 9 / 10);
}

TEST(StreamingFrequency, ARestoredStateGoesOnAsTheOriginal) {
  Stream stream(falling_shares(50), /*seed=*/4);
  StreamingFrequency whole({}, 50), restored({}, 50);
  for (std::uint64_t step = 0; step < 200; ++step) {
    if (step == 100) restored.restore(whole.state());
    const auto items = stream.batch(8);
    whole.observe(step, items);
    if (step >= 100) restored.observe(step, items);
  }
  EXPECT_EQ(whole.state().mean_gap, restored.state().mean_gap);
  EXPECT_EQ(whole.state().last_step, restored.state().last_step);
  EXPECT_EQ(whole.state().num_sightings, restored.state().num_sightings);
}

TEST(StreamingFrequency, CorrectsEachDistinctCandidateByItsChance) {
  // Item 0 in every step, item 1 in every second one: chances 1 and 1/2.
  StreamingFrequency frequency({.learning_rate = 0.5}, 4);
  const std::vector<std::uint32_t> both{1, 0, 0}, one{0};
  for (std::uint64_t step = 0; step < 8; ++step) frequency.observe(step, step % 2 == 1 ? both : one);
  const std::vector<double> counts(4, 1);
  Rng rng(1);
  CandidateSet set;
  for (const bool masked : {false, true}) {
    const NegativeSampler in_batch({.kind = NegativeKind::kInBatch, .mask_accidental_hits = masked, .logq_correction = true}, {0, 1, 2, 3},
                                   counts);
    in_batch.sample(both, rng, set, &frequency);
    ASSERT_EQ(set.items, (std::vector<std::uint32_t>{1, 0}));
    EXPECT_NEAR(set.column_bias[0], std::log(2.0), 1e-6);
    EXPECT_NEAR(set.column_bias[1], 0, 1e-6);
    EXPECT_EQ(set.positive_bias, (std::vector<float>{set.column_bias[0], set.column_bias[1], set.column_bias[1]}));
  }
  // Beside them 3 draws out of 4: not drawn with (3/4)^3; items that no batch held have that chance alone.
  const NegativeSampler mixed({.kind = NegativeKind::kMixed, .num_uniform = 3}, {0, 1, 2, 3}, counts);
  mixed.sample(both, rng, set, &frequency);
  for (std::size_t column = 0; column < set.items.size(); ++column) {
    const double absent[] = {0, 0.5, 1, 1};
    EXPECT_NEAR(set.column_bias[column], -std::log(1 - absent[set.items[column]] * 27 / 64), 1e-6);
  }
}

}  // namespace
}  // namespace gemel
