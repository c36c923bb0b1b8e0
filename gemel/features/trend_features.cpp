#include "gemel/features/trend_features.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace gemel {
namespace {

constexpr float kPerLevel = 0.25f, kPerAge = 0.25f, kPerAcceleration = 0.5f;  // bring the numbers to about the size of 1

// Level and accelerations of one product or group.
float* put_shares(std::span<const std::span<const float>> log_shares, std::size_t index, float log_uniform, float* out) {
  *out++ = kPerLevel * (log_shares.back()[index] - log_uniform);
  for (std::size_t h = 0; h + 1 < log_shares.size(); ++h) *out++ = kPerAcceleration * (log_shares[h][index] - log_shares[h + 1][index]);
  return out;
}

float log_uniform_share(std::size_t size) { return -std::log(static_cast<float>(std::max<std::size_t>(size, 1))); }

// Of groups, from the counts of their products. -> [num_groups]
std::vector<float> group_log_shares(const DecayedCounts& counts, std::size_t half_life, const TrendGroup& group) {
  std::vector<double> sums(group.num_groups, 0.0);
  const auto of_items = counts.counts(half_life);
  for (std::size_t item = 0; item < of_items.size(); ++item) sums[group.group_of_item[item]] += of_items[item];
  const double per_count = counts.total(half_life) > kFadedTotal ? 1 / counts.total(half_life) : 0;
  const double floor = 0.1 / static_cast<double>(std::max<std::size_t>(group.num_groups, 1));
  std::vector<float> shares;
  for (const double sum : sums) shares.push_back(static_cast<float>(std::log(sum * per_count + floor)));
  return shares;
}

std::vector<std::uint32_t> first_numbers(std::size_t size) {
  std::vector<std::uint32_t> numbers(size);
  std::iota(numbers.begin(), numbers.end(), 0u);
  return numbers;
}

}  // namespace

TrendFeatures::TrendFeatures(std::vector<double> half_life_days, std::size_t num_items, std::vector<TrendGroup> groups)
    : half_life_days_(std::move(half_life_days)), num_items_(num_items), groups_(std::move(groups)) {
  GEMEL_CHECK(!half_life_days_.empty() && std::ranges::is_sorted(half_life_days_));
  num_inputs_ = half_life_days_.size() * (1 + groups_.size()) + 5;
}

void TrendFeatures::fill(const Moment& moment, std::span<const std::uint32_t> items, std::span<const std::int32_t> first_days,
                         std::span<const std::uint8_t> without_id, MatrixView out) const {
  const auto today = static_cast<std::int32_t>(moment.day.time_since_epoch().count());
  const double phase = 2 * std::numbers::pi * today / 365.25;
  const auto sine = static_cast<float>(std::sin(phase)), cosine = static_cast<float>(std::cos(phase));
  const float log_uniform = log_uniform_share(num_items_);
  for (std::size_t c = 0; c < items.size(); ++c) {
    float* input = put_shares(moment.log_shares, c, log_uniform, out.row(c).data());
    for (std::size_t g = 0; g < groups_.size(); ++g)
      input = put_shares(moment.group_log_shares[g], groups_[g].group_of_item[items[c]], log_uniform_share(groups_[g].num_groups), input);
    const bool was_sold = first_days[c] < today;
    *input++ = was_sold ? kPerAge * std::log1p(static_cast<float>(today - first_days[c])) : 0;
    *input++ = was_sold ? 0.0f : 1.0f;
    *input++ = without_id[c] != 0 ? 1.0f : 0.0f;
    *input++ = sine;
    *input++ = cosine;
  }
}

void TrendFeatures::of_counts(const DecayedCounts& counts, std::span<const std::uint8_t> without_id, Matrix& out) const {
  GEMEL_CHECK(counts.num_items() == num_items_ && without_id.size() == num_items_ && counts.half_life_days() == half_life_days_);
  Moment moment{counts.day(), {}, {}};
  std::vector<std::vector<float>> shares;
  for (std::size_t h = 0; h < half_life_days_.size(); ++h) counts.log_shares(h, shares.emplace_back(num_items_));
  for (const auto& of_items : shares) moment.log_shares.push_back(of_items);
  std::vector<std::vector<std::vector<float>>> of_groups(groups_.size());
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    for (std::size_t h = 0; h < half_life_days_.size(); ++h) of_groups[g].push_back(group_log_shares(counts, h, groups_[g]));
    moment.group_log_shares.emplace_back(of_groups[g].begin(), of_groups[g].end());
  }
  out.resize(num_items_, num_inputs_);
  fill(moment, first_numbers(num_items_), counts.first_days(), without_id, out);
}

std::vector<PopularityTimeline> TrendFeatures::make_group_timelines(const TrainView& view) const {
  std::vector<PopularityTimeline> timelines;
  for (const TrendGroup& group : groups_) timelines.emplace_back(view, half_life_days_, group.group_of_item, group.num_groups);
  return timelines;
}

void TrendFeatures::of_days(const PopularityTimeline& timeline, std::span<const PopularityTimeline> group_timelines,
                            std::span<const Day> days, std::span<const std::uint32_t> items, std::span<const Matrix> log_shares,
                            std::span<const std::uint8_t> without_id, Matrix& out, ThreadPool& pool) const {
  GEMEL_CHECK(group_timelines.size() == groups_.size() && log_shares.size() == half_life_days_.size() && without_id.size() == items.size());
  std::vector<std::vector<Matrix>> of_groups(groups_.size());
  for (std::size_t g = 0; g < groups_.size(); ++g)
    group_timelines[g].log_shares(days, first_numbers(groups_[g].num_groups), of_groups[g], pool);
  std::vector<std::int32_t> first_days;
  for (const std::uint32_t item : items) first_days.push_back(timeline.first_day(item));
  out.resize(days.size() * items.size(), num_inputs_);
  pool.run(days.size(), [&](std::size_t day) {
    Moment moment{days[day], {}, {}};
    for (const Matrix& shares : log_shares) moment.log_shares.push_back(shares.row(day));
    for (const auto& of_group : of_groups)
      for (auto& shares = moment.group_log_shares.emplace_back(); const Matrix& of_half_life : of_group)
        shares.push_back(of_half_life.row(day));
    fill(moment, items, first_days, without_id, out.view().row_block(day * items.size(), (day + 1) * items.size()));
  });
}

}  // namespace gemel
