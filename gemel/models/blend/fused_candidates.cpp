#include "gemel/models/blend/fused_candidates.h"

#include <algorithm>
#include <cmath>

namespace gemel {
namespace {

constexpr float kRankConstant = 60;

// One list's features, in its order, and that of a product which is not in it.
float features_of_list(FusionMethod method, std::span<const ScoredItem> list, std::vector<float>& features) {
  features.clear();
  if (method == FusionMethod::kRank) {
    for (std::size_t rank = 0; rank < list.size(); ++rank) features.push_back(1 / (kRankConstant + static_cast<float>(rank + 1)));
    return 0;
  }
  double sum = 0, squares = 0;
  for (const ScoredItem& scored : list) sum += scored.score;
  const double mean = list.empty() ? 0 : sum / static_cast<double>(list.size());
  for (const ScoredItem& scored : list) squares += (scored.score - mean) * (scored.score - mean);
  const double deviation = list.empty() ? 0 : std::sqrt(squares / static_cast<double>(list.size()));
  for (const ScoredItem& scored : list) features.push_back(deviation > 0 ? static_cast<float>((scored.score - mean) / deviation) : 0);
  return features.empty() ? 0 : features.back();
}

}  // namespace

void FusedCandidates::gather(FusionMethod method, std::span<const std::span<const ScoredItem>> lists) {
  num_parts_ = lists.size();
  items_.clear();
  for (const auto& list : lists)
    for (const ScoredItem& scored : list) items_.push_back(scored.item);
  std::ranges::sort(items_);
  items_.erase(std::ranges::unique(items_).begin(), items_.end());
  features_.assign(items_.size() * num_parts_, 0);
  std::vector<float> features;
  for (std::size_t p = 0; p < num_parts_; ++p) {
    const float absent = features_of_list(method, lists[p], features);
    for (std::size_t row = 0; row < items_.size(); ++row) features_[row * num_parts_ + p] = absent;
    for (std::size_t n = 0; n < lists[p].size(); ++n) {
      const auto row = static_cast<std::size_t>(std::ranges::lower_bound(items_, lists[p][n].item) - items_.begin());
      features_[row * num_parts_ + p] = features[n];
    }
  }
}

void FusedCandidates::best(std::span<const double> weights, std::size_t k, std::vector<ScoredIndex>& out) const {
  TopK top(k);
  for (std::size_t row = 0; row < items_.size(); ++row) {
    double score = 0;
    for (std::size_t p = 0; p < num_parts_; ++p) score += weights[p] * features_[row * num_parts_ + p];
    top.offer(static_cast<std::uint32_t>(items_[row]), static_cast<float>(score));
  }
  top.take(out);
}

}  // namespace gemel
