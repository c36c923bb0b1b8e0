#include "gemel/eval/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string_view>
#include <unordered_map>

#include "gemel/base/check.h"
#include "gemel/numerics/binomial.h"
#include "gemel/numerics/kernels.h"
#include "gemel/numerics/matrix.h"

namespace gemel {
namespace {

constexpr std::size_t kTogether = 24;      // resamples whose sums are made by one product
constexpr std::size_t kRowsAtOnce = 256;   // added up in floats, then to the doubles
constexpr std::uint32_t kManyAlike = 32;   // customers from which one binomial number costs less than their draws

// Linear between the two nearest order statistics.
double quantile(std::span<const double> sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

CustomerBootstrap::CustomerBootstrap(std::span<const UserIndex> users, std::uint64_t seed) : seed_(seed) {
  constexpr std::uint32_t kNew = ~0u;
  std::vector<std::uint32_t> customer_of_user;
  for (const UserIndex user : users) {
    if (to_size(user) >= customer_of_user.size()) customer_of_user.resize(to_size(user) + 1, kNew);
    std::uint32_t& customer = customer_of_user[to_size(user)];
    if (customer == kNew) customer = static_cast<std::uint32_t>(num_customers_++);
    customer_of_query_.push_back(customer);
  }
}

// Customers with the same figures, of whom there are many (those without a hit), are one row: how often a resample draws them is one
// binomial number. Rows stand by number of customers, falling; the few customers of the last rows are drawn one by one.
struct CustomerBootstrap::Rows {
  std::vector<double> means;                  // [columns], over all queries
  Matrix deviations;  // [rows, columns + 1, padded]: sums over a customer's queries of value - mean, then how many
  std::vector<std::uint32_t> num_customers;  // [rows that stand for kManyAlike or more]
  std::vector<std::uint32_t> row_of_customer;  // of the others

  std::size_t size() const { return deviations.rows(); }
  void draw(Rng random, std::span<std::uint32_t> counts) const;  // how often each row is drawn; from zeros
};

CustomerBootstrap::Rows CustomerBootstrap::distinct_rows(std::span<const double> values, std::size_t num_columns) const {
  const std::size_t width = num_columns + 1;
  std::vector<double> sums(num_customers() * width);
  for (std::size_t query = 0; query < num_queries(); ++query) {
    double* row = sums.data() + customer_of_query_[query] * width;
    for (std::size_t column = 0; column < num_columns; ++column) row[column] += values[query * num_columns + column];
    ++row[num_columns];
  }
  std::vector<double> totals(width);
  struct Row {
    const double* sums;
    std::uint32_t num_customers;
  };
  std::vector<Row> found;
  std::unordered_map<std::string_view, std::size_t> known;
  for (std::size_t customer = 0; customer < num_customers(); ++customer) {
    const double* row = sums.data() + customer * width;
    for (std::size_t column = 0; column < width; ++column) totals[column] += row[column];
    const auto [place, is_new] = known.try_emplace({reinterpret_cast<const char*>(row), width * sizeof(double)}, found.size());
    if (is_new) found.push_back({row, 0});
    ++found[place->second].num_customers;
  }
  std::ranges::stable_sort(found, std::greater(), &Row::num_customers);
  Rows rows;
  for (std::size_t column = 0; column < num_columns; ++column) rows.means.push_back(totals[column] / totals.back());
  rows.deviations = Matrix(found.size(), (width + kProductColumns - 1) / kProductColumns * kProductColumns);
  for (std::size_t r = 0; r < found.size(); ++r) {
    const double num_queries = found[r].sums[num_columns];
    const auto deviations = rows.deviations.row(r);
    for (std::size_t column = 0; column < num_columns; ++column)
      deviations[column] = static_cast<float>(found[r].sums[column] - num_queries * rows.means[column]);
    deviations[num_columns] = static_cast<float>(num_queries);
    if (found[r].num_customers >= kManyAlike) rows.num_customers.push_back(found[r].num_customers);
    else rows.row_of_customer.insert(rows.row_of_customer.end(), found[r].num_customers, static_cast<std::uint32_t>(r));
  }
  return rows;
}

void CustomerBootstrap::Rows::draw(Rng random, std::span<std::uint32_t> counts) const {
  std::uint64_t others = std::accumulate(num_customers.begin(), num_customers.end(), row_of_customer.size());
  std::uint64_t draws = others;
  for (std::size_t row = 0; row < num_customers.size(); ++row) {
    const double chance = static_cast<double>(num_customers[row]) / static_cast<double>(others);  // of this row, once it is none above
    const std::uint64_t count = draw_binomial(random, draws, chance);
    counts[row] = static_cast<std::uint32_t>(count);
    draws -= count;
    others -= num_customers[row];
  }
  for (; draws > 0; --draws) ++counts[row_of_customer[random.below(others)]];
}

// Sums of deviations over what each of the resamples [begin, end) drew. -> [resamples, columns]
std::vector<double> CustomerBootstrap::resample(const Rows& rows, std::size_t begin, std::size_t end) const {
  const std::size_t size = end - begin, width = rows.deviations.cols();
  std::vector<std::uint32_t> counts(size * rows.size());
  for (std::size_t r = 0; r < size; ++r) rows.draw(Rng(seed_, begin + r), std::span(counts).subspan(r * rows.size(), rows.size()));
  std::vector<float> some(size * kRowsAtOnce), product(size * width);
  std::vector<double> sums(size * width);
  for (std::size_t row = 0; row < rows.size(); row += kRowsAtOnce) {
    const std::size_t num_rows = std::min(kRowsAtOnce, rows.size() - row);
    for (std::size_t r = 0; r < size; ++r) std::copy_n(counts.data() + r * rows.size() + row, num_rows, some.data() + r * kRowsAtOnce);
    kernels().tile_product({.a = some.data(),
                            .a_stride = kRowsAtOnce,
                            .b = rows.deviations.row(row).data(),
                            .b_stride = width,
                            .c = product.data(),
                            .c_stride = width,
                            .m = size,
                            .k = num_rows,
                            .n = width});
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += product[i];
  }
  return sums;
}

std::vector<Interval> CustomerBootstrap::intervals(std::span<const double> values, std::size_t num_columns, ThreadPool& pool) const {
  GEMEL_CHECK(values.size() == num_queries() * num_columns);
  std::vector<Interval> intervals(num_columns);
  if (values.empty()) return intervals;
  const Rows rows = distinct_rows(values, num_columns);
  std::vector<double> means(num_columns * kNumResamples);
  pool.for_blocks(kNumResamples, kTogether, [&](std::size_t begin, std::size_t end) {
    const std::size_t width = rows.deviations.cols();
    const std::vector<double> sums = resample(rows, begin, end);
    for (std::size_t r = begin; r < end; ++r)
      for (std::size_t column = 0; column < num_columns; ++column) {
        const double* sum = sums.data() + (r - begin) * width;
        means[column * kNumResamples + r] = rows.means[column] + sum[column] / sum[num_columns];
      }
  });
  for (std::size_t column = 0; column < num_columns; ++column) {
    const auto resampled = std::span(means).subspan(column * kNumResamples, kNumResamples);
    std::ranges::sort(resampled);
    intervals[column] = {rows.means[column], quantile(resampled, 0.025), quantile(resampled, 0.975)};
  }
  return intervals;
}

}  // namespace gemel
