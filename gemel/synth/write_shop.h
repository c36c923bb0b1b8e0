// A synthetic shop as files: what `gemel synth` writes and `gemel ingest` takes.
//
//   shop.toml           says what the files hold
//   events-0000.csv     time,customer,product,action; a file for each 25,000 customers, by customer, then time
//   catalogue.csv       a product a line
//   customers-0000.csv  a customer a line, likewise
//   world.json          what the world is made from: the oracle makes it again (world.h)
//
// Memory: the world (12 bytes a product and day) and the events of one file. The same world gives the same bytes, for any number of
// threads.
#pragma once

#include <array>
#include <filesystem>

#include "gemel/base/progress.h"
#include "gemel/synth/personal_state.h"

namespace gemel::synth {

struct ShopCounts {
  std::size_t num_events = 0;
  std::array<std::size_t, 3> num_by_action{};  // of Action
  std::size_t num_repeats = 0;                 // purchases of what the customer had bought before
  std::size_t num_event_files = 0;
};

// Whole or not at all; an older synthetic shop at `target` is replaced. Errors: kBadInput (`target` is something else), kIo, kInterrupted.
Result<ShopCounts> write_shop(const World& world, const std::filesystem::path& target, ThreadPool& pool, ProgressSink& progress);

}  // namespace gemel::synth
