// The values of a categorical feature, each a row of an embedding table. Fitted on the training period only; applied anywhere.
// Row 0 is the missing value, row 1 every value that was not seen when fitted (or too rarely), values begin at row 2: most frequent
// first, equal counts by text, so that the same data gives the same rows.
// Thread safety: const after fit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace gemel {

class Vocabulary {
 public:
  static constexpr std::uint32_t kMissing = 0, kUnseen = 1, kFirstValue = 2;

  Vocabulary() = default;
  explicit Vocabulary(std::vector<std::string> values);  // rows kFirstValue, kFirstValue + 1, ...

  std::uint32_t row(std::string_view value) const;  // empty text: kMissing
  std::uint32_t num_rows() const { return kFirstValue + static_cast<std::uint32_t>(values_.size()); }
  const std::vector<std::string>& values() const { return values_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  std::vector<std::string> values_;
  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> rows_;
};

class VocabularyBuilder {
 public:
  void add(std::string_view value) {
    if (!value.empty()) ++counts_[std::string(value)];
  }
  Vocabulary build(int min_count) const;

 private:
  std::unordered_map<std::string, std::uint64_t> counts_;
};

}  // namespace gemel
