#include "gemel/models/two_tower/calibration.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

// Customers who choose among 30 products with chances softmax(gate * tower logit + weights . log shares), over 6 weeks.
struct Simulation {
  static constexpr std::size_t kItems = 30, kBlocks = 6, kDim = 4;
  QueryPlan plan{Protocol::kRollingWeek, Repeats::kKeep, {}, {}, {}, {}, {}};
  Matrix queries, candidates{kItems, kDim};
  std::vector<Matrix> log_shares;
  std::vector<std::vector<std::uint8_t>> eligible;
  std::vector<std::uint32_t> picked;
  std::vector<std::uint8_t> gates;
  std::vector<PersonalCounts::Of> personal;
  std::vector<double> trained_personal_weights;
  ThreadPool pool{2};

  // personal_weights: what their own counts weigh when they choose; empty: nobody had anything.
  Simulation(std::size_t num_queries, const std::vector<double>& weights, const std::vector<double>& gate_values,
             const std::vector<double>& personal_weights = {})
      : queries(num_queries, kDim), trained_personal_weights(personal_weights.size(), 0.1) {
    Rng rng(11);
    for (std::size_t i = 0; i < candidates.size(); ++i) candidates.data()[i] = static_cast<float>(rng.normal());
    for (std::size_t b = 0; b < kBlocks; ++b) {
      Matrix& shares = log_shares.emplace_back(weights.size(), kItems);
      for (std::size_t i = 0; i < shares.size(); ++i) shares.data()[i] = static_cast<float>(-4 + rng.normal());
      auto& may = eligible.emplace_back(kItems, 1);
      may[b] = 0;  // one product a week is not for sale
    }
    for (std::size_t q = 0; q < num_queries; ++q) {
      for (float& value : queries.row(q)) value = static_cast<float>(rng.normal());
      picked.push_back(static_cast<std::uint32_t>(q));
      gates.push_back(static_cast<std::uint8_t>(rng.below(gate_values.size())));
      const auto block = static_cast<std::uint32_t>(q * kBlocks / num_queries);
      std::vector<double> chance(kItems), own(kItems);
      PersonalCounts::Of& had = personal.emplace_back();
      for (std::uint32_t j = 0; j < kItems && !personal_weights.empty(); ++j) {
        if (rng.below(4) != 0) continue;
        had.items.push_back(j);
        for (const double weight : personal_weights) {
          had.values.push_back(static_cast<float>(3 * rng.uniform()));
          own[j] += weight * had.values.back();
        }
      }
      double total = 0;
      for (std::size_t j = 0; j < kItems; ++j) {
        double logit = own[j];
        for (std::size_t d = 0; d < kDim; ++d) logit += gate_values[gates[q]] * queries(q, d) * candidates(j, d);
        for (std::size_t h = 0; h < weights.size(); ++h) logit += weights[h] * log_shares[block](h, j);
        total += chance[j] = eligible[block][j] ? std::exp(logit) : 0;
      }
      double draw = rng.uniform() * total;
      std::size_t chosen = 0;
      while (chosen + 1 < kItems && (draw -= chance[chosen]) > 0) ++chosen;
      const auto target = static_cast<std::uint32_t>(plan.targets.size());
      plan.targets.push_back(ItemIndex{static_cast<std::uint32_t>(chosen)});
      plan.queries.push_back({UserIndex{0}, ActionIndex{0}, 1, {}, block, target, target + 1, 0, 0});
    }
  }
  CalibrationProblem problem() const {
    return {plan, picked, queries, gates, candidates, 1, log_shares, eligible, personal, trained_personal_weights};
  }
};

const std::vector<double> kWeights{0.9, -0.2};
const std::vector<double> kGates{0, 0.3, 0.6, 1, 1.2, 0.8};

// All items ranked, by sorting: the slow twin of the shortlists and of counting ranks.
double slow_ndcg(const Simulation& simulation, const Calibration& at) {
  double total = 0;
  for (std::size_t q = 0; q < simulation.picked.size(); ++q) {
    const PlannedQuery& query = simulation.plan.queries[q];
    std::vector<std::pair<float, std::size_t>> ranked;
    for (std::size_t j = 0; j < Simulation::kItems; ++j) {
      if (!simulation.eligible[query.block][j]) continue;
      float score = 0;
      for (std::size_t d = 0; d < Simulation::kDim; ++d) score += simulation.queries(q, d) * simulation.candidates(j, d);
      score *= static_cast<float>(at.tower_gates[simulation.gates[q]]);
      for (std::size_t h = 0; h < at.popularity_weights.size(); ++h)
        score += static_cast<float>(at.popularity_weights[h]) * simulation.log_shares[query.block](h, j);
      const PersonalCounts::Of& had = simulation.personal[q];
      for (std::size_t i = 0; i < had.items.size(); ++i)
        for (std::size_t p = 0; p < at.personal_weights.size() && had.items[i] == j; ++p)
          score += static_cast<float>(at.personal_weights[p]) * had.values_of(i)[p];
      ranked.emplace_back(-score, j);
    }
    std::ranges::sort(ranked);
    for (std::size_t rank = 0; rank < 20; ++rank) {
      if (ranked[rank].second == to_size(simulation.plan.targets[q])) total += 1 / std::log2(static_cast<double>(rank) + 2);
    }
  }
  return total / static_cast<double>(simulation.picked.size());
}

