#include "gemel/models/popularity/popularity_mix.h"

#include <algorithm>
#include <cmath>

#include "gemel/numerics/kernels.h"

namespace gemel {
namespace {

constexpr double kLeastVariance = 1e-20;  // less is rounding: all scores are the same

struct Spread {
  double mean = 0, variance = 0;
};
Spread spread_of(std::span<const float> values) {
  const auto count = static_cast<double>(values.size());
  Spread spread;
  for (const float value : values) spread.mean += value / count;
  for (const float value : values) spread.variance += (value - spread.mean) * (value - spread.mean) / count;
  return spread;
}

}  // namespace

std::vector<PopularityKnobs> PopularityMix::search_space() {
  std::vector<PopularityKnobs> space = {{.half_life_days = 3, .weight = 0}};
  for (const double weight : {0.3, 0.6, 0.8}) {
    for (const double half_life_days : {2., 7.}) space.push_back({.half_life_days = half_life_days, .weight = weight});
  }
  space.push_back({.half_life_days = 30, .weight = 0.3});
  return space;
}

void PopularityMix::fit(const TrainView& view) {
  order_.fit(view);
  weigh();
}

void PopularityMix::advance(const Dataset& dataset, std::size_t num_events, TimePoint now) {
  order_.advance(dataset, num_events, now);
  weigh();
}

void PopularityMix::weigh() {
  bias_.assign(order_.num_items(), 0);
  if (!is_mixed_in()) return;
  order_.counts().log_shares(0, bias_);
  const Spread spread = spread_of(bias_);
  const double scale = spread.variance > kLeastVariance ? knobs_.weight / std::sqrt(spread.variance) : 0;
  for (float& bias : bias_) bias = static_cast<float>(scale * (bias - spread.mean));
}

float PopularityMix::taste_scale(double variance) const {
  if (!is_mixed_in()) return 1;
  return variance > kLeastVariance ? static_cast<float>((1 - knobs_.weight) / std::sqrt(variance)) : 0;
}

void PopularityMix::mix_into(std::span<float> tastes) const {
  if (!is_mixed_in()) return;
  kernels().scale(taste_scale(spread_of(tastes).variance), tastes.data(), tastes.size());
  kernels().add(bias_.data(), tastes.data(), tastes.size());
}

std::vector<std::uint8_t> PopularityMix::ranked_by_taste(std::span<const std::uint8_t> is_known,
                                                         std::span<const std::uint8_t> eligible) const {
  std::vector<std::uint8_t> ranked(is_known.begin(), is_known.end());
  if (is_mixed_in()) std::fill(ranked.begin(), ranked.end(), 1);
  for (std::size_t item = 0; item < eligible.size(); ++item) ranked[item] &= eligible[item] != 0;
  return ranked;
}

void PopularityMix::complete(const Query& query, std::size_t k, std::span<const std::uint8_t> eligible, std::span<const ScoredIndex> best,
                             std::vector<ScoredItem>& answer) const {
  answer.clear();
  for (const ScoredIndex& scored : best) answer.push_back({ItemIndex{scored.index}, scored.score});
  const std::size_t by_taste = answer.size();
  order_.fill(query, k, eligible, answer);
  if (by_taste == 0 || answer.size() == by_taste || answer[by_taste - 1].score > 0) return;
  // What follows stands below zero already, but the worst by taste lies lower: move it below that.
  const float offset = answer[by_taste - 1].score - 1;
  const auto followers = std::span(answer).subspan(by_taste);
  for (ScoredItem& follower : followers) follower.score += offset;
  std::sort(followers.begin(), followers.end(),
            [](const ScoredItem& a, const ScoredItem& b) { return a.score != b.score ? a.score > b.score : a.item < b.item; });
}

Result<void> PopularityMix::load(const std::filesystem::path& directory) {
  GEMEL_RETURN_IF_ERROR(order_.load(directory));
  weigh();
  return {};
}

}  // namespace gemel
