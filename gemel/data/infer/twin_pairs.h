// Pairs of products that TwinsConfig would merge, for a guess whether it should: by definition those of data/ingest/twins.h, on rows in
// memory. Thread safety: pure function.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "gemel/data/shop_config.h"

namespace gemel {

struct DayRow {
  std::uint32_t user, item;
  std::int32_t day;
};

// Nothing where looking would take too long: the sum over (customer, day) of the square of its products is above 200 million.
// Sorts and thins out `rows`.
std::optional<std::vector<std::pair<std::uint32_t, std::uint32_t>>> find_twin_pairs(std::vector<DayRow>& rows, std::size_t num_items,
                                                                                    const TwinsConfig& config);

}  // namespace gemel
