// Asking a model one thing, for tests of this folder.
#pragma once

#include <gtest/gtest.h>

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

// The best k products, explained: that the parts and the effects of the past products add up to the scores they are given.
inline void expect_past_products_add_up(const Recommender& model, const Query& query, std::size_t k, std::size_t num_parts) {
  ThreadPool pool(1);
  const auto answer = ask(model, query, k);
  std::vector<ItemIndex> items;
  for (const ScoredItem& scored : answer) items.push_back(scored.item);
  const Explanations explained = model.explain(query, items, {}, pool).value();
  for (std::size_t i = 0; i < items.size(); ++i) {
    const ScoreExplanation& product = explained.products[i];
    ASSERT_EQ(product.parts.size(), num_parts);
    EXPECT_NEAR(product.score, answer[i].score, 1e-6);
    double by_past = 0;
    for (const HistoryEffect& effect : product.history) by_past += effect.effect;
    EXPECT_NEAR(by_past, product.parts[0].value, 1e-6);
  }
}

}  // namespace gemel::testing
