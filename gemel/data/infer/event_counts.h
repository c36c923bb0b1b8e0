// One pass over all events, with the roles that were guessed: what the head alone cannot tell.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gemel/base/progress.h"
#include "gemel/data/ids.h"
#include "gemel/data/infer/shop_guess.h"
#include "gemel/data/infer/table_sample.h"
#include "gemel/data/ingest/id_table.h"

namespace gemel {

struct EventCounts {
  std::uint64_t num_rows = 0, num_usable = 0;  // usable: customer, product and time can be read
  std::uint64_t num_weightless = 0;            // usable, but the weight is missing or not above 0
  IdTable item_ids;
  std::vector<std::uint32_t> item_counts;  // [item_ids.size()]
  std::vector<double> kept_counts, train_counts;  // likewise, of the kept rows: all, and those before the default validation
  std::size_t num_users = 0;
  TimePoint first{}, last{};
  Day validation_from{}, test_from{};  // where the default split falls
  double repeat_share = 0;                   // of the target events, those whose customer had the product in another one
  // Ids of products that share nearly all their customers and days (twin_pairs.h).
  std::vector<std::pair<std::string, std::string>> twins;
};

// Rows up to this many are kept to count repeats and twins; counts go over all. 12 to 20 bytes a row.
inline constexpr std::size_t kMaxKeptRows = 5'000'000;

// Errors: kInterrupted, what the files do.
Result<EventCounts> count_events(const std::string& pattern, const EventsGuess& guess, bool find_twin_products, ProgressSink& progress);

}  // namespace gemel
