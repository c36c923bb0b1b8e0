// iALS: matrix factorization of all pairs, seen and unseen, by alternating least squares (Hu, Koren, Volinsky, "Collaborative Filtering for
// Implicit Feedback Datasets", ICDM 2008) with the loss and the regularisation of Rendle et al. 2022; both halves, their loss and how
// they are solved: fixed_side.h.
//   taste(j) = <x, y_j>, x solved from the query's history as of the query, y_j fixed at the fit
// So a customer's newest events count, and who came after the fit is a customer like any other. Then popularity as in popularity_mix.h.
// What the customer had is a candidate like any other. The pairs' weights w are the values of interactions.h; the 1 + alpha * r of
// Hu et al. is `value = "count"` with unobserved_weight 1 / alpha and all else scaled.
// Thread safety: as Recommender. Cost of an epoch: see fixed_side.h; of a query: a solution, and num_items * dim for the scan.
#pragma once

#include "gemel/models/factor_ranking.h"
#include "gemel/models/ials/fixed_side.h"
#include "gemel/models/popularity/popularity_mix.h"
#include "gemel/models/tuning_space.h"

namespace gemel {

class Ials : public Recommender {
 public:
  struct Knobs {
    std::size_t embedding_dim = 128;
    std::size_t epochs = 16;
    RowLoss loss = {};
    std::size_t cg_steps = 0;  // 0: exact solutions in the fit
    InteractionValue value = InteractionValue::kOnce;
    double half_life_days = kNoDecay;
    HistoryKnobs history = {};
    PopularityKnobs popularity = {};
  };

  explicit Ials(Knobs knobs);
  static Result<std::unique_ptr<Recommender>> make(ConfigTable table);
  static std::vector<std::string> search_space();
  static TuningSpace tuning_space();

  std::string_view name() const override { return "ials"; }
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
  InteractionRule rule() const {
    return {.value = knobs_.value, .half_life_days = knobs_.half_life_days, .action_weights = action_weights_};
  }
  void set_items(FixedSide items);
  // [queries, width], zeros for those without a known product in their history.
  Matrix solve_queries(std::span<const Query> queries, ThreadPool& pool) const;

  Knobs knobs_;
  PopularityMix popularity_;
  std::vector<double> action_weights_;
  FixedSide items_;
  FactorRanking ranking_;
  std::vector<std::uint8_t> is_known_;  // [num_items]
};

}  // namespace gemel
