// The products from the best seller down, as of a moment: all that popularity is, and what the other baselines fall back to.
// A product's score is log2(its share of the decayed counts), so it is at most 0; what was never sold comes last, by index.
// Thread safety: const methods by any number of threads; advance by one.
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "gemel/base/config.h"
#include "gemel/data/decayed_counts.h"
#include "gemel/models/recommender.h"
#include "gemel/models/touched_scores.h"

namespace gemel {

// The knobs `popularity_half_life_days` and `popularity_weight` of the models that mix what sells into their own scores.
struct PopularityKnobs {
  double half_life_days = 3;
  double weight = 0;  // 0: popularity only fills what the model leaves open; 1: popularity alone

  void read(ConfigTable& table);  // what stands here already is the default
  std::string to_toml() const;
  static std::vector<PopularityKnobs> search_space();  // a few to try on validation
};

class PopularityOrder {
 public:
  // Below any share of a double: 2^-1074 is the smallest.
  static constexpr float kNeverSoldScore = -1100;

  explicit PopularityOrder(double half_life_days) : half_life_days_(half_life_days) {}

  void fit(const TrainView& view);
  void advance(const Dataset& dataset, std::size_t num_events, TimePoint now);

  // Fills `answer` up to k products with the most popular ones that the query does not exclude, that are eligible and not in `answer`
  // yet. Cost: k + |answer| + |excluded| steps down the order, as long as most products are eligible.
  void fill(const Query& query, std::size_t k, std::span<const std::uint8_t> eligible, std::vector<ScoredItem>& answer) const;

  // The k best products by the model's own scores, mixed with what sells, then fill(). With a weight above 0
  //   score = (1 - weight) * own score / sum of own scores + weight * share,
  // two distributions over the products interpolated (Jelinek, Mercer 1980); at 0 the own score. Cost: touched + fill's.
  void rank(const Query& query, std::size_t k, std::span<const std::uint8_t> eligible, const TouchedScores& own, double weight,
            std::vector<ScoredItem>& answer) const;

  double share(ItemIndex item) const;  // of the decayed counts
  std::size_t num_items() const { return counts_.num_items(); }
  const DecayedCounts& counts() const { return counts_; }  // of one half-life

  // The counts, as one file of tensors. Errors: kIo, kCorrupt.
  Result<void> save(const std::filesystem::path& directory) const;
  Result<void> load(const std::filesystem::path& directory);

 private:
  void sort();

  double half_life_days_;
  DecayedCounts counts_;
  std::vector<ScoredItem> best_first_;  // [num_items]
};

// May this product be an answer to the query? eligible [num_items] or empty.
bool is_allowed(const Query& query, std::span<const std::uint8_t> eligible, ItemIndex item);

}  // namespace gemel
