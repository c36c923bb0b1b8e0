// How many customers two products share.
#pragma once

#include "gemel/models/interactions.h"

namespace gemel {

// Counts, for one item after the other, the customers it shares with every other. One scratch for each thread.
class CoOccurrence {
 public:
  CoOccurrence(const InteractionRows& items_of_users, const InteractionRows& users_of_items)
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
  const InteractionRows& items_of_users_;
  const InteractionRows& users_of_items_;
  std::vector<std::uint32_t> counts_;   // [num_items], zero between rows
  std::vector<std::uint32_t> touched_;  // the items whose count is not
};

}  // namespace gemel
