// Which column of the events is what. Thread safety: pure functions.
#pragma once

#include <span>

#include "gemel/data/infer/column_profile.h"
#include "gemel/data/infer/layouts.h"
#include "gemel/data/infer/shop_guess.h"

namespace gemel {

// The id columns of catalogue and customers, where there are any: what joins them is what events must hold.
struct KnownIds {
  const ColumnProfile* items = nullptr;
  const ColumnProfile* users = nullptr;
};

// Fills the roles of `guess`, and `unused`. Errors: kBadInput, naming the columns, when nothing can be the customer or the product.
Result<void> guess_event_columns(const TableSample& table, std::span<const ColumnProfile> profiles, const Layout* layout,
                                 const KnownIds& ids, EventsGuess& guess);

// The column that can be the key of a catalogue or of customers: no value twice, none missing; called so, or found in the events.
Result<Guess> guess_id_column(TableRole role, const TableSample& table, std::span<const ColumnProfile> profiles, const Layout* layout,
                              std::span<const ColumnProfile> events);

// "epoch milliseconds" and the like.
std::string describe(const TimeProfile& time);

}  // namespace gemel
