#include "gemel/eval/metrics.h"

#include <algorithm>

#include "gemel/base/check.h"
#include "gemel/base/concat.h"
#include "gemel/eval/average_precision.h"
#include "gemel/eval/ndcg.h"
#include "gemel/eval/recall.h"
#include "gemel/eval/reciprocal_rank.h"

namespace gemel {
namespace {

constexpr MetricFamily kFamilies[] = {
    {"recall", recall_at_k}, {"capped_recall", capped_recall_at_k}, {"hit_rate", hit_rate_at_k}, {"ndcg", ndcg_at_k}, {"map", map_at_k},
    {"mrr", mrr_at_k},
};
static_assert(std::size(kFamilies) == kNumFamilies);

}  // namespace

std::span<const MetricFamily> metric_families() { return kFamilies; }

std::string metric_name(std::size_t metric) {
  return concat(kFamilies[metric / kCutoffs.size()].name, "_at_", kCutoffs[metric % kCutoffs.size()]);
}

std::size_t find_metric(std::string_view name) {
  std::size_t metric = 0;
  while (metric < kNumMetrics && metric_name(metric) != name) ++metric;
  GEMEL_CHECK(metric < kNumMetrics, name);
  return metric;
}

void score_ranking(const RankedTargets& ranked, std::span<double> values) {
  if (ranked.hit_ranks.empty()) {  // most queries, in most slices
    std::ranges::fill(values, 0.0);
    return;
  }
  std::size_t metric = 0;
  for (const MetricFamily& family : kFamilies) {
    for (const std::size_t k : kCutoffs) values[metric++] = family.at_k(ranked, k);
  }
}

}  // namespace gemel
