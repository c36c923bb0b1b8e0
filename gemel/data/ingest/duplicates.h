// Events that are there twice. Thread safety: pure functions.
#pragma once

#include "gemel/data/ingest/events.h"

namespace gemel {

// Takes out of `order` the rows marked in `drop` ([order.rows.size()], 1 = out). -> how many.
std::uint64_t drop_rows(EventOrder& order, const std::vector<std::uint8_t>& drop);

struct AlikeEvents {
  std::vector<std::uint8_t> drop;  // [order.rows.size()]; the later copies
  std::uint64_t count = 0;
};

// With an event id: events of the same id; the first in Dataset order stays. Without: events of one part that are alike in every field of
// their row. Whether these are one event or the same thing done twice, only a time finer than a day can tell.
AlikeEvents find_alike(const Events& events, const EventOrder& order, bool has_event_id);

}  // namespace gemel
