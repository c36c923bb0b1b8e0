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

// Rows are distinct (customer, day) pairs of a product. Of the products that twin pairs connect, the one with the most rows stays, the
// lower index when level. Cost: the sum over (customer, day) of the square of the number of different products in it.
Twins find_twins(const Events& events, const EventOrder& order, const TwinsConfig& config);

// Marks the events that merging makes copies: same customer, product after merging, action and time, but another product before. The events
// of the product that stays are kept, or those of the lowest index among the others. -> [order.rows.size()], 1 = a copy.
std::vector<std::uint8_t> find_merged_copies(const Events& events, const EventOrder& order, const Twins& twins);

}  // namespace gemel
