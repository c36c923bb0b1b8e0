// Asking a model one thing, for tests of this folder.
#pragma once

#include <span>
#include <vector>

#include "gemel/models/recommender.h"

namespace gemel::testing {

inline std::vector<ScoredItem> ask(const Recommender& model, const Query& query, std::size_t k) {
  ThreadPool pool(1);
  std::vector<std::vector<ScoredItem>> out;
  model.recommend(std::span(&query, 1), k, {}, pool, out);
  return out[0];
}

// Somebody unknown with this history.
inline std::vector<ScoredItem> ask(const Recommender& model, std::span<const HistoryItem> history, TimePoint at, std::size_t k = 100) {
  return ask(model, {.user = {}, .at = at, .history = history, .excluded = {}}, k);
}

}  // namespace gemel::testing
