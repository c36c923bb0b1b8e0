// User-based k nearest neighbours on implicit feedback (Resnick et al., CSCW 1994; weightings as in row_similarity.h).
//   row of a customer   each product they had, its value 2^-(age of the last event with it / history_half_life_days);
//                       the query's own fades by place too (history_knobs.h)
//   neighbours          the customers whose rows are most similar to that of the query's last `history_length` events, as of the query
//                       (row_similarity.h); the query's own customer is none
//   score(j) = sum over the `neighbours` nearest of similarity * 2^-(age of the neighbour's last event with j / recency_half_life_days)
// then mixed with what sells: PopularityOrder::rank.
// Point in time: the model holds no parameters, only what customers did, and advance moves that forward like a counter: a neighbour is
// known by all events up to the moment the model stands at, never by later ones.
// Thread safety: as Recommender. Cost of fit and of advance: sorting the events; of a query: the customers of the products in its history
// (an inverted index) + neighbours * their products.
#pragma once

#include "gemel/models/history_knobs.h"
#include "gemel/models/popularity/popularity_order.h"
#include "gemel/models/row_similarity.h"
#include "gemel/models/tuning_space.h"
#include "gemel/numerics/top_k.h"

namespace gemel {

class UserKnn : public Recommender {
 public:
  struct Knobs {
    std::size_t neighbours = 200;
    SimilarityKnobs similarity = {.shrinkage = 1};
    HistoryKnobs history = {};
    double recency_half_life_days = 30;
    PopularityKnobs popularity = {};
  };

  explicit UserKnn(Knobs knobs);
  static Result<std::unique_ptr<Recommender>> make(ConfigTable table);
  static std::vector<std::string> search_space();
  static TuningSpace tuning_space();

  std::string_view name() const override { return "user_knn"; }
  std::string knobs() const override;
  Result<void> fit(const TrainView& view, const FitContext& context) override;
  void advance(const Dataset& dataset, std::size_t num_events, TimePoint now) override;
  void recommend(std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible, ThreadPool& pool,
                 std::vector<std::vector<ScoredItem>>& out) const override;
  // The history's effects are through whom it makes neighbours, as long as they are the same ones; they add up to the part `user_knn`
  // (but for scores so small that a float just holds them).
  Result<Explanations> explain(const Query& query, std::span<const ItemIndex> items, std::span<const std::uint8_t> eligible,
                               ThreadPool& pool) const override;
  Result<void> save(const std::filesystem::path& directory) const override;
  Result<void> load(const std::filesystem::path& directory) override;

 private:
  struct Scratch;
  void take_events(const TrainView& view);
  void index_customers();
  void find_neighbours(const Query& query, Scratch& scratch) const;
  void add_purchases(Scratch& scratch) const;
  Matrix split_similarities(const Scratch& scratch) const;

  Knobs knobs_;
  PopularityOrder popularity_;
  InteractionRows histories_;   // [num_users] rows of items, as similarity sees them
  InteractionRows purchases_;   // [num_users] rows of items, as scores see them
  RowWeighting weighting_;      // these follow from histories_
  InteractionRows customers_;   // [num_items] rows of customers, weighted
  std::vector<RowNorm> norms_;  // [num_users]
};

}  // namespace gemel
