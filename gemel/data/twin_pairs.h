// Pairs of twins: products known by the same customers on the same days (TwinsConfig says when two products are twins). `gemel inspect`
// shows them; ingest, which merges them, counts by the same definition on disk. Thread safety: pure functions.
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "gemel/data/shop_config.h"

namespace gemel {

// That a customer had a product on a day.
struct DayRow {
  std::uint32_t user;
  std::int32_t day;
  std::uint32_t item;
  auto operator<=>(const DayRow&) const = default;
};

// Whether this many shared rows make twins of two products of which the rarer one has num_rarer.
inline bool are_twins(std::uint64_t num_shared, std::uint64_t num_rarer, const TwinsConfig& config) {
  const auto shared = static_cast<double>(num_shared);
  return shared >= static_cast<double>(config.min_shared) && shared >= config.min_share * static_cast<double>(num_rarer);
}

struct TwinPair {
  std::uint32_t rarer, other;  // products; the lower index when they have as many rows
  std::uint32_t num_shared;  // distinct (customer, day) rows of both
  std::uint32_t num_rarer, num_other;  // and of each
};

// The pairs that meet the definition, by rarer, then other. `rows` in any order, copies allowed; items below num_items. Exact.
// Memory: 16 bytes a row. Time: a product is given up as soon as no other can reach min_share of its rows, which for most of them is after
// the first tenth.
std::vector<TwinPair> find_twin_pairs(std::vector<DayRow> rows, std::size_t num_items, const TwinsConfig& config);

}  // namespace gemel
