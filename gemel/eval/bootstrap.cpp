#include "gemel/eval/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <string_view>
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
  for (const UserIndex user : users)
    customer_of_query_.push_back(
        customer_of_user.try_emplace(to_size(user), static_cast<std::uint32_t>(customer_of_user.size())).first->second);
  num_customers_ = customer_of_user.size();
}

// Customers with the same figures, of whom there are many (those without a hit), are one row that is drawn often: a resample counts its
// draws of each row, and the rows are few enough for the caches.
struct CustomerBootstrap::Rows {
  std::vector<std::uint32_t> row_of_customer;
  std::vector<double> totals;  // [columns + 1], of all customers
  std::vector<double> values;  // [rows, columns + 1]: sums over the customer's queries, then how many they are
};

CustomerBootstrap::Rows CustomerBootstrap::distinct_rows(std::span<const double> values, std::size_t num_columns) const {
  const std::size_t width = num_columns + 1;
  std::vector<double> sums(num_customers() * width);
  for (std::size_t query = 0; query < num_queries(); ++query) {
    double* row = sums.data() + customer_of_query_[query] * width;
    for (std::size_t column = 0; column < num_columns; ++column) row[column] += values[query * num_columns + column];
    ++row[num_columns];
  }
  Rows rows;
  rows.totals.assign(width, 0.0);
  std::unordered_map<std::string_view, std::uint32_t> known;
  for (std::size_t customer = 0; customer < num_customers(); ++customer) {
    const double* row = sums.data() + customer * width;
    for (std::size_t column = 0; column < width; ++column) rows.totals[column] += row[column];
    const std::string_view bytes(reinterpret_cast<const char*>(row), width * sizeof(double));
    const auto [found, is_new] = known.try_emplace(bytes, static_cast<std::uint32_t>(known.size()));
    if (is_new) rows.values.insert(rows.values.end(), row, row + width);
    rows.row_of_customer.push_back(found->second);
  }
  return rows;
}

// Resamples [first, first + kTogether), in turns draw by draw: each waits for its own last random number only.
void CustomerBootstrap::resample(const Rows& rows, std::size_t num_columns, std::size_t first, std::span<double> means) const {
  const std::size_t width = num_columns + 1, num_rows = rows.values.size() / width;
  std::vector<std::uint32_t> counts(num_rows * kTogether);
  Rng random[kTogether] = {Rng(seed_, first), Rng(seed_, first + 1), Rng(seed_, first + 2), Rng(seed_, first + 3)};
  const std::uint64_t size = num_customers();
  for (std::size_t draw = 0; draw < size; ++draw)
#pragma GCC unroll 4
    for (std::size_t r = 0; r < kTogether; ++r) ++counts[rows.row_of_customer[random[r].below(size)] * kTogether + r];
  std::vector<double> sums(width);
  for (std::size_t r = 0; r < kTogether; ++r) {
    std::ranges::fill(sums, 0.0);
    for (std::size_t row = 0; row < num_rows; ++row) {
      const double count = counts[row * kTogether + r];
      if (count == 0) continue;
      for (std::size_t column = 0; column < width; ++column) sums[column] += count * rows.values[row * width + column];
    }
    for (std::size_t column = 0; column < num_columns; ++column) means[r * num_columns + column] = sums[column] / sums.back();
  }
}

std::vector<Interval> CustomerBootstrap::intervals(std::span<const double> values, std::size_t num_columns, ThreadPool& pool) const {
  GEMEL_CHECK(values.size() == num_queries() * num_columns);
  std::vector<Interval> intervals(num_columns);
  if (values.empty()) return intervals;
  const Rows rows = distinct_rows(values, num_columns);
  std::vector<double> means(kNumResamples * num_columns);  // [resamples, num_columns]
  pool.for_blocks(kNumResamples, kTogether, [&](std::size_t begin, std::size_t end) {
    resample(rows, num_columns, begin, std::span(means).subspan(begin * num_columns, (end - begin) * num_columns));
  });
  std::vector<double> sorted(kNumResamples);
  for (std::size_t column = 0; column < num_columns; ++column) {
    for (std::size_t resample = 0; resample < kNumResamples; ++resample) sorted[resample] = means[resample * num_columns + column];
    std::sort(sorted.begin(), sorted.end());
    intervals[column] = {rows.totals[column] / rows.totals.back(), quantile(sorted, 0.025), quantile(sorted, 0.975)};
  }
  return intervals;
}

}  // namespace gemel
