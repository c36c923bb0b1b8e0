#include "gemel/eval/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

struct Scored {
  std::vector<double> values = std::vector<double>(kNumMetrics);
  double operator[](std::string_view name) const { return values[find_metric(name)]; }
};

Scored score(const std::vector<int>& ranking, std::vector<int> targets) {
  std::vector<ItemIndex> items, sorted_targets;
  for (const int item : ranking) items.push_back(static_cast<ItemIndex>(item));
  std::sort(targets.begin(), targets.end());
  for (const int item : targets) sorted_targets.push_back(static_cast<ItemIndex>(item));
  std::vector<std::uint32_t> ranks;
  find_hit_ranks(items, sorted_targets, ranks);
  Scored scored;
  score_ranking({ranks, targets.size()}, scored.values);
  return scored;
}

TEST(Metrics, AgreeWithACaseWorkedByHand) {
  // Targets 7, 2, 9 of the ranking 5 7 1 4 2 3: hits at ranks 2 and 5, one target is never found.
  const Scored scored = score({5, 7, 1, 4, 2, 3}, {7, 2, 9});
  EXPECT_DOUBLE_EQ(scored["recall_at_1"], 0);
  EXPECT_DOUBLE_EQ(scored["recall_at_5"], 2.0 / 3);
  EXPECT_DOUBLE_EQ(scored["recall_at_100"], 2.0 / 3);
  EXPECT_DOUBLE_EQ(scored["capped_recall_at_1"], 0);
  EXPECT_DOUBLE_EQ(scored["capped_recall_at_5"], 2.0 / 3);
  EXPECT_DOUBLE_EQ(scored["hit_rate_at_5"], 1);
  EXPECT_DOUBLE_EQ(scored["hit_rate_at_1"], 0);
  EXPECT_DOUBLE_EQ(scored["map_at_5"], (1.0 / 2 + 2.0 / 5) / 3);
  EXPECT_DOUBLE_EQ(scored["mrr_at_5"], 0.5);
  const double gain = 1 / std::log2(3.0) + 1 / std::log2(6.0);
  const double ideal = 1 + 1 / std::log2(3.0) + 1 / std::log2(4.0);
  EXPECT_DOUBLE_EQ(scored["ndcg_at_5"], gain / ideal);
}

TEST(Metrics, CapAndIdealStopAtKWhenThereAreMoreTargets) {
  const Scored scored = score({1, 2, 3, 4, 5}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  EXPECT_DOUBLE_EQ(scored["recall_at_5"], 0.5);
  EXPECT_DOUBLE_EQ(scored["capped_recall_at_5"], 1);
  EXPECT_DOUBLE_EQ(scored["ndcg_at_5"], 1);
  EXPECT_DOUBLE_EQ(scored["map_at_5"], 0.5);
}

TEST(Metrics, AreAllOneForAPerfectAndZeroForAnEmptyRanking) {
  const Scored perfect = score({3}, {3});
  const Scored empty = score({}, {3});
  for (std::size_t metric = 0; metric < kNumMetrics; ++metric) {
    EXPECT_EQ(perfect.values[metric], 1) << metric_name(metric);
    EXPECT_EQ(empty.values[metric], 0) << metric_name(metric);
  }
}

TEST(Metrics, DoNotChangeWhenWorseRankedItemsThatAreNoTargetsAreAdded) {
  Rng rng(1);
  for (int trial = 0; trial < 200; ++trial) {
    std::vector<int> items(80);
    for (int i = 0; i < 80; ++i) items[static_cast<std::size_t>(i)] = i;
    rng.shuffle(std::span(items));
    const std::vector<int> ranking(items.begin(), items.begin() + static_cast<int>(rng.below(60)));
    const std::vector<int> targets(items.begin() + 10, items.begin() + 11 + static_cast<int>(rng.below(40)));
    std::vector<int> longer = ranking;
    for (int extra = 0; extra < 30; ++extra) longer.push_back(1000 + extra);
    EXPECT_EQ(score(ranking, targets).values, score(longer, targets).values);
  }
}

TEST(Metrics, NeverGrowWhenAHitMovesDown) {
  for (int rank = 0; rank < 99; ++rank) {
    std::vector<int> better(100), worse(100);
    for (int i = 0; i < 100; ++i) better[static_cast<std::size_t>(i)] = worse[static_cast<std::size_t>(i)] = 10 + i;
    better[static_cast<std::size_t>(rank)] = 1;
    worse[static_cast<std::size_t>(rank) + 1] = 1;
    const Scored a = score(better, {1, 2}), b = score(worse, {1, 2});
    for (std::size_t metric = 0; metric < kNumMetrics; ++metric) EXPECT_GE(a.values[metric], b.values[metric]) << metric_name(metric);
    EXPECT_GT(a["ndcg_at_100"], b["ndcg_at_100"]);
  }
}

}  // namespace
}  // namespace gemel
