// BPR: factors by which each customer's products stand above products they did not have (Rendle et al., "BPR: Bayesian Personalized Ranking
// from Implicit Feedback", UAI 2009, section 4.3), by stochastic gradient ascent on
//   sum over (u, i, j) of log sigmoid(x_ui - x_uj) - regularization / 2 (|p_u|^2 + |q_i|^2 + |q_j|^2 + b_i^2 + b_j^2),  x_ui = <p_u, q_i> +
//   b_i
// j is the highest-scoring of `num_hard_negatives` products drawn uniformly that u did not have (dynamic negative sampling: Zhang et al.,
// "Optimizing Top-N Collaborative Filtering via Dynamic Negative Item Sampling", SIGIR 2013, section 3; 1 is plain BPR), from the block of
// products that is worked on: stratified_pairs.h.
//   taste(i) = x_ui; events after the fit take steps of their own from where the fit left the customer (a new one begins at 0), with the
//   products held, so that they count at once.
// Then popularity as in popularity_mix.h. What the customer had is a candidate like any other.
// Thread safety: as Recommender. Cost of an epoch: pairs * dim * (3 + num_hard_negatives); of a query: num_items * dim.
#pragma once

#include "gemel/models/factor_ranking.h"
#include "gemel/models/interactions.h"
#include "gemel/models/popularity/popularity_mix.h"
#include "gemel/models/tuning_space.h"
#include "gemel/numerics/rng.h"

namespace gemel {

class Bpr : public Recommender {
 public:
  struct Knobs {
    std::size_t embedding_dim = 64;
    std::size_t epochs = 60;
    double learning_rate = 0.05;
    double regularization = 0.01;
    std::size_t num_hard_negatives = 4;
    bool item_bias = true;
    PopularityKnobs popularity = {};
  };

  explicit Bpr(Knobs knobs);
  static Result<std::unique_ptr<Recommender>> make(ConfigTable table);
  static std::vector<std::string> search_space();
  static TuningSpace tuning_space();

  std::string_view name() const override { return "bpr"; }
  std::string knobs() const override;
  Result<void> fit(const TrainView& view, const FitContext& context) override;
  bool take_fit(const Recommender& fitted, const TrainView& view) override;
  void advance(const Dataset& dataset, std::size_t num_events, TimePoint now) override;
  void recommend(std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible, ThreadPool& pool,
                 std::vector<std::vector<ScoredItem>>& out) const override;
  ConstMatrixView item_embeddings() const override { return ranking_.directions(); }
  Result<void> save(const std::filesystem::path& directory) const override;
  Result<void> load(const std::filesystem::path& directory) override;

 private:
  float score(std::span<const float> user, std::uint32_t item) const;
  // One of the columns that the sorted row does not hold; empty when tries run out.
  std::optional<std::uint32_t> draw_negative(std::span<const float> user, std::span<const std::uint32_t> row,
                                             std::span<const std::uint32_t> columns, Rng& rng) const;
  void prepare();
  // What is known of the customer as of the query; false: nothing.
  bool embed(const Query& query, std::span<float> user) const;

  Knobs knobs_;
  PopularityMix popularity_;
  TimePoint fitted_until_{};
  Matrix user_factors_;  // [num_users, dim], zeros for those without an event
  Matrix item_factors_;  // [num_items, dim], likewise
  std::vector<float> item_biases_;  // [num_items]
  std::vector<std::uint8_t> is_known_;  // [num_items]
  std::vector<std::uint32_t> known_;  // the products that are
  FactorRanking ranking_;
};

}  // namespace gemel
