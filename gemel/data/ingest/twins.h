// Twins: one product listed under two ids, known by the same customers on the same days (TwinsConfig says when two products are twins).
// Thread safety: pure functions.
#pragma once

#include "gemel/data/ingest/events.h"

namespace gemel {

struct Twins {
  std::vector<std::uint32_t> merged_into;  // [num_items]; itself for products that stay; never a product that is merged itself
  std::uint64_t num_pairs = 0;             // that meet the definition
  std::uint64_t num_merged = 0;            // products that go
};

// Of the events that are not `dropped`. Rows are distinct (customer, day) pairs of a product. Of the products that twin pairs connect, the
// one with the most rows stays, the lower index when level. Cost: the sum over (customer, day) of the square of the number of different
// products in it. Errors: kIo, kInterrupted.
Result<Twins> find_twins(const SortedEvents& events, const EventMarks& dropped, std::size_t num_items, const TwinsConfig& config,
                         const SortSpace& space);

// Marks in `dropped` the events that merging makes copies: same part, customer, product after merging, action and time, but another product
// before. The events of the product that stays are kept, or those of the lowest index among the others. -> how many.
Result<std::uint64_t> drop_merged_copies(const SortedEvents& events, const Twins& twins, const SortSpace& space, EventMarks& dropped);

}  // namespace gemel
