// Weighted sets of table rows, one set for each of n examples, in CSR form: what every categorical feature is encoded to. A category is
// a bag of one row, tags are a bag of several with weights 1/count, a history is a bag of products weighted by recency.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gemel/base/check.h"

namespace gemel {

struct Bags {
  std::vector<std::uint32_t> offsets{0};  // [n + 1]
  std::vector<std::uint32_t> rows;        // [offsets.back()] table rows
  std::vector<float> weights;             // same length as rows

  std::size_t size() const { return offsets.size() - 1; }
  void clear() {
    offsets.assign(1, 0);
    rows.clear();
    weights.clear();
  }
  void push(std::uint32_t row, float weight) {  // into the bag that close_bag() ends
    rows.push_back(row);
    weights.push_back(weight);
  }
  void close_bag() { offsets.push_back(static_cast<std::uint32_t>(rows.size())); }
  std::span<const std::uint32_t> rows_of(std::size_t i) const { return std::span(rows).subspan(offsets[i], offsets[i + 1] - offsets[i]); }
  std::span<const float> weights_of(std::size_t i) const { return std::span(weights).subspan(offsets[i], offsets[i + 1] - offsets[i]); }
  // Appends bag i of another set.
  void append(const Bags& other, std::size_t i) {
    GEMEL_CHECK(i < other.size());
    rows.insert(rows.end(), other.rows.begin() + other.offsets[i], other.rows.begin() + other.offsets[i + 1]);
    weights.insert(weights.end(), other.weights.begin() + other.offsets[i], other.weights.begin() + other.offsets[i + 1]);
    close_bag();
  }
};

}  // namespace gemel
