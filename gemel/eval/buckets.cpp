#include "gemel/eval/buckets.h"

#include <algorithm>
#include <numeric>

namespace gemel {

std::vector<std::uint8_t> popularity_buckets(std::span<const double> sales) {
  std::vector<std::uint32_t> by_sales(sales.size());
  std::iota(by_sales.begin(), by_sales.end(), 0u);
  std::stable_sort(by_sales.begin(), by_sales.end(), [&](std::uint32_t a, std::uint32_t b) { return sales[a] > sales[b]; });
  const double all = std::accumulate(sales.begin(), sales.end(), 0.0);
  std::vector<std::uint8_t> buckets(sales.size(), kPopularityBuckets.size() - 1);
  double sold = 0;
  for (const std::uint32_t item : by_sales) {
    if (sales[item] == 0) break;
    buckets[item] = sold < 0.5 * all ? 0 : sold < 0.8 * all ? 1 : kTailBucket;
    sold += sales[item];
  }
  return buckets;
}

std::size_t history_bucket(std::size_t history_length) {
  return history_length <= 2 ? history_length : history_length <= 5 ? 3 : history_length <= 15 ? 4 : 5;
}

}  // namespace gemel
