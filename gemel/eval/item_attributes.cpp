#include "gemel/eval/item_attributes.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace gemel {
namespace {

double jaccard(std::span<const std::uint32_t> a, std::span<const std::uint32_t> b) {
  std::size_t common = 0;
  for (auto left = a.begin(), right = b.begin(); left != a.end() && right != b.end();) {
    common += *left == *right;
    const bool step_left = *left <= *right, step_right = *right <= *left;
    left += step_left;
    right += step_right;
  }
  return static_cast<double>(common) / static_cast<double>(a.size() + b.size() - common);
}

}  // namespace

ItemAttributes::ItemAttributes(const EntityTable& items) {
  std::vector<std::vector<std::uint32_t>> of_item(items.size());
  std::uint32_t num_values = 0;
  for (const FeatureColumn& feature : items.features) {
    if (feature.type != FeatureType::kCategory && feature.type != FeatureType::kTags) continue;
    std::unordered_map<std::string_view, std::uint32_t> numbers;
    const auto add = [&](std::size_t item, std::string_view value) {
      if (value.empty()) return;
      const auto [found, is_new] = numbers.try_emplace(value, num_values);
      num_values += is_new;
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
  double sum = 0;
  std::size_t pairs = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    for (std::size_t j = i + 1; j < list.size(); ++j) {
      if (of(list[i]).empty() || of(list[j]).empty()) continue;
      sum += 1 - jaccard(of(list[i]), of(list[j]));
      ++pairs;
    }
  }
  if (pairs == 0) return std::nullopt;
  return sum / static_cast<double>(pairs);
}

}  // namespace gemel
