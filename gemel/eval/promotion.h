// The gate between a model that was judged and the shop. The choice is made on validation; the test, read once, only confirms it: the best
// model on validation is promoted, unless it is no baseline and does not beat the best baseline on both beyond chance (95 % intervals of
// paired differences in NDCG@20). Then the best baseline on validation is promoted, and it is said who lost to what.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gemel/eval/compare.h"

namespace gemel {

// How a model's result on validation stands beside the best baseline's.
struct ValidationStanding {
  std::size_t model = 0;  // of Comparison::models
  ValidationFigure figure;
  // Minus the best baseline on validation, over the same queries; empty for that one, and where a bundle only brings its figure along.
  std::optional<Interval> difference;
};

enum class Standing { kBeats, kDoesNotBeat, kLoses };
// What a paired difference to a baseline says.
inline Standing standing(const Interval& difference) {
  return difference.low > 0 ? Standing::kBeats : difference.high < 0 ? Standing::kLoses : Standing::kDoesNotBeat;
}
std::string_view to_text(Standing standing);  // "beats", "does not beat", "loses to"

struct Promotion {
  std::vector<ValidationStanding> validation;  // best first; models without a figure are missing
  std::optional<std::size_t> promoted;         // of Comparison::models
  std::optional<std::size_t> refused;          // the best on validation, when it did not pass
  std::string reason;                          // a few sentences
};

Promotion decide_promotion(const Comparison& comparison, std::uint64_t seed, ThreadPool& pool);

}  // namespace gemel
