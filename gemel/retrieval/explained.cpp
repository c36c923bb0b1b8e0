// What stands behind the scores of an answer, with products in place of rows.
#include <algorithm>
#include <numeric>

#include "gemel/retrieval/retriever.h"

namespace gemel {
namespace {

constexpr std::size_t kNearest = 3;         // products of the history that a recommended one is like
constexpr std::size_t kNearestHistory = 200;  // looked for among this many of the newest events

}  // namespace

std::vector<SimilarProduct> Retriever::nearest_of(ItemIndex item, std::span<const HistoryItem> history) const {
  const ConstMatrixView embeddings = item_embeddings();
  if (to_size(item) >= embeddings.rows) return {};
  std::vector<ItemIndex> past;
  for (const HistoryItem& event : history.last(std::min(kNearestHistory, history.size())))
    if (event.item != item && to_size(event.item) < embeddings.rows) past.push_back(event.item);
  std::ranges::sort(past);
  past.erase(std::ranges::unique(past).begin(), past.end());
  std::vector<std::pair<float, ItemIndex>> found;
  const auto own = embeddings.row(to_size(item));
  for (const ItemIndex other : past) {
    const auto row = embeddings.row(to_size(other));
    const float cosine = std::inner_product(own.begin(), own.end(), row.begin(), 0.f);  // rows have length 1
    if (cosine > 0) found.push_back({cosine, other});  // what points away from it is not like it
  }
  std::ranges::stable_sort(found, std::greater(), &std::pair<float, ItemIndex>::first);
  std::vector<SimilarProduct> nearest;
  for (std::size_t i = 0; i < std::min(kNearest, found.size()); ++i) nearest.push_back({bundle_.product(found[i].second), found[i].first});
  return nearest;
}

void Retriever::explain_products(const Query& query, std::span<const ScoredItem> items, Answer& answer, ThreadPool& pool) const {
  std::vector<ItemIndex> rows;
  for (const ScoredItem& item : items) rows.push_back(item.item);
  const auto explanations = explain(query, rows, bundle_.customers().eligible(), pool);
  if (!explanations) {
    answer.notes.push_back(explanations.error().message);
    return;
  }
  answer.notes.insert(answer.notes.end(), explanations->notes.begin(), explanations->notes.end());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const ScoreExplanation& from = explanations->products[i];
    if (from.parts.empty()) continue;
    ExplainedScore& explained = answer.products[i].explained.emplace();
    explained.parts = from.parts;
    explained.features = from.features;
    for (const HistoryEffect& past : from.history) explained.history.push_back({bundle_.product(past.item), past.num_events, past.effect});
    explained.nearest = nearest_of(rows[i], query.history);
  }
}

}  // namespace gemel
