// Which columns of the catalogue or of the customers are features, of which type, and which must stay out. Thread safety: pure functions.
#pragma once

#include <span>

#include "gemel/data/infer/column_profile.h"
#include "gemel/data/infer/event_counts.h"
#include "gemel/data/infer/layouts.h"
#include "gemel/data/infer/shop_guess.h"

namespace gemel {

// Fills `name` (of the catalogue) and `features`, in the order of the file; `id` is set. `counts`: of all events, against columns that are
// totals over the whole period; null for customers.
void guess_features(TableRole role, const TableSample& table, std::span<const ColumnProfile> profiles, const Layout* layout,
                    const EventCounts* counts, EntitiesGuess& guess);

}  // namespace gemel
