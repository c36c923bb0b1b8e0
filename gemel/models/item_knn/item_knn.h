// Item-based k nearest neighbours on implicit feedback (Sarwar et al., WWW 2001; shrinkage as in Bell, Koren, ICDM 2007, section 3.1).
//   similarity(i, j), i != j: row_similarity.h on the rows of products, the value of a customer's column being
//                      2^-(age of the customer's last event with the product / recency_half_life_days); each product keeps its
//                      `neighbours` most similar ones
//   score(j) = sum over the last `history_length` events of the query's history of similarity(item, j) * its fade (history_knobs.h)
// then mixed with what sells: PopularityOrder::rank. Every action counts alike. What the customer had is a candidate like any other.
// Products that no neighbour speaks for follow by popularity (scores below zero: see popularity_order.h), so that k products always come
// back. Thread safety: as Recommender. Cost of fit: sum over customers of (distinct products)^2; of a query: history_length * neighbours.
#pragma once

#include "gemel/data/decayed_counts.h"
#include "gemel/models/history_knobs.h"
#include "gemel/models/popularity/popularity_order.h"
#include "gemel/models/row_similarity.h"
#include "gemel/models/tuning_space.h"

namespace gemel {

class ItemKnn : public Recommender {
 public:
  struct Knobs {
    std::size_t neighbours = 50;
    SimilarityKnobs similarity = {.shrinkage = 50};
    double recency_half_life_days = kNoDecay;
    HistoryKnobs history = {};
    PopularityKnobs popularity = {};
  };

  explicit ItemKnn(Knobs knobs);
  static Result<std::unique_ptr<Recommender>> make(ConfigTable table);
  static std::vector<std::string> search_space();
  static TuningSpace tuning_space();

  std::string_view name() const override { return "item_knn"; }
  std::string knobs() const override;
  Result<void> fit(const TrainView& view, const FitContext& context) override;
  bool take_fit(const Recommender& fitted, const TrainView& view) override;
  void advance(const Dataset& dataset, std::size_t num_events, TimePoint now) override;
  void recommend(std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible, ThreadPool& pool,
                 std::vector<std::vector<ScoredItem>>& out) const override;
  // The history's effects add up to the part `item_knn`.
  Result<Explanations> explain(const Query& query, std::span<const ItemIndex> items, std::span<const std::uint8_t> eligible,
                               ThreadPool& pool) const override;
  Result<void> save(const std::filesystem::path& directory) const override;
  Result<void> load(const std::filesystem::path& directory) override;

 private:
  double effect_of(const Query& query, std::size_t event, ItemIndex item) const;  // what recent(query)[event] adds to the item's own score
  void add_history(const Query& query, TouchedScores& scores) const;

  Knobs knobs_;
  PopularityOrder popularity_;
  // Neighbours of item i, most similar first: [offsets_[i], offsets_[i + 1]) of the other two.
  std::vector<std::int64_t> offsets_;  // [num_items + 1]
  std::vector<std::uint32_t> neighbours_;
  std::vector<float> similarities_;
};

}  // namespace gemel
