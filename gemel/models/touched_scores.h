// Scores of the few products that a query touches, out of many. One for each thread, used again for the next query.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace gemel {

class TouchedScores {
 public:
  static constexpr float kLeast = std::numeric_limits<float>::min();

  explicit TouchedScores(std::size_t size) : scores_(size) {}

  // Adds what is above zero, however little: then a touched score is not zero, and `touched` names each once.
  void add(std::uint32_t index, float score) {
    if (scores_[index] == 0) touched_.push_back(index);
    scores_[index] += std::max(score, kLeast);
  }
  float operator[](std::size_t index) const { return scores_[index]; }  // 0: not touched
  std::span<const std::uint32_t> touched() const { return touched_; }   // in the order of their first touch
  void clear() {
    for (const std::uint32_t index : touched_) scores_[index] = 0;
    touched_.clear();
  }

 private:
  std::vector<float> scores_;
  std::vector<std::uint32_t> touched_;
};

}  // namespace gemel
