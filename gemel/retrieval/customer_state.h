// What is known of each customer as of a moment: the state of a bundle, read where it lies in the mapped files, or that of a Dataset.
// Thread safety: const after construction.
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "gemel/data/histories.h"
#include "gemel/numerics/safetensors.h"
#include "gemel/retrieval/manifest.h"

namespace gemel {

// The distinct products of each customer: rows of sorted ItemIndex.
struct SeenItems {
  std::vector<std::int64_t> offsets;  // [num_users + 1]
  std::vector<ItemIndex> items;
};
SeenItems seen_items(const Dataset& dataset, std::size_t num_events);

class CustomerState {
 public:
  CustomerState() = default;
  // histories.safetensors and seen.safetensors of a bundle's state/, every offset and index checked; both at once if need be. Errors:
  // kNotFound, kIo, kCorrupt.
  Result<void> open_events(const std::filesystem::path& path, const Manifest& manifest);
  Result<void> open_seen(const std::filesystem::path& path, const Manifest& manifest);
  // Events [0, num_events) of the Dataset.
  CustomerState(const Dataset& dataset, std::size_t num_events);

  // The customer's events before `at`, oldest first.
  std::vector<HistoryItem> history_before(UserIndex user, TimePoint at) const;
  // Their distinct products, sorted; later than the moment asked about too.
  std::span<const ItemIndex> seen(UserIndex user) const;
  std::span<const std::uint8_t> eligible() const { return eligible_; }  // [num_items]; 0: not to be recommended

 private:
  // Columns of events by customer, then time.
  struct Events {
    std::span<const std::int64_t> offsets;  // [num_users + 1]
    std::span<const std::int64_t> at_us;
    std::span<const std::uint32_t> items;
    std::span<const float> weights;
    std::span<const std::uint8_t> actions;
  };

  SafetensorsFile events_file_, seen_file_;
  Events events_;                               // of a bundle
  Histories histories_;                         // of a Dataset
  std::span<const std::int64_t> seen_offsets_;  // [num_users + 1]
  std::span<const ItemIndex> seen_items_;
  std::span<const std::uint8_t> eligible_;
  // Of a Dataset: what the spans show.
  SeenItems own_seen_;
  std::vector<std::uint8_t> own_eligible_;
};

}  // namespace gemel
