// How a model explains scores that PopularityOrder::rank makes of its own and of what sells.
// Thread safety: const after construction.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "gemel/models/effects.h"
#include "gemel/models/explanation.h"
#include "gemel/models/popularity/popularity_order.h"

namespace gemel {

class MixedExplanation {
 public:
  // The model's own scores of one query, which become the part `name`. Both are borrowed.
  MixedExplanation(std::string_view name, const TouchedScores& own, const PopularityOrder& popularity, double weight);

  bool has_own() const { return !own_.touched().empty(); }
  double own_factor() const { return own_factor_; }  // what an own score is multiplied by; 0 where there is none

  // The score and its parts; no parts where the product only fills the list up, by popularity.
  ScoreExplanation parts_of(ItemIndex item) const;

 private:
  std::string name_;
  const TouchedScores& own_;
  const PopularityOrder& popularity_;
  const double weight_;
  double own_sum_ = 0, own_factor_ = 0;
};

// What the products of some events of the history add to a score, from what each event adds; largest first.
std::vector<HistoryEffect> history_effects(const Query& query, std::span<const HistoryItem> events,
                                           const std::function<double(std::size_t event)>& effect);

}  // namespace gemel
