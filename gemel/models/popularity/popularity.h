// Popularity: the same products for everybody, the best sellers of late.
//   score(item) = log2(share of item), share = decayed count / sum of decayed counts,
//   decayed count = sum over its target events before the day of 2^-(age in days / half_life_days).
// Where shops move fast, a half-life of days is hard to beat on a rolling clock.
// Thread safety: as Recommender. Cost of a query: k + excluded steps.
#pragma once

#include "gemel/models/popularity/popularity_order.h"
#include "gemel/models/tuning_space.h"

namespace gemel {

class Popularity : public Recommender {
 public:
  explicit Popularity(double half_life_days);
  static Result<std::unique_ptr<Recommender>> make(ConfigTable table);
  static std::vector<std::string> search_space();
  static TuningSpace tuning_space() { return {log_uniform("half_life_days", 0.5, 1000)}; }

  std::string_view name() const override { return "popularity"; }
  std::string knobs() const override;
  Result<void> fit(const TrainView& view, const FitContext& context) override;
  void advance(const Dataset& dataset, std::size_t num_events, TimePoint now) override;
  void recommend(std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible, ThreadPool& pool,
                 std::vector<std::vector<ScoredItem>>& out) const override;
  Result<void> save(const std::filesystem::path& directory) const override;
  Result<void> load(const std::filesystem::path& directory) override;

 private:
  double half_life_days_;
  PopularityOrder order_;
};

}  // namespace gemel
