#include "gemel/models/mixed_explanation.h"

namespace gemel {

MixedExplanation::MixedExplanation(std::string_view name, const TouchedScores& own, const PopularityOrder& popularity, double weight)
    : name_(name), own_(own), popularity_(popularity), weight_(weight) {
  for (const std::uint32_t item : own.touched()) own_sum_ += own[item];
  if (has_own()) own_factor_ = weight > 0 ? (1 - weight) / own_sum_ : 1;
}

ScoreExplanation MixedExplanation::parts_of(ItemIndex item) const {
  ScoreExplanation product;
  const double num_items = static_cast<double>(popularity_.num_items());
  const double own = own_factor_ * own_[to_size(item)], sells = weight_ * popularity_.share(item);
  if (!(own + sells > 0)) return product;
  product.score = own + sells;
  product.parts.push_back({name_, own, own - own_factor_ * own_sum_ / num_items});
  if (weight_ > 0) product.parts.push_back({"popularity", sells, sells - weight_ / num_items});
  return product;
}

std::vector<HistoryEffect> history_effects(const Query& query, std::span<const HistoryItem> events,
                                           const std::function<double(std::size_t event)>& effect) {
  std::vector<HistoryEffect> effects;
  for (std::size_t event = 0; event < events.size(); ++event) {
    auto known = std::ranges::find(effects, events[event].item, &HistoryEffect::item);
    if (known == effects.end()) known = effects.insert(known, {events[event].item, count_events(query.history, events[event].item), 0});
    known->effect += effect(event);
  }
  sort_by_size(effects);
  return effects;
}

}  // namespace gemel
