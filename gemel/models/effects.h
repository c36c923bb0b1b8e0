// What the explanations of several models have in common.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>
#include <vector>

#include "gemel/data/histories.h"

namespace gemel {

// Of FeatureEffect or HistoryEffect: the largest first, whichever way it goes.
template <class Effect>
void sort_by_size(std::vector<Effect>& effects) {
  std::ranges::stable_sort(effects, std::greater(), [](const Effect& effect) { return std::abs(effect.effect); });
}

inline std::size_t count_events(std::span<const HistoryItem> history, ItemIndex item) {
  return static_cast<std::size_t>(std::ranges::count(history, item, &HistoryItem::item));
}

}  // namespace gemel
