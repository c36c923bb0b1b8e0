#include "gemel/eval/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>

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
  EXPECT_NEAR(a.low, b.low, 1e-12);
  EXPECT_NEAR(a.high, b.high, 1e-12);
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
