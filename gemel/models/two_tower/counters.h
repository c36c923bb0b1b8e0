// What the two-tower counts while it serves: popularity at several half-lives as of a day and, with a trend head, the bias that the network
// makes of it. Calibration weighs these, and their weighted sum is the bias of each product.
// Thread safety: const methods by any number of threads; roll by one.
#pragma once

#include <span>
#include <vector>

#include "gemel/data/decayed_counts.h"
#include "gemel/features/trend_features.h"
#include "gemel/models/two_tower/encoders.h"
#include "gemel/models/two_tower/network.h"

namespace gemel {

class Counters {
 public:
  Counters() = default;
  // trend: without inputs where there is no trend head. ids: which products the network knows.
  Counters(DecayedCounts counts, TrendFeatures trend, const IdRows& ids);
  // The config's groups, by the features of the candidate tower. Error kBadConfig: one of them is not there.
  static Result<TrendFeatures> make_trend(const TwoTowerConfig& config, const CandidateEncoder& candidates, std::size_t num_items);

  bool is_empty() const { return counts_.half_life_days().empty(); }
  const DecayedCounts& counts() const { return counts_; }
  const TrendFeatures& trend() const { return trend_; }
  void roll(const Dataset& dataset, std::size_t num_events, Day day) { counts_.roll(dataset, num_events, day); }

  // Log shares of each half-life; with a trend head the learned bias, and 1 for products without id. -> [TwoTowerConfig::num_counters,
  // num_items]
  void rows(const Network& network, ThreadPool& pool, Matrix& out) const;
  // Their weighted sum. -> [num_items]
  void bias(const Network& network, std::span<const double> weights, std::vector<float>& out) const;

 private:
  DecayedCounts counts_;
  TrendFeatures trend_;
  std::vector<std::uint8_t> without_id_;  // [num_items]
};

}  // namespace gemel
