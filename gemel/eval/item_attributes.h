// What the catalogue says of each product, as a set: every value of its categories and tags. How much a list repeats itself is judged by
// it, whatever the model. Thread safety: const after construction.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "gemel/data/dataset.h"

namespace gemel {

class ItemAttributes {
 public:
  explicit ItemAttributes(const EntityTable& items);

  // Values of one product, ascending; equal numbers are the same value of the same feature.
  std::span<const std::uint32_t> of(ItemIndex item) const {
    return std::span(values_).subspan(offsets_[to_size(item)], offsets_[to_size(item) + 1] - offsets_[to_size(item)]);
  }

  static constexpr std::size_t kMostCompared = 64;
  struct Scratch {  // of one thread
    std::vector<std::uint64_t> holders;  // of each value, the places that have it as bits; zeros in between
  };

  // Intra-list diversity (Ziegler et al., WWW 2005, by its complement): the mean over pairs of products of 1 - Jaccard similarity of their
  // values. Products without any value are left out; empty when fewer than two are left. Of the first k of the list for each of `cutoffs`,
  // ascending and at most kMostCompared. -> [cutoffs]
  void diversities(std::span<const ItemIndex> list, std::span<const std::size_t> cutoffs, Scratch& scratch,
                   std::span<std::optional<double>> out) const;

 private:
  std::vector<std::size_t> offsets_;  // [num_items + 1]
  std::vector<std::uint32_t> values_;
  std::uint32_t num_values_ = 0;  // different ones
};

}  // namespace gemel
