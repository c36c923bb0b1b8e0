// The events of a shop while ingest works on them: read from the source files in their order, ids interned, nothing sorted yet.
// Not thread-safe. Memory: 29 bytes an event.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gemel/base/progress.h"
#include "gemel/data/dataset.h"
#include "gemel/data/ingest/chunked_column.h"
#include "gemel/data/ingest/id_table.h"
#include "gemel/data/ingest/reject_log.h"
#include "gemel/data/shop_config.h"

namespace gemel {

inline constexpr std::size_t kNumParts = 3;  // train, validation, test when the splits are files; otherwise all events are part 0

struct Events {
  ChunkedColumn<std::int64_t> times;  // microseconds; see TimeKind for what they count
  ChunkedColumn<std::uint32_t> users, items;
  ChunkedColumn<std::uint8_t> actions;
  ChunkedColumn<float> weights;
  ChunkedColumn<std::uint64_t> hashes;  // of the event id when there is one, else of the whole row: alike events have equal ones
  std::array<std::size_t, kNumParts> part_sizes{};

  TimeKind time_kind = TimeKind::kNone;
  IdTable user_ids, item_ids;  // item_ids begins with the catalogue's
  std::vector<std::string> action_names;
  RowAccount account;

  std::size_t size() const { return times.size(); }
};

// Rows of Events in the order of the Dataset. part_sizes says how many belong to each part.
struct EventOrder {
  std::vector<std::uint32_t> rows;
  std::array<std::size_t, kNumParts> part_sizes{};
};

// Reads the event files of every part. `item_ids`: those of the catalogue, or an empty table.
// Errors: kBadConfig (paths, columns, more than 255 actions), kBadInput, kInterrupted.
Result<Events> read_events(const ShopConfig& config, IdTable item_ids, RejectLog& rejects, ProgressSink& progress);

// By time within each part; events of the same time stay in source order.
EventOrder sort_by_time(const Events& events);

}  // namespace gemel
