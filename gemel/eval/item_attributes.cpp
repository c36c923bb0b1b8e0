#include "gemel/eval/item_attributes.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "gemel/base/check.h"

namespace gemel {

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

// A product is only compared with those before it that share a value; all others are at distance 1. How many values each of them shares
// is counted for all at once: bit p of digits[d] is digit d of the count of place p.
void ItemAttributes::diversities(std::span<const ItemIndex> list, std::span<const std::size_t> cutoffs, Scratch& scratch,
                                 std::span<std::optional<double>> out) const {
  list = list.first(std::min(list.size(), cutoffs.back()));
  GEMEL_CHECK(list.size() <= kMostCompared);
  scratch.holders.resize(num_values_);
  std::array<std::uint64_t, 32> digits{};
  double sum = 0;
  std::size_t pairs = 0, num_described = 0, place = 0;
  for (std::size_t cutoff = 0; cutoff < cutoffs.size(); ++cutoff) {
    for (; place < std::min(list.size(), cutoffs[cutoff]); ++place) {
      const auto values = of(list[place]);
      if (values.empty()) continue;
      std::uint64_t alike = 0;
      std::size_t num_digits = 0;
      for (const std::uint32_t value : values) {
        std::uint64_t carry = scratch.holders[value];
        scratch.holders[value] |= std::uint64_t{1} << place;
        alike |= carry;
        for (std::size_t d = 0; carry != 0; ++d) {
          num_digits = std::max(num_digits, d + 1);
          carry &= std::exchange(digits[d], digits[d] ^ carry);
        }
      }
      sum += static_cast<double>(num_described);
      pairs += num_described++;
      for (; alike != 0; alike &= alike - 1) {
        const auto other = static_cast<std::size_t>(std::countr_zero(alike));
        std::size_t shared = 0;
        for (std::size_t d = 0; d < num_digits; ++d) shared |= (digits[d] >> other & 1) << d;
        sum -= static_cast<double>(shared) / static_cast<double>(values.size() + of(list[other]).size() - shared);
      }
      std::fill_n(digits.begin(), num_digits, 0);
    }
    out[cutoff] = pairs == 0 ? std::nullopt : std::optional(sum / static_cast<double>(pairs));
  }
  for (const ItemIndex item : list)
    for (const std::uint32_t value : of(item)) scratch.holders[value] = 0;
}

}  // namespace gemel
