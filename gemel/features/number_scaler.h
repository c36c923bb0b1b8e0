// Numbers of very different sizes become comparable: transformed, then standardised to mean 0 and deviation 1 over the fitted values;
// optionally also cut into quantile buckets for an embedding. Missing (NaN) stays apart: 0 and a flag, bucket row 0.
// Thread safety: const after fit.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gemel {

class NumberScaler {
 public:
  static constexpr std::uint32_t kMissingBucket = 0;  // buckets are rows 1 ... num_buckets

  NumberScaler() = default;
  // transform: "none" or "log1p". `values` may hold NaN; with no number at all everything scales to 0.
  NumberScaler(std::vector<double> values, const std::string& transform, int num_buckets);

  float scale(double value) const;            // 0 for NaN; clipped to +-10 deviations, so that one wild value cannot blow up a tower
  std::uint32_t bucket(double value) const;   // kMissingBucket for NaN
  std::uint32_t num_bucket_rows() const { return static_cast<std::uint32_t>(boundaries.size()) + 2; }

  bool log1p = false;
  double mean = 0, deviation = 1;
  std::vector<double> boundaries;  // ascending, of the raw values; bucket b holds boundaries[b-2] <= value < boundaries[b-1]
};

}  // namespace gemel
