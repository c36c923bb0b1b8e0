// EASE: a linear autoencoder without hidden layer, in closed form (Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019,
// section 3.1, equations 7 and 8).
//   P = inverse(transposed(X) X + regularization I), X [customers, products] the values of interactions.h
//   B(i, j) = -P(i, j) / P(j, j) for i != j, and B(i, i) = 0
//   taste(j) = sum over the products i of the query's history of x(i) B(i, j), x by the same rule, fading as history_knobs.h says,
// then popularity as in popularity_mix.h. Products without an event in training have no row. What the customer had is a candidate like
// any other.
// Thread safety: as Recommender. Cost of fit: products^3 multiply-adds; memory: 4 products^2 bytes, refused beforehand where there is less;
// of a query: its distinct products * products.
#pragma once

#include "gemel/models/interactions.h"
#include "gemel/models/popularity/popularity_mix.h"
#include "gemel/models/tuning_space.h"

namespace gemel {

class Ease : public Recommender {
 public:
  struct Knobs {
    double regularization = 500;
    InteractionValue value = InteractionValue::kOnce;
    double half_life_days = kNoDecay;
    HistoryKnobs history = {};
    double max_memory_gb = 0;  // 0: what the machine has left
    PopularityKnobs popularity = {};
  };

  explicit Ease(Knobs knobs);
  static Result<std::unique_ptr<Recommender>> make(ConfigTable table);
  static std::vector<std::string> search_space();
  static TuningSpace tuning_space();

  std::string_view name() const override { return "ease"; }
  std::string knobs() const override;
  Result<void> fit(const TrainView& view, const FitContext& context) override;
  bool take_fit(const Recommender& fitted, const TrainView& view) override;
  void advance(const Dataset& dataset, std::size_t num_events, TimePoint now) override;
  void recommend(std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible, ThreadPool& pool,
                 std::vector<std::vector<ScoredItem>>& out) const override;
  Result<void> save(const std::filesystem::path& directory) const override;
  Result<void> load(const std::filesystem::path& directory) override;

 private:
  Result<void> check_memory() const;
  InteractionRule rule() const {
    return {.value = knobs_.value, .half_life_days = knobs_.half_life_days, .action_weights = action_weights_};
  }
  // taste [items_] of the query's history as of the query; false when none of it has a row.
  bool taste(const Query& query, InteractionRows& scratch, std::span<float> taste) const;

  Knobs knobs_;
  PopularityMix popularity_;
  std::vector<double> action_weights_;
  std::vector<std::uint32_t> items_;  // the products with a row of B, ascending
  std::vector<std::uint32_t> rows_;  // [num_items] row of B, or kNoRow
  Matrix weights_;  // B [items_, items_]
};

}  // namespace gemel
