// The events of a shop while ingest works on them: read from the source files, ids interned, sorted in bounded memory.
// Not thread-safe. 30 bytes an event, in memory or, when its share of memory is full, on disk.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "gemel/base/progress.h"
#include "gemel/data/dataset.h"
#include "gemel/data/ingest/external_sort.h"
#include "gemel/data/ingest/id_table.h"
#include "gemel/data/ingest/reject_log.h"
#include "gemel/data/shop_config.h"

namespace gemel {

inline constexpr std::size_t kNumParts = 3;  // train, validation, test when the splits are files; otherwise all events are part 0

// In the order of the source as they come. Packed: there may be hundreds of millions. Members are to be copied, not referred to.
struct __attribute__((packed)) EventRecord {
  std::int64_t time;   // microseconds; see TimeKind for what they count
  std::uint64_t hash;  // of the event id when there is one, else of the whole row: alike events have equal ones
  std::uint32_t user, item;
  float weight;
  std::uint8_t action;
  std::uint8_t part;
};

// The order of the Dataset: by time within each part; events of the same time stay in source order.
struct InDatasetOrder {
  bool operator()(const EventRecord& a, const EventRecord& b) const { return a.part != b.part ? a.part < b.part : a.time < b.time; }
};
using SortedEvents = ExternalSort<EventRecord, InDatasetOrder>;

// One bit for each event, by its place in SortedEvents.
using EventMarks = std::vector<bool>;

struct Events {
  explicit Events(const SortSpace& space) : sorted(space) {}
  SortedEvents sorted;
  TimeKind time_kind = TimeKind::kNone;
  IdTable user_ids, item_ids;  // item_ids begins with the catalogue's
  std::vector<std::string> action_names;
  RowAccount account;
};

// Reads the event files of every part. `item_ids`: those of the catalogue, or an empty table.
// Errors: kBadConfig (paths, columns, more than 255 actions), kBadInput, kIo, kInterrupted.
Result<Events> read_events(const ShopConfig& config, IdTable item_ids, const SortSpace& space, RejectLog& rejects, ProgressSink& progress);

}  // namespace gemel
