// 95 % intervals of a mean over queries, by resampling customers: the queries of one customer hang together, so they are drawn together
// (the cluster bootstrap; Efron, Tibshirani 1993, chapter 8). Each resample draws as many customers as there are, with replacement, from
// its own random stream: the intervals are the same for any number of threads. Two models are compared by the intervals of their
// differences, query by query. Thread safety: const after construction.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gemel/data/ids.h"
#include "gemel/numerics/thread_pool.h"

namespace gemel {

struct Interval {
  double value = 0;  // the mean itself
  double low = 0, high = 0;  // 2.5 % and 97.5 % of the resampled means
};

class CustomerBootstrap {
 public:
  static constexpr std::size_t kNumResamples = 1000;

  // users[q] is the customer of query q.
  CustomerBootstrap(std::span<const UserIndex> users, std::uint64_t seed);

  std::size_t num_queries() const { return customer_of_query_.size(); }
  std::size_t num_customers() const { return num_customers_; }

  // Of every column of values [num_queries, num_columns], row-major. -> [num_columns]
  std::vector<Interval> intervals(std::span<const double> values, std::size_t num_columns, ThreadPool& pool) const;

 private:
  struct Rows;
  Rows distinct_rows(std::span<const double> values, std::size_t num_columns) const;
  std::vector<double> resample(const Rows& rows, std::size_t begin, std::size_t end) const;

  std::vector<std::uint32_t> customer_of_query_;
  std::size_t num_customers_ = 0;
  std::uint64_t seed_;
};

}  // namespace gemel
