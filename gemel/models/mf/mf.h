// MF: factors and biases learnt from given scores, such as ratings (`value = "last_weight"`), by the steps of factorize.h.
//   taste(j) = b_j + <p, q_j>, p and b_u solved from the query's history as of the query, the products' side fixed at the fit: the
//   minimum of the same loss over the customer's own part, where the gradient steps end. So newer events count, and later customers too.
// It learns how much products are liked by those who tried them, not which ones are tried; popularity_mix.h adds that. What the customer
// had is a candidate like any other. Where all scores are equal there is nothing to learn: it says so and follows popularity.
// Thread safety: as Recommender. Cost of an epoch: scores * dim; of a query: history * dim^2 + dim^3 / 6 + num_items * dim.
#pragma once

#include "gemel/models/factor_ranking.h"
#include "gemel/models/mf/factorize.h"
#include "gemel/models/popularity/popularity_mix.h"
#include "gemel/models/tuning_space.h"

namespace gemel {

class Mf : public Recommender {
 public:
  struct Knobs {
    FactorizationKnobs factorization = {};
    InteractionValue value = InteractionValue::kLastWeight;
    PopularityKnobs popularity = {};
  };

  explicit Mf(Knobs knobs);
  static Result<std::unique_ptr<Recommender>> make(ConfigTable table);
  static std::vector<std::string> search_space();
  static TuningSpace tuning_space();

  std::string_view name() const override { return "mf"; }
  std::string knobs() const override;
  Result<void> fit(const TrainView& view, const FitContext& context) override;
  bool take_fit(const Recommender& fitted, const TrainView& view) override;
  std::vector<std::string> warnings() const override { return warnings_; }
  void advance(const Dataset& dataset, std::size_t num_events, TimePoint now) override;
  void recommend(std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible, ThreadPool& pool,
                 std::vector<std::vector<ScoredItem>>& out) const override;
  ConstMatrixView item_embeddings() const override { return ranking_.directions(); }
  Result<void> save(const std::filesystem::path& directory) const override;
  Result<void> load(const std::filesystem::path& directory) override;

 private:
  // p [dim] of the query's history; false when none of it is known.
  bool solve(const Query& query, std::span<float> factors) const;

  Knobs knobs_;
  PopularityMix popularity_;
  std::vector<std::string> warnings_;
  std::vector<double> action_weights_;
  double mean_ = 0;
  Matrix item_factors_;             // [num_items, dim], zeros where the fit saw no score
  std::vector<float> item_biases_;  // [num_items]
  std::vector<std::uint8_t> is_known_;
  FactorRanking ranking_;
};

}  // namespace gemel
