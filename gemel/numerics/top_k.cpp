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
std::int64_t to_key(std::uint32_t index, float score) {
  const auto bits = std::bit_cast<std::int32_t>(score + 0.0f);  // -0 is 0
  return std::int64_t{bits < 0 ? bits ^ 0x7fff'ffff : bits} * (std::int64_t{1} << 32) | std::uint32_t{~index};
}

ScoredIndex to_candidate(std::int64_t key) {
  const auto ascending = static_cast<std::int32_t>(key >> 32);
  return {~static_cast<std::uint32_t>(key), std::bit_cast<float>(ascending < 0 ? ascending ^ 0x7fff'ffff : ascending)};
}

constexpr std::size_t kFewKeys = 256;  // beyond, comparing all with all costs more than sorting

// Largest first: each to the place that its score has among all, then those of equal scores among themselves.
void sort_few(std::vector<std::int64_t>& keys) {
  constexpr auto kFree = std::numeric_limits<std::int64_t>::min();  // the key of a NaN
  float scores[kFewKeys];
  std::uint32_t ranks[kFewKeys];
  std::int64_t sorted[kFewKeys];
  std::transform(keys.begin(), keys.end(), scores, [](std::int64_t key) { return to_candidate(key).score; });
  kernels().rank_values(scores, keys.size(), ranks);
  std::fill_n(sorted, keys.size(), kFree);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    std::size_t place = ranks[i];
    while (sorted[place] != kFree) ++place;
    sorted[place] = keys[i];
  }
  for (std::size_t i = 1; i < keys.size(); ++i)
    for (std::size_t place = i; place > 0 && sorted[place] > sorted[place - 1]; --place) std::swap(sorted[place], sorted[place - 1]);
  std::copy_n(sorted, keys.size(), keys.begin());
}

}  // namespace

void TopK::reset(std::size_t k) {
  k_ = k;
  kept_.clear();
  // k = 0 keeps nothing: no score is >= NaN.
  threshold_ = k == 0 ? std::numeric_limits<float>::quiet_NaN() : -std::numeric_limits<float>::infinity();
}

void TopK::keep(std::uint32_t index, float score) {
  kept_.push_back(to_key(index, score));
  if (kept_.size() >= 2 * k_ && kept_.size() > k_) shrink();
}

void TopK::offer(std::span<const std::uint32_t> indices, std::span<const float> scores, float at_least) {
  if (k_ == 0) return;
  at_least = std::max(at_least, threshold_);
  std::size_t size = kept_.size();
  kept_.resize(size + indices.size());
  for (std::size_t i = 0; i < indices.size(); ++i) {
    kept_[size] = to_key(indices[i], scores[i]);
    size += scores[i] >= at_least;
  }
  kept_.resize(size);
  if (size >= 2 * k_ && size > k_) shrink();
}

void TopK::shrink() {
  std::nth_element(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(k_ - 1), kept_.end(), std::greater<>());
  kept_.resize(k_);
  threshold_ = to_candidate(kept_[k_ - 1]).score;
}

void TopK::take(std::vector<ScoredIndex>& out) {
  if (kept_.size() > kFewKeys && kept_.size() > k_) shrink();
  if (kept_.size() <= kFewKeys) sort_few(kept_);
  else std::sort(kept_.begin(), kept_.end(), std::greater<>());
  out.resize(std::min(kept_.size(), k_));
  std::transform(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(out.size()), out.begin(), to_candidate);
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
