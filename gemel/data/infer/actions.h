// What the actions of a shop mean, by their names, and which of them recommendations should aim at. Thread safety: pure functions.
#pragma once

#include <string>
#include <vector>

#include "gemel/data/infer/column_profile.h"
#include "gemel/data/infer/shop_guess.h"

namespace gemel {

enum class ActionClass { kBuy, kCart, kWish, kView, kShown, kUncart, kReturn, kUnknown };

// "Order Completed", "purchase-complete" and "orders" are purchases; the table stands in actions.cpp.
ActionClass class_of(std::string_view action);

// One for each value of the column, most frequent first. The strongest class that occurs is the target: purchases, then carts, then wishes,
// then views; where no name is known, every action is.
std::vector<ActionGuess> guess_actions(const ColumnProfile& column);

}  // namespace gemel
