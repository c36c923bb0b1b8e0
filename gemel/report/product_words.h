// What a report calls a product, and the kind it belongs to. Thread safety: const after construction. Borrows the Dataset.
#pragma once

#include <string>
#include <string_view>

#include "gemel/data/dataset.h"

namespace gemel::report {

class ProductWords {
 public:
  explicit ProductWords(const Dataset& dataset);

  std::string_view id(ItemIndex item) const;
  std::string_view name(ItemIndex item) const;  // the id where the shop names nothing
  std::string_view kind(ItemIndex item) const;  // empty where the catalogue does not tell

  // Feature that kinds are taken from, empty when there is none: the category whose nine commonest values tell most about products.
  std::string_view kind_feature() const { return kinds_ == nullptr ? "" : std::string_view(kinds_->name); }

 private:
  const Dataset* dataset_;
  const FeatureColumn* names_ = nullptr;
  const FeatureColumn* kinds_ = nullptr;
};

}  // namespace gemel::report
