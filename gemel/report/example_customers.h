// A few customers to look at, drawn by chance and not by how well anybody did on them: one or two for each length of history.
#pragma once

#include <cstdint>
#include <vector>

#include "gemel/data/query_plan.h"

namespace gemel::report {

// Queries of the plan, ascending; fewer where the plan has fewer. Same seed, same queries.
std::vector<std::uint32_t> draw_examples(const QueryPlan& plan, const Histories& all_events, std::uint64_t seed);

}  // namespace gemel::report
