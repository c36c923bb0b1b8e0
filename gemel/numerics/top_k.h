// The k best of a row of scores, kept by threshold: a candidate is looked at twice only when it beats the worst of the best so far.
// Order: higher score first, ties to the lower index; NaN never gets in. Thread safety: one TopK for each thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace gemel {

struct ScoredIndex {
  std::uint32_t index;
  float score;
  bool operator==(const ScoredIndex&) const = default;
};

// a comes before b in a ranking.
constexpr bool ranks_before(const ScoredIndex& a, const ScoredIndex& b) {
  return a.score != b.score ? a.score > b.score : a.index < b.index;
}

// Offers may come in any order and any number; O(1) for those below the threshold, O(1) amortised for the rest.
class TopK {
 public:
  explicit TopK(std::size_t k = 0) { reset(k); }
  void reset(std::size_t k);

  // Candidates with a score below this are not among the best k.
  float threshold() const { return threshold_; }
  void offer(std::uint32_t index, float score) {
    if (score >= threshold_) keep(index, score);
  }
  // Those of many whose scores reach at_least, which at least k of all candidates do.
  void offer(std::span<const std::uint32_t> indices, std::span<const float> scores, float at_least);

  // Best first; min(k, offers) of them. Empties this.
  void take(std::vector<ScoredIndex>& out);

 private:
  void keep(std::uint32_t index, float score);
  void shrink();  // down to the best k

  std::size_t k_ = 0;
  float threshold_ = 0;
  std::vector<std::int64_t> kept_;  // unordered; a larger number ranks before a smaller one
};

// Of one whole row. `excluded` is sorted; `eligible`, when not empty, is [scores.size()] with 0 = no.
std::vector<ScoredIndex> top_k(std::span<const float> scores, std::size_t k, std::span<const std::uint8_t> eligible = {},
                               std::span<const std::uint32_t> excluded = {});

}  // namespace gemel
