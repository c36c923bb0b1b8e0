// The metrics that every answer is scored with: each family at each cutoff. A metric is a column, numbered family-major.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gemel/eval/ranked_targets.h"

namespace gemel {

inline constexpr std::array<std::size_t, 6> kCutoffs = {1, 5, 10, 20, 50, 100};
inline constexpr std::size_t kMaxCutoff = kCutoffs.back();

struct MetricFamily {
  std::string_view name;
  double (*at_k)(const RankedTargets&, std::size_t k);
};
std::span<const MetricFamily> metric_families();
inline constexpr std::size_t kNumFamilies = 6;
inline constexpr std::size_t kNumMetrics = kNumFamilies * kCutoffs.size();

std::string metric_name(std::size_t metric);  // "ndcg_at_20"
std::size_t find_metric(std::string_view name);  // a name that is not there is a mistake of ours: CHECK
void score_ranking(const RankedTargets& ranked, std::span<double> values);  // [kNumMetrics]

}  // namespace gemel
