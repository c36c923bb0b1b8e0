#include "gemel/features/number_scaler.h"

#include <algorithm>
#include <cmath>

namespace gemel {

NumberScaler::NumberScaler(std::vector<double> values, const std::string& transform, int num_buckets) : log1p(transform == "log1p") {
  std::erase_if(values, [](double value) { return std::isnan(value); });
  if (values.empty()) return;
  double sum = 0, sum_of_squares = 0;
  for (const double value : values) sum += log1p ? std::log1p(value) : value;
  mean = sum / static_cast<double>(values.size());
  for (const double value : values) {
    const double difference = (log1p ? std::log1p(value) : value) - mean;
    sum_of_squares += difference * difference;
  }
  deviation = std::sqrt(sum_of_squares / static_cast<double>(values.size()));
  if (!(deviation > 0)) deviation = 1;  // all alike
  std::sort(values.begin(), values.end());
  for (int b = 1; b < num_buckets; ++b) {
    const double boundary = values[values.size() * static_cast<std::size_t>(b) / static_cast<std::size_t>(num_buckets)];
    if (boundary > values.front() && (boundaries.empty() || boundary > boundaries.back())) boundaries.push_back(boundary);
  }
}

float NumberScaler::scale(double value) const {
  if (std::isnan(value)) return 0;
  const double scaled = ((log1p ? std::log1p(value) : value) - mean) / deviation;
  return static_cast<float>(std::clamp(scaled, -10.0, 10.0));
}

std::uint32_t NumberScaler::bucket(double value) const {
  if (std::isnan(value)) return kMissingBucket;
  return 1 + static_cast<std::uint32_t>(std::upper_bound(boundaries.begin(), boundaries.end(), value) - boundaries.begin());
}

}  // namespace gemel
