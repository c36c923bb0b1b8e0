#include "gemel/eval/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "gemel/base/check.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

// Linear between the two nearest order statistics.
double quantile(std::span<const double> sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

CustomerBootstrap::CustomerBootstrap(std::span<const UserIndex> users, std::uint64_t seed) : seed_(seed) {
  std::unordered_map<std::size_t, std::uint32_t> customer_of_user;
  for (const UserIndex user : users) {
    const auto [found, is_new] = customer_of_user.try_emplace(to_size(user), static_cast<std::uint32_t>(customer_of_user.size()));
    if (is_new) queries_of_customer_.push_back(0);
    customer_of_query_.push_back(found->second);
    ++queries_of_customer_[found->second];
  }
}

std::vector<Interval> CustomerBootstrap::intervals(std::span<const double> values, std::size_t num_columns, ThreadPool& pool) const {
  GEMEL_CHECK(values.size() == num_queries() * num_columns);
  std::vector<Interval> intervals(num_columns);
  if (values.empty()) return intervals;

  std::vector<double> sums(num_customers() * num_columns);  // [num_customers, num_columns]
  for (std::size_t query = 0; query < num_queries(); ++query) {
    const std::size_t customer = customer_of_query_[query];
    for (std::size_t column = 0; column < num_columns; ++column) {
      sums[customer * num_columns + column] += values[query * num_columns + column];
    }
  }
  const auto mean = [&](auto&& draw, std::size_t draws, std::span<double> out) {
    std::fill(out.begin(), out.end(), 0.0);
    double queries = 0;
    for (std::size_t n = 0; n < draws; ++n) {
      const std::size_t customer = draw(n);
      queries += queries_of_customer_[customer];
      const double* row = sums.data() + customer * num_columns;
      for (std::size_t column = 0; column < num_columns; ++column) out[column] += row[column];
    }
    for (double& value : out) value /= queries;
  };

  std::vector<double> means(kNumResamples * num_columns);  // [resamples, num_columns]
  pool.run(kNumResamples, [&](std::size_t resample) {
    Rng rng(seed_, resample);
    mean([&](std::size_t) { return rng.below(num_customers()); }, num_customers(),
         std::span(means).subspan(resample * num_columns, num_columns));
  });
  std::vector<double> plain(num_columns), sorted(kNumResamples);
  mean([](std::size_t n) { return n; }, num_customers(), plain);
  for (std::size_t column = 0; column < num_columns; ++column) {
    for (std::size_t resample = 0; resample < kNumResamples; ++resample) sorted[resample] = means[resample * num_columns + column];
    std::sort(sorted.begin(), sorted.end());
    intervals[column] = {plain[column], quantile(sorted, 0.025), quantile(sorted, 0.975)};
  }
  return intervals;
}

}  // namespace gemel
