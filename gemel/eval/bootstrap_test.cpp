#include "gemel/eval/bootstrap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

std::vector<UserIndex> distinct_users(std::size_t count) {
  std::vector<UserIndex> users;
  for (std::size_t user = 0; user < count; ++user) users.push_back(static_cast<UserIndex>(user));
  return users;
}

TEST(CustomerBootstrap, MeanIsOverQueriesAndTheIntervalOfAConstantHasNoWidth) {
  ThreadPool pool(1);
  const std::vector<UserIndex> users = {UserIndex{4}, UserIndex{4}, UserIndex{9}};
  const auto intervals = CustomerBootstrap(users, 1).intervals(std::vector<double>{1, 5, 0, 5, 2, 5}, 2, pool);
  EXPECT_DOUBLE_EQ(intervals[0].value, 1);
  EXPECT_DOUBLE_EQ(intervals[1].value, 5);
  EXPECT_DOUBLE_EQ(intervals[1].low, 5);
  EXPECT_DOUBLE_EQ(intervals[1].high, 5);
}

TEST(CustomerBootstrap, WidthAgreesWithTheNormalApproximationForIndependentCustomers) {
  ThreadPool pool(2);
  Rng rng(7);
  std::vector<double> values(4000);
  for (double& value : values) value = rng.normal();
  double mean = 0, square = 0;
  for (const double value : values) mean += value / 4000;
  for (const double value : values) square += (value - mean) * (value - mean) / 3999;
  const double half_width = 1.96 * std::sqrt(square / 4000);
  const Interval interval = CustomerBootstrap(distinct_users(4000), 3).intervals(values, 1, pool)[0];
  EXPECT_NEAR(interval.value, mean, 1e-12);
  EXPECT_NEAR(interval.high - interval.value, half_width, 0.1 * half_width);
  EXPECT_NEAR(interval.value - interval.low, half_width, 0.1 * half_width);
}

TEST(CustomerBootstrap, QueriesOfOneCustomerCountAsOneDraw) {
  // 400 customers with 25 equal queries each know no more than 400 customers with one each.
  ThreadPool pool(2);
  Rng rng(7);
  std::vector<double> once, often;
  std::vector<UserIndex> users;
  for (std::uint32_t user = 0; user < 400; ++user) {
    once.push_back(rng.normal());
    for (int query = 0; query < 25; ++query) {
      often.push_back(once.back());
      users.push_back(UserIndex{user});
    }
  }
  const Interval a = CustomerBootstrap(distinct_users(400), 3).intervals(once, 1, pool)[0];
  const Interval b = CustomerBootstrap(users, 3).intervals(often, 1, pool)[0];
  EXPECT_NEAR(a.low, b.low, 1e-7);
  EXPECT_NEAR(a.high, b.high, 1e-7);
}

// Draws customers one by one, adds up their queries in doubles, with a generator of its own.
Interval by_single_draws(std::span<const UserIndex> users, std::span<const double> values, std::size_t num_customers) {
  std::vector<double> sums(num_customers), counts(num_customers), means;
  for (std::size_t query = 0; query < users.size(); ++query) {
    sums[to_size(users[query])] += values[query];
    ++counts[to_size(users[query])];
  }
  std::mt19937_64 random(99);
  std::uniform_int_distribution<std::size_t> anyone(0, num_customers - 1);
  for (int resample = 0; resample < 4000; ++resample) {
    double sum = 0, count = 0;
    for (std::size_t draw = 0; draw < num_customers; ++draw) {
      const std::size_t customer = anyone(random);
      sum += sums[customer];
      count += counts[customer];
    }
    means.push_back(sum / count);
  }
  std::ranges::sort(means);
  return {0, means[100], means[3900]};
}

TEST(CustomerBootstrap, AgreesWithDrawingCustomersOneByOne) {
  // Many without a hit, many with the same few figures, some like nobody else; one to three queries each.
  ThreadPool pool(2);
  Rng rng(7);
  std::vector<double> values;
  std::vector<UserIndex> users;
  for (std::uint32_t user = 0; user < 1500; ++user) {
    const double kind = rng.uniform(), figure = kind < 0.6 ? 0 : kind < 0.9 ? 0.25 * static_cast<double>(rng.below(4)) : rng.uniform();
    for (std::size_t query = 0; query <= rng.below(3); ++query) {
      values.push_back(figure);
      users.push_back(UserIndex{user});
    }
  }
  const Interval plain = by_single_draws(users, values, 1500);
  const Interval interval = CustomerBootstrap(users, 3).intervals(values, 1, pool)[0];
  // Of 1,000 means the outer 2.5 % begin within 0.09 standard errors, of which the interval is 4 wide.
  const double noise = 4 * 0.09 * (plain.high - plain.low) / 4;
  EXPECT_NEAR(interval.low, plain.low, noise);
  EXPECT_NEAR(interval.high, plain.high, noise);
}

TEST(CustomerBootstrap, ModelsThatAreAlikeButForOneCustomerHaveANarrowDifference) {
  ThreadPool pool(1);
  std::vector<double> differences(5000);
  differences[17] = 1;  // in a resample once, on average: 0 to 3 times in 95 % of them
  const Interval interval = CustomerBootstrap(distinct_users(5000), 3).intervals(differences, 1, pool)[0];
  EXPECT_NEAR(interval.value, 1.0 / 5000, 1e-9);
  EXPECT_NEAR(interval.low, 0, 1e-9);
  EXPECT_NEAR(interval.high, 3.0 / 5000, 1e-9);
}

TEST(CustomerBootstrap, IsTheSameForEveryNumberOfThreadsAndForTheSameSeed) {
  const std::vector<double> values = {1, 0, 0, 1, 1, 0, 3};
  ThreadPool one(1), two(2);
  const CustomerBootstrap bootstrap(distinct_users(7), 5), again(distinct_users(7), 5);
  const Interval a = bootstrap.intervals(values, 1, one)[0], b = again.intervals(values, 1, two)[0];
  EXPECT_EQ(a.low, b.low);
  EXPECT_EQ(a.high, b.high);
  EXPECT_GE(b.high, b.value);
  EXPECT_LE(b.low, b.value);
}

}  // namespace
}  // namespace gemel
