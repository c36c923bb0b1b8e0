#include "gemel/models/popularity/popularity_mix.h"

#include <algorithm>

#include "gemel/models/half_life.h"

namespace gemel {

std::vector<PopularityMixKnobs> popularity_mixes_to_try() { return {{0, 3}, {0.01, 3}, {0.03, 3}, {0.1, 3}, {0.03, 30}}; }

PopularityMixKnobs read_popularity_mix(ConfigTable& table, PopularityMixKnobs fallback) {
  return {.popularity_weight = table.number("popularity_weight", fallback.popularity_weight, 0),
          .popularity_half_life_days = read_half_life(table, "popularity_half_life_days", fallback.popularity_half_life_days)};
}

std::string to_toml(const PopularityMixKnobs& knobs) {
  return concat("popularity_weight = ", knobs.popularity_weight,
                ", popularity_half_life_days = ", half_life_to_toml(knobs.popularity_half_life_days));
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
  if (knobs_.popularity_weight == 0) return;
  order_.counts().log_shares(0, bias_);
  for (float& bias : bias_) bias *= static_cast<float>(knobs_.popularity_weight);
}

std::vector<std::uint8_t> PopularityMix::ranked_by_taste(std::span<const std::uint8_t> is_known,
                                                         std::span<const std::uint8_t> eligible) const {
  std::vector<std::uint8_t> ranked(is_known.begin(), is_known.end());
  if (knobs_.popularity_weight > 0) std::fill(ranked.begin(), ranked.end(), 1);
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
