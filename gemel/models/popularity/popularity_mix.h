// Taste and popularity in one score, and popularity where taste has nothing to say: how models that score products by taste rank.
//   score(i) = taste(i) + popularity_weight * log(share(i) + 0.1 / num_items), the share being i's of the decayed counts
// With a weight of 0 only products that the model knows are ranked so; others follow by popularity. With a weight above 0 all are ranked,
// the taste for an unknown product being 0. Customers about whom nothing is known get the popularity order. Thread safety: const methods by
// any number of threads; advance by one.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "gemel/base/config.h"
#include "gemel/models/popularity/popularity_order.h"
#include "gemel/numerics/top_k.h"

namespace gemel {

struct PopularityMixKnobs {
  double popularity_weight = 0;
  double popularity_half_life_days = 3;
};

// What search spaces try, for tastes between 0 and 1; no other fit is needed for it.
std::vector<PopularityMixKnobs> popularity_mixes_to_try();
PopularityMixKnobs read_popularity_mix(ConfigTable& table, PopularityMixKnobs fallback = {});
std::string to_toml(const PopularityMixKnobs& knobs);

class PopularityMix {
 public:
  explicit PopularityMix(PopularityMixKnobs knobs) : knobs_(knobs), order_(knobs.popularity_half_life_days) {}

  void fit(const TrainView& view);
  void advance(const Dataset& dataset, std::size_t num_events, TimePoint now);
  std::size_t num_items() const { return order_.num_items(); }

  // [num_items] what is added to the taste.
  std::span<const float> bias() const { return bias_; }
  // [num_items] 0 = is not ranked by taste. is_known [num_items], eligible likewise or empty.
  std::vector<std::uint8_t> ranked_by_taste(std::span<const std::uint8_t> is_known, std::span<const std::uint8_t> eligible) const;
  // The answer to a query: `best`, those ranked by taste with the bias added, best first, and then up to k by popularity.
  void complete(const Query& query, std::size_t k, std::span<const std::uint8_t> eligible, std::span<const ScoredIndex> best,
                std::vector<ScoredItem>& answer) const;

  Result<void> save(const std::filesystem::path& directory) const { return order_.save(directory); }
  Result<void> load(const std::filesystem::path& directory);

 private:
  void weigh();

  PopularityMixKnobs knobs_;
  PopularityOrder order_;
  std::vector<float> bias_;
};

}  // namespace gemel
