// Which customers had which products, both ways round, each pair once: what counting common customers walks over.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gemel/data/split.h"

namespace gemel {

// Rows of column numbers, ascending within a row.
struct BinaryRows {
  std::vector<std::size_t> offsets;  // [rows + 1]
  std::vector<std::uint32_t> columns;
  std::size_t size() const { return offsets.size() - 1; }
  std::span<const std::uint32_t> row(std::size_t r) const { return std::span(columns).subspan(offsets[r], offsets[r + 1] - offsets[r]); }
};

BinaryRows items_of_users(const TrainView& view);                       // [num_users] rows of items
BinaryRows transposed(const BinaryRows& rows, std::size_t num_columns);  // [num_columns] rows

// Counts, for one item after the other, the customers it shares with every other. One scratch for each thread.
class CoOccurrence {
 public:
  CoOccurrence(const BinaryRows& items_of_users, const BinaryRows& users_of_items)
      : items_of_users_(items_of_users), users_of_items_(users_of_items), counts_(users_of_items.size()) {}

  // Calls visit(other item, shared customers) for each item that shares any with `item`, itself excepted.
  template <class Visit>
  void visit_row(std::uint32_t item, Visit&& visit) {
    for (const std::uint32_t user : users_of_items_.row(item)) {
      for (const std::uint32_t other : items_of_users_.row(user)) {
        if (counts_[other]++ == 0) touched_.push_back(other);
      }
    }
    for (const std::uint32_t other : touched_) {
      if (other != item) visit(other, counts_[other]);
      counts_[other] = 0;
    }
    touched_.clear();
  }

 private:
  const BinaryRows& items_of_users_;
  const BinaryRows& users_of_items_;
  std::vector<std::uint32_t> counts_;   // [num_items], zero between rows
  std::vector<std::uint32_t> touched_;  // the items whose count is not
};

}  // namespace gemel
