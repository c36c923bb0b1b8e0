// Taste and popularity in one score, and popularity where taste has nothing to say: how models that score products by taste rank.
//   score(i) = (1 - weight) * taste(i) / deviation of the tastes + weight * trend(i) / deviation of the trend
//   trend(i) = log(share(i) + 0.1 / num_items), the share being i's of the decayed counts; deviations over all products
// so that a weight says the same whatever the scale of a model's scores. (Tastes of few products that are at least 0 are mixed by
// PopularityOrder::rank.) With a weight of 0 the score is the taste, only products that the model knows are ranked by it, and others follow
// by popularity; above 0 all are ranked, the taste for an unknown product being 0. Customers about whom nothing is known get the popularity
// order. Thread safety: const methods by any number of threads; advance by one.
#pragma once

#include <span>
#include <vector>

#include "gemel/models/popularity/popularity_order.h"
#include "gemel/numerics/top_k.h"

namespace gemel {

class PopularityMix {
 public:
  explicit PopularityMix(PopularityKnobs knobs) : knobs_(knobs), order_(knobs.half_life_days) {}

  static std::vector<PopularityKnobs> search_space();  // a few to try on validation; no other fit is needed for it

  void fit(const TrainView& view);
  void advance(const Dataset& dataset, std::size_t num_events, TimePoint now);
  std::size_t num_items() const { return order_.num_items(); }

  bool is_mixed_in() const { return knobs_.weight > 0; }  // else the taste is the score
  // [num_items] what is added to the scaled taste.
  std::span<const float> bias() const { return bias_; }
  // What a query's tastes are multiplied by, given their variance over all products.
  float taste_scale(double variance) const;
  // tastes [num_items] become scores.
  void mix_into(std::span<float> tastes) const;
  // [num_items] 0 = is not ranked by taste. is_known [num_items], eligible likewise or empty.
  std::vector<std::uint8_t> ranked_by_taste(std::span<const std::uint8_t> is_known, std::span<const std::uint8_t> eligible) const;
  // The answer to a query: `best`, those ranked by taste with the bias added, best first, and then up to k by popularity.
  void complete(const Query& query, std::size_t k, std::span<const std::uint8_t> eligible, std::span<const ScoredIndex> best,
                std::vector<ScoredItem>& answer) const;

  Result<void> save(const std::filesystem::path& directory) const { return order_.save(directory); }
  Result<void> load(const std::filesystem::path& directory);

 private:
  void weigh();

  PopularityKnobs knobs_;
  PopularityOrder order_;
  std::vector<float> bias_;
};

}  // namespace gemel
