#include "gemel/models/popularity/popularity_order.h"

#include <algorithm>
#include <cmath>

#include "gemel/models/half_life.h"
#include "gemel/numerics/safetensors.h"
#include "gemel/numerics/top_k.h"

namespace gemel {
namespace {

constexpr std::string_view kFileName = "popularity.safetensors";

bool sells_before(const ScoredItem& a, const ScoredItem& b) { return a.score != b.score ? a.score > b.score : a.item < b.item; }

// The day whose counts are known at `now`. Where times are row numbers all events lie on day 0, and what is known is told by their
// number alone: the next day's counts hold them all.
Day counted_day(const Dataset& dataset, TimePoint now) { return day_of(now) + std::chrono::days(has_days(dataset.time_kind()) ? 0 : 1); }

}  // namespace

void PopularityKnobs::read(ConfigTable& table) {
  half_life_days = read_half_life(table, "popularity_half_life_days", half_life_days);
  weight = table.number("popularity_weight", weight, 0, 1);
}

std::string PopularityKnobs::to_toml() const {
  return concat("popularity_half_life_days = ", half_life_to_toml(half_life_days), ", popularity_weight = ", weight);
}

std::vector<PopularityKnobs> PopularityKnobs::search_space() {
  return {{.half_life_days = 3, .weight = 0}, {.half_life_days = 2, .weight = 0.8}, {.half_life_days = 7, .weight = 0.8}};
}

void PopularityOrder::fit(const TrainView& view) {
  counts_ = DecayedCounts({half_life_days_}, view.dataset->num_items());
  advance(*view.dataset, view.num_events, view.until);
}

void PopularityOrder::advance(const Dataset& dataset, std::size_t num_events, TimePoint now) {
  counts_.roll(dataset, num_events, counted_day(dataset, now));
  sort();
}

void PopularityOrder::sort() {
  best_first_.resize(num_items());
  for (std::size_t item = 0; item < num_items(); ++item) {
    const double sold = share(static_cast<ItemIndex>(item));
    best_first_[item] = {static_cast<ItemIndex>(item), sold > 0 ? static_cast<float>(std::log2(sold)) : kNeverSoldScore};
  }
  std::sort(best_first_.begin(), best_first_.end(), sells_before);
}

double PopularityOrder::share(ItemIndex item) const {
  const double total = counts_.total(0);
  return total > 0 ? counts_.counts(0)[to_size(item)] / total : 0;
}

void PopularityOrder::rank(const Query& query, std::size_t k, std::span<const std::uint8_t> eligible, const TouchedScores& own,
                           double weight, std::vector<ScoredItem>& answer) const {
  double own_factor = 1;
  if (weight > 0) {
    double sum = 0;
    for (const std::uint32_t item : own.touched()) sum += own[item];
    own_factor = (1 - weight) / sum;
  }
  TopK top(k);
  const auto offer = [&](ItemIndex item, double score) {  // what is not zero stays above it
    if (score > 0) top.offer(static_cast<std::uint32_t>(item), std::max(static_cast<float>(score), std::numeric_limits<float>::min()));
  };
  for (const std::uint32_t index : own.touched()) {
    const ItemIndex item{index};
    if (is_allowed(query, eligible, item)) offer(item, own_factor * own[index] + (weight > 0 ? weight * share(item) : 0));
  }
  std::size_t num_others = 0;  // of the products that only sell, k are enough
  for (auto next = best_first_.begin(); weight > 0 && num_others < k && next != best_first_.end(); ++next) {
    if (own[to_size(next->item)] != 0 || !is_allowed(query, eligible, next->item)) continue;
    offer(next->item, weight * share(next->item));
    ++num_others;
  }
  std::vector<ScoredIndex> best;
  top.take(best);
  answer.clear();
  for (const ScoredIndex& scored : best) answer.push_back({ItemIndex{scored.index}, scored.score});
  fill(query, k, eligible, answer);
}

void PopularityOrder::fill(const Query& query, std::size_t k, std::span<const std::uint8_t> eligible,
                           std::vector<ScoredItem>& answer) const {
  std::vector<ItemIndex> taken;
  for (const ScoredItem& scored : answer) taken.push_back(scored.item);
  std::sort(taken.begin(), taken.end());
  for (const ScoredItem& scored : best_first_) {
    if (answer.size() >= k) return;
    if (!is_allowed(query, eligible, scored.item) || std::binary_search(taken.begin(), taken.end(), scored.item)) continue;
    answer.push_back(scored);
  }
}

Result<void> PopularityOrder::save(const std::filesystem::path& directory) const {
  const DecayedCounts::Snapshot snapshot = counts_.snapshot();
  const std::int64_t moment[] = {snapshot.day.time_since_epoch().count(), static_cast<std::int64_t>(snapshot.num_events)};
  SafetensorsWriter writer;
  writer.add<double>("half_life_days", snapshot.half_life_days);
  writer.add<double>("counts", snapshot.counts, {snapshot.half_life_days.size(), counts_.num_items()});
  writer.add<std::int64_t>("day_and_num_events", moment);
  return writer.write(directory / kFileName);
}

Result<void> PopularityOrder::load(const std::filesystem::path& directory) {
  GEMEL_ASSIGN_OR_RETURN(const SafetensorsFile file, SafetensorsFile::open(directory / kFileName));
  GEMEL_ASSIGN_OR_RETURN(const auto half_life_days, file.values<double>("half_life_days", {1}));
  GEMEL_ASSIGN_OR_RETURN(const auto counts, file.values<double>("counts", {1, kAnySize}));
  GEMEL_ASSIGN_OR_RETURN(const auto moment, file.values<std::int64_t>("day_and_num_events", {2}));
  if (half_life_days[0] != half_life_days_) {
    return fail(ErrorCode::kCorrupt, (directory / kFileName).string(), ": expected counts of half-life ", half_life_days_, " days, found ",
                half_life_days[0]);
  }
  counts_ = DecayedCounts::from_snapshot({.half_life_days = {half_life_days_},
                                          .counts = {counts.begin(), counts.end()},
                                          .day = Day(std::chrono::days(moment[0])),
                                          .num_events = static_cast<std::size_t>(moment[1])},
                                         counts.size());
  sort();
  return {};
}

bool is_allowed(const Query& query, std::span<const std::uint8_t> eligible, ItemIndex item) {
  if (!eligible.empty() && eligible[to_size(item)] == 0) return false;
  return !std::binary_search(query.excluded.begin(), query.excluded.end(), item);
}

}  // namespace gemel
