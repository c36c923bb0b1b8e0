// Knobs of the two-tower that follow from what the data is, by rules alone: nothing is trained or tried. Thread safety: pure function.
#pragma once

#include <vector>

#include "gemel/data/infer/event_counts.h"
#include "gemel/data/infer/shop_guess.h"

namespace gemel {

// `num_products`: with events or in the catalogue. Where the rules have nothing to say the model's own defaults stand.
std::vector<KnobGuess> guess_knobs(const EventCounts& counts, bool has_time, std::size_t num_products);

}  // namespace gemel
