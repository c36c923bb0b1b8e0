#include "gemel/data/health/field_values.h"

#include <unordered_map>

namespace gemel::health {

FieldValues::FieldValues(const FeatureColumn& column, std::size_t num_rows) : name_(column.name), type_(column.type) {
  std::unordered_map<std::string_view, std::uint32_t> numbers;
  const auto push = [&](std::string_view text) {
    if (text.empty()) return;
    const auto [at, is_new] = numbers.emplace(text, static_cast<std::uint32_t>(texts_.size()));
    if (is_new) texts_.push_back(text);
    values_.push_back(at->second);
  };
  for (std::size_t row = 0; row < num_rows; ++row) {
    if (type_ == FeatureType::kTags) {
      for (std::int32_t tag = column.lists[row]; tag < column.lists[row + 1]; ++tag) push(column.texts[static_cast<std::size_t>(tag)]);
    } else {
      push(column.texts[row]);
    }
    offsets_.push_back(static_cast<std::uint32_t>(values_.size()));
  }
}

}  // namespace gemel::health
