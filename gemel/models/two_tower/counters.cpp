#include "gemel/models/two_tower/counters.h"

#include <algorithm>

#include "gemel/numerics/kernels.h"

namespace gemel {

Counters::Counters(DecayedCounts counts, TrendFeatures trend, const IdRows& ids) : counts_(std::move(counts)), trend_(std::move(trend)) {
  for (std::size_t item = 0; item < counts_.num_items(); ++item) without_id_.push_back(!ids.knows(item));
}

Result<TrendFeatures> Counters::make_trend(const TwoTowerConfig& config, const CandidateEncoder& candidates, std::size_t num_items) {
  if (config.trend.units == 0) return TrendFeatures();
  std::vector<TrendGroup> groups;
  for (const std::string& feature : config.trend.groups) {
    GEMEL_ASSIGN_OR_RETURN(TrendGroup group, candidates.group_by(feature));
    groups.push_back(std::move(group));
  }
  return TrendFeatures(config.popularity_half_life_days, num_items, std::move(groups));
}

void Counters::rows(const Network& network, ThreadPool& pool, Matrix& out) const {
  const std::size_t num_half_lives = counts_.half_life_days().size();
  out.resize(num_half_lives + (trend_.num_inputs() > 0 ? 2 : 0), counts_.num_items());
  for (std::size_t h = 0; h < num_half_lives; ++h) counts_.log_shares(h, out.row(h));
  if (trend_.num_inputs() == 0) return;
  Matrix inputs;
  trend_.of_counts(counts_, without_id_, inputs);
  network.learned_bias(out.view().row_block(0, num_half_lives), inputs, out.row(num_half_lives), pool);
  std::ranges::copy(without_id_, out.row(num_half_lives + 1).begin());
}

void Counters::bias(const Network& network, std::span<const double> weights, std::vector<float>& out) const {
  out.clear();
  if (is_empty()) return;
  ThreadPool alone(1);
  Matrix rows;
  this->rows(network, alone, rows);
  GEMEL_CHECK(weights.size() == rows.rows());
  out.assign(rows.cols(), 0);
  for (std::size_t counter = 0; counter < rows.rows(); ++counter)
    kernels().axpy(static_cast<float>(weights[counter]), rows.row(counter).data(), out.data(), out.size());
}

}  // namespace gemel
