// A textual feature with its values numbered, so that checks count numbers and not texts.
// Thread safety: const after construction; borrows the texts of the Dataset.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gemel/data/dataset.h"

namespace gemel::health {

class FieldValues {
 public:
  FieldValues(const FeatureColumn& column, std::size_t num_rows);  // kCategory or kTags

  const std::string& name() const { return name_; }
  FeatureType type() const { return type_; }
  // The values of a row: one of a category, any number of tags; none when missing.
  std::span<const std::uint32_t> of(std::size_t row) const {
    return std::span(values_).subspan(offsets_[row], offsets_[row + 1] - offsets_[row]);
  }
  std::size_t num_values() const { return texts_.size(); }
  std::string_view text(std::uint32_t value) const { return texts_[value]; }

 private:
  std::string name_;
  FeatureType type_;
  std::vector<std::uint32_t> offsets_{0}, values_;
  std::vector<std::string_view> texts_;  // by first appearance
};

}  // namespace gemel::health
