#include "gemel/numerics/top_k.h"

#include <algorithm>
#include <limits>

#include "gemel/base/check.h"

namespace gemel {

void TopK::reset(std::size_t k) {
  k_ = k;
  kept_.clear();
  // k = 0 keeps nothing: no score is >= NaN.
  threshold_ = k == 0 ? std::numeric_limits<float>::quiet_NaN() : -std::numeric_limits<float>::infinity();
}

void TopK::keep(ScoredIndex candidate) {
  kept_.push_back(candidate);
  if (kept_.size() >= 2 * k_ && kept_.size() > k_) shrink();
}

void TopK::shrink() {
  std::nth_element(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(k_ - 1), kept_.end(), ranks_before);
  kept_.resize(k_);
  threshold_ = kept_[k_ - 1].score;
}

void TopK::take(std::vector<ScoredIndex>& out) {
  if (kept_.size() > k_) shrink();
  std::sort(kept_.begin(), kept_.end(), ranks_before);
  out.assign(kept_.begin(), kept_.end());
  reset(k_);
}

std::vector<ScoredIndex> top_k(std::span<const float> scores, std::size_t k, std::span<const std::uint8_t> eligible,
                               std::span<const std::uint32_t> excluded) {
  GEMEL_CHECK(eligible.empty() || eligible.size() == scores.size(), "top_k: one eligible flag for each score");
  TopK best(k);
  auto next_excluded = excluded.begin();
  for (std::uint32_t index = 0; index < scores.size(); ++index) {
    while (next_excluded != excluded.end() && *next_excluded < index) ++next_excluded;
    if (next_excluded != excluded.end() && *next_excluded == index) continue;
    if (!eligible.empty() && eligible[index] == 0) continue;
    best.offer(index, scores[index]);
  }
  std::vector<ScoredIndex> out;
  best.take(out);
  return out;
}

}  // namespace gemel