TEST(Calibration, ShortlistsRankAsAFullSortDoes) {
  const Simulation simulation(500, kWeights, kGates);
  ThreadPool pool(2);
  for (const Calibration& at : {Calibration{{1, 0}, std::vector<double>(kNumGates, 0.0)}, Calibration{kWeights, kGates}}) {
    CalibrationProblem problem = simulation.problem();
    EXPECT_NEAR(calibration_ndcg(problem, at, pool), slow_ndcg(simulation, at), 1e-6);
    problem.shortlist = 21;  // of 30: the union of the shortlists still holds every top 20 that matters here
    EXPECT_NEAR(calibration_ndcg(problem, at, pool), slow_ndcg(simulation, at), 2e-3);
  }
}

TEST(Calibration, RanksAboutAsWellAsTheWeightsThatTheCustomersChoseByAndBetterThanAnyCounter) {
  Simulation simulation(6000, kWeights, kGates);
  const Calibration found = calibrate(simulation.problem(), std::nullopt, simulation.pool);
  const double truth = slow_ndcg(simulation, {kWeights, kGates});
  EXPECT_GT(found.ndcg_at_20, truth - 0.003);
  EXPECT_NEAR(found.ndcg_at_20, slow_ndcg(simulation, found), 1e-6);
  for (const auto& counter : {std::vector<double>{1, 0}, std::vector<double>{0, 1}})
    EXPECT_GT(found.ndcg_at_20, slow_ndcg(simulation, {counter, std::vector<double>(kNumGates, 0.0)}) + 0.02);
}

TEST(Calibration, FindsHowMuchTheCustomersOwnCountsWeigh) {
  const std::vector<double> own{2, -1};
  Simulation simulation(4000, kWeights, kGates, own);
  const Calibration found = calibrate(simulation.problem(), std::nullopt, simulation.pool);
  EXPECT_NEAR(found.ndcg_at_20, slow_ndcg(simulation, found), 1e-6);
  EXPECT_GT(found.ndcg_at_20, slow_ndcg(simulation, {kWeights, kGates, own}) - 0.004);
  EXPECT_GT(found.ndcg_at_20, slow_ndcg(simulation, {kWeights, kGates, {0, 0}}) + 0.05) << "without them it would be far off";
  EXPECT_GT(found.personal_weights[0], 0);
  EXPECT_LT(found.personal_weights[1], 0);
}

TEST(Calibration, ClosesTheGateWhenTowersMislead) {
  Simulation simulation(3000, kWeights, std::vector<double>(kNumGates, -0.5));
  const Calibration found = calibrate(simulation.problem(), std::nullopt, simulation.pool);
  for (const double gate : found.tower_gates) EXPECT_LT(gate, 0.051);
}

TEST(Calibration, IsTheSameForOneAndTwoThreadsAndNeverWorseThanItsStart) {
  Simulation simulation(700, kWeights, kGates);
  ThreadPool alone(1);
  const Calibration one = calibrate(simulation.problem(), std::nullopt, alone);
  const Calibration two = calibrate(simulation.problem(), std::nullopt, simulation.pool);
  EXPECT_EQ(one.popularity_weights, two.popularity_weights);
  EXPECT_EQ(one.tower_gates, two.tower_gates);
  EXPECT_GE(calibrate(simulation.problem(), one, alone).ndcg_at_20, one.ndcg_at_20);
}

TEST(Calibration, KeepsTheStartWhenNothingIsAsked) {
  Simulation simulation(0, kWeights, kGates);
  const Calibration start{{0.3, 0.4}, std::vector<double>(kNumGates, 1.0)};
  EXPECT_EQ(calibrate(simulation.problem(), start, simulation.pool).popularity_weights, start.popularity_weights);
}

TEST(Calibration, GatesGoByHistoryLength) {
  EXPECT_EQ(gate_of(0), 0u);
  EXPECT_EQ(gate_of(2), 2u);
  EXPECT_EQ(gate_of(3), 3u);
  EXPECT_EQ(gate_of(15), 4u);
  EXPECT_EQ(gate_of(16), 5u);
}

}  // namespace
}  // namespace gemel
