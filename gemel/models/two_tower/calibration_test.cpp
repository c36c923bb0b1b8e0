#include "gemel/models/two_tower/calibration.h"

#include <gtest/gtest.h>

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
  ThreadPool pool{2};

  Simulation(std::size_t num_queries, const std::vector<double>& weights, const std::vector<double>& gate_values) : queries(num_queries, kDim) {
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
      std::vector<double> chance(kItems);
      double total = 0;
      for (std::size_t j = 0; j < kItems; ++j) {
        double logit = 0;
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
  CalibrationProblem problem() const { return {plan, picked, queries, gates, candidates, 1, log_shares, eligible}; }
};

const std::vector<double> kWeights{0.9, -0.2};
const std::vector<double> kGates{0, 0.3, 0.6, 1, 1.2, 0.8};

TEST(Calibration, RecoversTheWeightsAndGatesThatTheCustomersChoseBy) {
  Simulation simulation(20000, kWeights, kGates);
  const Calibration found = calibrate(simulation.problem(), {{0.3, 0.3}, std::vector<double>(kNumGates, 1.0)}, simulation.pool);
  for (std::size_t h = 0; h < kWeights.size(); ++h) EXPECT_NEAR(found.popularity_weights[h], kWeights[h], 0.06);
  for (std::size_t g = 0; g < kGates.size(); ++g) EXPECT_NEAR(found.tower_gates[g], kGates[g], 0.06);
}

TEST(Calibration, GradientAgreesWithFiniteDifferences) {
  Simulation simulation(300, kWeights, kGates);
  const Calibration at{{0.5, 0.1}, {0.2, 0.4, 0.6, 0.8, 1.0, 1.2}};
  std::vector<double> gradient(8);
  calibration_log_likelihood(simulation.problem(), at, gradient, simulation.pool);
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    const auto moved = [&](double step) {
      Calibration there = at;
      (i < 2 ? there.popularity_weights[i] : there.tower_gates[i - 2]) += step;
      return calibration_log_likelihood(simulation.problem(), there, {}, simulation.pool);
    };
    EXPECT_NEAR(gradient[i], (moved(1e-2) - moved(-1e-2)) / 2e-2, 2e-4);
  }
}

TEST(Calibration, ClosesTheGateWhenTowersMislead) {
  Simulation simulation(3000, kWeights, std::vector<double>(kNumGates, -0.5));
  const Calibration found = calibrate(simulation.problem(), {{0.3, 0.3}, std::vector<double>(kNumGates, 1.0)}, simulation.pool);
  for (const double gate : found.tower_gates) EXPECT_EQ(gate, 0);
}

TEST(Calibration, KeepsTheStartWhenNothingIsAsked) {
  Simulation simulation(0, kWeights, kGates);
  const Calibration found = calibrate(simulation.problem(), {{0.3, 0.4}, std::vector<double>(kNumGates, 1.0)}, simulation.pool);
  EXPECT_EQ(found.popularity_weights, (std::vector<double>{0.3, 0.4}));
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
