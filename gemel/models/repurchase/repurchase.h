// Repurchase: what the customer takes again and again, then what is popular. Hard to beat where people buy the same things.
//   score(item) = sum over the item's target events in the query's history of 2^-(age at the query / half_life_days)   for what they had,
//   then the others by popularity (scores of log2 of a share, below zero: see popularity_order.h).
// Thread safety: as Recommender. Cost of a query: history * log(history) + k.
#pragma once

#include "gemel/models/popularity/popularity_order.h"
#include "gemel/models/tuning_space.h"

namespace gemel {

class Repurchase : public Recommender {
 public:
  struct Knobs {
    double half_life_days = 90;
    double popularity_half_life_days = 30;
  };

  explicit Repurchase(Knobs knobs);
  static Result<std::unique_ptr<Recommender>> make(ConfigTable table);
  static std::vector<std::string> search_space();
  static TuningSpace tuning_space() { return {log_uniform("half_life_days", 3, 2000), log_uniform("popularity_half_life_days", 0.5, 365)}; }

  std::string_view name() const override { return "repurchase"; }
  std::string knobs() const override;
  Result<void> fit(const TrainView& view, const FitContext& context) override;
  void advance(const Dataset& dataset, std::size_t num_events, TimePoint now) override;
  void recommend(std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible, ThreadPool& pool,
                 std::vector<std::vector<ScoredItem>>& out) const override;
  Result<void> save(const std::filesystem::path& directory) const override;
  Result<void> load(const std::filesystem::path& directory) override;

 private:
  Knobs knobs_;
  PopularityOrder popularity_;
  std::vector<std::uint8_t> is_target_;  // [num_actions] only what was bought, not what was looked at, is bought again
};

}  // namespace gemel
