// The past of every customer, point in time. One function, history_before, builds histories for training, evaluation and serving
// alike, so that the three cannot disagree.
// Thread safety: const after construction.
#pragma once

#include <span>
#include <vector>

#include "gemel/data/dataset.h"
#include "gemel/data/ids.h"

namespace gemel {

class Histories {
 public:
  Histories() = default;
  // Events [0, num_events) of the Dataset, by customer, then time, then Dataset order. Memory: 24 bytes an event.
  Histories(const Dataset& dataset, std::size_t num_events);
  // From parts already grouped by customer and sorted by time (a bundle's state). offsets [num_users + 1].
  Histories(std::vector<std::size_t> offsets, std::vector<HistoryItem> items);

  std::size_t num_users() const { return offsets_.empty() ? 0 : offsets_.size() - 1; }
  std::span<const HistoryItem> of(UserIndex user) const;  // oldest first; empty for customers beyond num_users()

 private:
  std::vector<std::size_t> offsets_;
  std::vector<HistoryItem> items_;
};

// The events strictly before `at`, oldest first: none of the same timestamp, since the order within a timestamp is unknown (where days
// are all we know, a day's purchases are not each other's history). `history` is sorted by time.
std::span<const HistoryItem> history_before(std::span<const HistoryItem> history, TimePoint at);

}  // namespace gemel
