#include "gemel/eval/item_attributes.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_map>

namespace gemel {
namespace {

// a: 1 at each of its values, of which there are size_a.
double jaccard(std::span<const std::uint8_t> a, std::size_t size_a, std::span<const std::uint32_t> b) {
  std::size_t common = 0;
  for (const std::uint32_t value : b) common += a[value];
  return static_cast<double>(common) / static_cast<double>(size_a + b.size() - common);
}

}  // namespace

ItemAttributes::ItemAttributes(const EntityTable& items) {
  std::vector<std::vector<std::uint32_t>> of_item(items.size());
  for (const FeatureColumn& feature : items.features) {
    if (feature.type != FeatureType::kCategory && feature.type != FeatureType::kTags) continue;
    std::unordered_map<std::string_view, std::uint32_t> numbers;
    const auto add = [&](std::size_t item, std::string_view value) {
      if (value.empty()) return;
      const auto [found, is_new] = numbers.try_emplace(value, num_values_);
      num_values_ += is_new;
      of_item[item].push_back(found->second);
    };
    for (std::size_t item = 0; item < items.size(); ++item) {
      if (feature.type == FeatureType::kCategory) add(item, feature.texts[item]);
      else
        for (auto tag = feature.lists[item]; tag < feature.lists[item + 1]; ++tag) add(item, feature.texts[static_cast<std::size_t>(tag)]);
    }
  }
  offsets_.assign(1, 0);
  for (auto& values : of_item) {
    std::ranges::sort(values);
    values.erase(std::unique(values.begin(), values.end()), values.end());
    values_.insert(values_.end(), values.begin(), values.end());
    offsets_.push_back(values_.size());
  }
}

std::optional<double> ItemAttributes::diversity(std::span<const ItemIndex> list) const {
  std::optional<double> diversity;
  diversities(list, std::array{list.size()}, {&diversity, 1});
  return diversity;
}

void ItemAttributes::diversities(std::span<const ItemIndex> list, std::span<const std::size_t> cutoffs,
                                 std::span<std::optional<double>> out) const {
  const std::size_t longest = std::min(list.size(), cutoffs.back());
  std::vector<std::span<const std::uint32_t>> of_place;
  for (const ItemIndex item : list.first(longest)) of_place.push_back(of(item));
  std::vector<double> distances(longest * longest);  // of places i < j
  std::vector<std::uint8_t> is_mine(num_values_);
  for (std::size_t i = 0; i < longest; ++i) {
    for (const std::uint32_t value : of_place[i]) is_mine[value] = 1;
    for (std::size_t j = i + 1; j < longest; ++j) distances[i * longest + j] = 1 - jaccard(is_mine, of_place[i].size(), of_place[j]);
    for (const std::uint32_t value : of_place[i]) is_mine[value] = 0;
  }
  for (std::size_t cutoff = 0; cutoff < cutoffs.size(); ++cutoff) {
    const std::size_t size = std::min(longest, cutoffs[cutoff]);
    double sum = 0;
    std::size_t pairs = 0;
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t j = i + 1; j < size; ++j) {
        if (of_place[i].empty() || of_place[j].empty()) continue;
        sum += distances[i * longest + j];
        ++pairs;
      }
    }
    out[cutoff] = pairs == 0 ? std::nullopt : std::optional(sum / static_cast<double>(pairs));
  }
}

}  // namespace gemel
