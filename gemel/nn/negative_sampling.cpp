#include "gemel/nn/negative_sampling.h"

#include <algorithm>
#include <cmath>

#include "gemel/base/check.h"

namespace gemel {

NegativeSampler::NegativeSampler(const NegativeSamplingOptions& options, std::vector<std::uint32_t> allowed, std::span<const double> counts)
    : options_(options), allowed_(std::move(allowed)), is_allowed_(counts.size(), 0), probability_(counts.begin(), counts.end()) {
  for (const std::uint32_t item : allowed_) {
    GEMEL_CHECK(item < is_allowed_.size(), "NegativeSampler: allowed item without a count");
    is_allowed_[item] = 1;
  }
  GEMEL_CHECK(options_.kind != NegativeKind::kMixed || options_.num_uniform == 0 || !allowed_.empty(), "nothing to draw from");
  double total = 0;
  for (const double count : counts) total += count;
  if (total > 0)
    for (double& probability : probability_) probability /= total;
}

void NegativeSampler::sample(std::span<const std::uint32_t> positives, Rng& rng, CandidateSet& out,
                             const StreamingFrequency* frequency) const {
  out.items.clear();
  out.positive.resize(positives.size());
  if (out.column_of_item.size() < probability_.size()) out.column_of_item.resize(probability_.size(), 0);
  if (options_.kind == NegativeKind::kFull) {
    take_all(positives, out);
  } else {
    draw(positives, rng, out);
    if (frequency != nullptr && options_.logq_correction) {
      correct_by_chance(*frequency, positives, out);
    } else {
      correct_by_expected_count(positives, out);
    }
  }
  for (const std::uint32_t item : out.items) out.column_of_item[item] = 0;
}

void NegativeSampler::take_all(std::span<const std::uint32_t> positives, CandidateSet& out) const {
  out.items = allowed_;
  out.column_bias.assign(allowed_.size(), 0);
  out.positive_bias.assign(positives.size(), 0);
  for (std::size_t column = 0; column < allowed_.size(); ++column)
    out.column_of_item[allowed_[column]] = static_cast<std::uint32_t>(column + 1);
  for (std::size_t row = 0; row < positives.size(); ++row) {
    const std::uint32_t column = out.column_of_item[positives[row]];
    GEMEL_CHECK(column != 0, "NegativeSampler: a positive that is not allowed");
    out.positive[row] = column - 1;
  }
}

// q: how often the item is expected among the draws of a batch.
double NegativeSampler::expected_count(std::uint32_t item, std::size_t batch) const {
  const double in_batch = static_cast<double>(batch) * probability_[item];
  if (options_.kind != NegativeKind::kMixed || !is_allowed_[item]) return in_batch;
  return in_batch + static_cast<double>(options_.num_uniform) / static_cast<double>(allowed_.size());
}

// Leaves the multiplicity of each distinct candidate in column_bias.
void NegativeSampler::draw(std::span<const std::uint32_t> positives, Rng& rng, CandidateSet& out) const {
  std::vector<float>& multiplicity = out.column_bias;
  multiplicity.clear();
  const auto take = [&](std::uint32_t item) {
    std::uint32_t& column = out.column_of_item[item];
    if (column == 0) {
      out.items.push_back(item);
      multiplicity.push_back(0);
      column = static_cast<std::uint32_t>(out.items.size());
    }
    ++multiplicity[column - 1];
    return column - 1;
  };
  for (std::size_t row = 0; row < positives.size(); ++row) out.positive[row] = take(positives[row]);
  const std::size_t num_uniform = options_.kind == NegativeKind::kMixed ? options_.num_uniform : 0;
  for (std::size_t i = 0; i < num_uniform; ++i) take(allowed_[rng.below(allowed_.size())]);
}

void NegativeSampler::correct_by_expected_count(std::span<const std::uint32_t> positives, CandidateSet& out) const {
  for (std::size_t column = 0; column < out.items.size(); ++column) {
    const double q = options_.logq_correction ? expected_count(out.items[column], positives.size()) : 1;
    GEMEL_CHECK(q > 0, "NegativeSampler: a positive with count 0");
    out.column_bias[column] = static_cast<float>(std::log(out.column_bias[column] / q));
  }
  out.positive_bias.resize(positives.size());
  for (std::size_t row = 0; row < positives.size(); ++row) {
    const std::uint32_t item = positives[row];
    if (!options_.mask_accidental_hits) {
      out.positive_bias[row] = out.column_bias[out.positive[row]];
    } else {
      out.positive_bias[row] =
          options_.logq_correction ? static_cast<float>(-std::log(-std::expm1(-expected_count(item, positives.size())))) : 0;
    }
  }
}

void NegativeSampler::correct_by_chance(const StreamingFrequency& frequency, std::span<const std::uint32_t> positives,
                                        CandidateSet& out) const {
  // Not drawn uniformly at all, num_uniform times: (1 - 1 / allowed)^num_uniform.
  const bool draws = options_.kind == NegativeKind::kMixed && !allowed_.empty();
  const double not_drawn =
      draws ? std::exp(static_cast<double>(options_.num_uniform) * std::log1p(-1.0 / static_cast<double>(allowed_.size()))) : 1;
  for (std::size_t column = 0; column < out.items.size(); ++column) {
    const std::uint32_t item = out.items[column];
    const double absent = (1 - frequency.chance_per_step(item)) * (is_allowed_[item] ? not_drawn : 1);
    GEMEL_CHECK(absent < 1, "NegativeSampler: the frequency has not observed the batch");
    out.column_bias[column] = static_cast<float>(-std::log1p(-absent));
  }
  out.positive_bias.resize(positives.size());
  for (std::size_t row = 0; row < positives.size(); ++row) out.positive_bias[row] = out.column_bias[out.positive[row]];
}

}  // namespace gemel
