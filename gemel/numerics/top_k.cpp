#include "gemel/numerics/top_k.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <limits>

#include "gemel/base/check.h"
#include "gemel/numerics/kernels.h"

namespace gemel {
namespace {

// A candidate as one number, so that comparing needs no branch: the score's bits in the order of the scores, then the index, falling.
std::uint64_t to_key(ScoredIndex candidate) {
  const auto bits = std::bit_cast<std::uint32_t>(candidate.score + 0.0f);  // -0 is 0
  const std::uint32_t ascending = bits & 0x8000'0000u ? ~bits : bits | 0x8000'0000u;
  return std::uint64_t{ascending} << 32 | std::uint32_t{~candidate.index};
}

ScoredIndex to_candidate(std::uint64_t key) {
  const auto ascending = static_cast<std::uint32_t>(key >> 32);
  const std::uint32_t bits = ascending & 0x8000'0000u ? ascending & 0x7fff'ffffu : ~ascending;
  return {~static_cast<std::uint32_t>(key), std::bit_cast<float>(bits)};
}

}  // namespace

void TopK::reset(std::size_t k) {
  k_ = k;
  kept_.clear();
  // k = 0 keeps nothing: no score is >= NaN.
  threshold_ = k == 0 ? std::numeric_limits<float>::quiet_NaN() : -std::numeric_limits<float>::infinity();
}

void TopK::keep(ScoredIndex candidate) {
  kept_.push_back(to_key(candidate));
  if (kept_.size() >= 2 * k_ && kept_.size() > k_) shrink();
}

void TopK::shrink() {
  std::nth_element(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(k_ - 1), kept_.end(), std::greater<>());
  kept_.resize(k_);
  threshold_ = to_candidate(kept_[k_ - 1]).score;
}

void TopK::take(std::vector<ScoredIndex>& out) {
  constexpr std::size_t kFewKeys = 256;  // beyond, comparing all with all costs more than sorting
  if (kept_.size() > kFewKeys && kept_.size() > k_) shrink();
  out.resize(std::min(kept_.size(), k_));
  if (kept_.size() <= kFewKeys) {
    std::uint32_t ranks[kFewKeys];
    kernels().rank_keys(kept_.data(), kept_.size(), ranks);
    for (std::size_t i = 0; i < kept_.size(); ++i)
      if (ranks[i] < k_) out[ranks[i]] = to_candidate(kept_[i]);
  } else {
    std::sort(kept_.begin(), kept_.end(), std::greater<>());
    std::transform(kept_.begin(), kept_.end(), out.begin(), to_candidate);
  }
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
