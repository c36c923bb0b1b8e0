#include "gemel/features/vocabulary.h"

#include <algorithm>

namespace gemel {

Vocabulary::Vocabulary(std::vector<std::string> values) : values_(std::move(values)) {
  rows_.reserve(values_.size());
  for (std::size_t i = 0; i < values_.size(); ++i) rows_.emplace(values_[i], kFirstValue + static_cast<std::uint32_t>(i));
}

std::uint32_t Vocabulary::row(std::string_view value) const {
  if (value.empty()) return kMissing;
  const auto found = rows_.find(value);
  return found == rows_.end() ? kUnseen : found->second;
}

Vocabulary VocabularyBuilder::build(int min_count) const {
  std::vector<std::pair<std::uint64_t, std::string_view>> kept;
  for (const auto& [value, count] : counts_) {
    if (count >= static_cast<std::uint64_t>(min_count)) kept.emplace_back(count, value);
  }
  std::sort(kept.begin(), kept.end(),
            [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
  std::vector<std::string> values;
  values.reserve(kept.size());
  for (const auto& [count, value] : kept) values.emplace_back(value);
  return Vocabulary(std::move(values));
}

}  // namespace gemel
