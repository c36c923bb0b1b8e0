#include "gemel/report/product_words.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <vector>

namespace gemel::report {
namespace {

constexpr std::size_t kColours = 9;

// Bits that the commonest values tell: a flag tells little, and so does a brand of which each has one product.
double bits_of(const FeatureColumn& feature, std::size_t num_items) {
  std::unordered_map<std::string_view, std::size_t> counts;
  for (std::size_t item = 0; item < num_items; ++item)
    if (!feature.texts[item].empty()) ++counts[feature.texts[item]];
  std::vector<double> shares;
  for (const auto& [value, count] : counts) shares.push_back(static_cast<double>(count) / static_cast<double>(num_items));
  std::ranges::sort(shares, std::greater{});
  double bits = 0;
  for (std::size_t i = 0; i < std::min(shares.size(), kColours); ++i) bits -= shares[i] * std::log2(shares[i]);
  return bits;
}

}  // namespace

ProductWords::ProductWords(const Dataset& dataset) : dataset_(&dataset) {
  const EntityTable& table = dataset.item_table();
  const std::string& name_key = dataset.config().items.name;
  const FeatureColumn* names = name_key.empty() ? nullptr : table.feature(name_key);
  if (names != nullptr && (names->type == FeatureType::kCategory || names->type == FeatureType::kShown)) names_ = names;
  double most = 0;
  for (const FeatureColumn& feature : table.features) {
    if (feature.type != FeatureType::kCategory || &feature == names_) continue;
    const double bits = bits_of(feature, table.size());
    if (bits > most) kinds_ = &feature;
    most = std::max(most, bits);
  }
}

std::string_view ProductWords::id(ItemIndex item) const { return dataset_->item_table().ids[to_size(item)]; }

std::string_view ProductWords::name(ItemIndex item) const {
  const std::string_view name = names_ == nullptr ? "" : names_->texts[to_size(item)];
  return name.empty() ? id(item) : name;
}

std::string_view ProductWords::kind(ItemIndex item) const { return kinds_ == nullptr ? "" : kinds_->texts[to_size(item)]; }

}  // namespace gemel::report
