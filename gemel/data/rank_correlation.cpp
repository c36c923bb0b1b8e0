#include "gemel/data/rank_correlation.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "gemel/base/check.h"

namespace gemel {
namespace {

double correlation(std::span<const double> a, std::span<const double> b) {
  const auto size = static_cast<double>(a.size());
  const double mean_a = std::accumulate(a.begin(), a.end(), 0.0) / size, mean_b = std::accumulate(b.begin(), b.end(), 0.0) / size;
  double both = 0, own_a = 0, own_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    both += (a[i] - mean_a) * (b[i] - mean_b);
    own_a += (a[i] - mean_a) * (a[i] - mean_a);
    own_b += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return own_a > 0 && own_b > 0 ? both / std::sqrt(own_a * own_b) : 0;
}

}  // namespace

std::vector<double> mean_ranks(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return values[i]; });
  std::vector<double> ranks(values.size());
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (std::size_t i = begin; i < end; ++i) ranks[order[i]] = static_cast<double>(begin + end - 1) / 2;
  }
  return ranks;
}

double rank_correlation(std::span<const double> a, std::span<const double> b) {
  GEMEL_CHECK(a.size() == b.size());
  return a.size() < 2 ? 0 : correlation(mean_ranks(a), mean_ranks(b));
}

double partial_rank_correlation(std::span<const double> a, std::span<const double> b, std::span<const double> c) {
  const double ab = rank_correlation(a, b), ac = rank_correlation(a, c), bc = rank_correlation(b, c);
  const double left = (1 - ac * ac) * (1 - bc * bc);
  return left > 0 ? (ab - ac * bc) / std::sqrt(left) : 0;
}

}  // namespace gemel
