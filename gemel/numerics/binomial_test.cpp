#include "gemel/numerics/binomial.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace gemel {
namespace {

// The probabilities of 0 .. n successes, from the recursion of one more trial; no logarithms of factorials.
std::vector<double> distribution(std::size_t n, double p) {
  std::vector<double> chances(n + 1);
  chances[0] = 1;
  for (std::size_t trial = 0; trial < n; ++trial) {
    for (std::size_t k = trial + 1; k > 0; --k) chances[k] = chances[k] * (1 - p) + chances[k - 1] * p;
    chances[0] *= 1 - p;
  }
  return chances;
}

TEST(DrawBinomial, FollowsTheDistributionOfThatManyTrials) {
  struct Case {
    std::size_t n;
    double p;
  };
  constexpr std::size_t kDraws = 200'000;
  for (const auto [n, p] : {Case{1, 0.3}, Case{7, 0.5}, Case{19, 0.52}, Case{21, 0.5}, Case{40, 0.9}, Case{300, 0.02}, Case{300, 0.034},
                            Case{1000, 0.4}, Case{2000, 0.97}}) {
    Rng random(11, n);
    std::vector<double> counts(n + 1);
    for (std::size_t draw = 0; draw < kDraws; ++draw) ++counts[draw_binomial(random, n, p)];
    // Chi-squared over values that are expected at least 20 times; the rest is one class.
    const std::vector<double> chances = distribution(n, p);
    double statistic = 0, rest_expected = 0, rest_found = 0;
    int classes = 0;
    const auto add = [&](double expected, double found) {
      statistic += (found - expected) * (found - expected) / expected;
      ++classes;
    };
    for (std::size_t k = 0; k <= n; ++k) {
      const double expected = chances[k] * kDraws;
      if (expected >= 20) {
        add(expected, counts[k]);
      } else {
        rest_expected += expected;
        rest_found += counts[k];
      }
    }
    if (rest_expected >= 20) add(rest_expected, rest_found);
    const double freedom = std::max(1, classes - 1);
    EXPECT_LT(statistic, freedom + 4 * std::sqrt(2 * freedom)) << n << " trials, " << p;
    EXPECT_LE(rest_found, rest_expected + 6 * std::sqrt(rest_expected + 1)) << n << " trials, " << p;
  }
}

TEST(DrawBinomial, HasNoLuckWithoutChanceAndAllOfItWithCertainty) {
  Rng random(1);
  for (const std::uint64_t trials : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1'000'000}}) {
    EXPECT_EQ(draw_binomial(random, trials, 0), 0u);
    EXPECT_EQ(draw_binomial(random, trials, 1), trials);
    EXPECT_LE(draw_binomial(random, trials, 0.5), trials);
  }
}

TEST(DrawBinomial, MeanAndSpreadOfManyTrialsAreRight) {
  constexpr double kTrials = 5e7, kDraws = 20'000;
  for (const double p : {1e-6, 1e-3, 0.3, 0.8}) {
    Rng random(3);
    double sum = 0, squares = 0;
    for (int draw = 0; draw < kDraws; ++draw) {
      const double off = static_cast<double>(draw_binomial(random, static_cast<std::uint64_t>(kTrials), p)) - kTrials * p;
      sum += off;
      squares += off * off;
    }
    const double variance = kTrials * p * (1 - p);
    EXPECT_LT(std::abs(sum / kDraws), 4 * std::sqrt(variance / kDraws)) << p;
    EXPECT_NEAR(squares / kDraws / variance, 1, 4 * std::sqrt(2 / kDraws)) << p;
  }
}

}  // namespace
}  // namespace gemel
