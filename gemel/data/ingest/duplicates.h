// Events that are there twice. Thread safety: pure functions.
#pragma once

#include "gemel/data/ingest/events.h"

namespace gemel {

struct AlikeEvents {
  EventMarks copies;  // the later ones
  std::uint64_t count = 0;
};

// With an event id: events of the same id; the first in Dataset order stays. Without: events of one part that are alike in every field of
// their row. Whether these are one event or the same thing done twice, only a time finer than a day can tell. Errors: kIo, kInterrupted.
Result<AlikeEvents> find_alike(const SortedEvents& events, bool has_event_id, const SortSpace& space);

}  // namespace gemel
