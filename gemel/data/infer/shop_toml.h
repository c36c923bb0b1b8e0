// A ShopGuess as people read it, shop.toml with a comment on each guess, and as programs do. Thread safety: pure functions.
#pragma once

#include <string>

#include "gemel/data/infer/shop_guess.h"

namespace gemel {

// Lines of at most 140 characters where the shop's own names allow; comments of a section begin in one column.
std::string to_toml(const ShopGuess& shop);

// One JSON object: the keys of shop.toml, each with value, reason and alternatives.
std::string to_json(const ShopGuess& shop);

}  // namespace gemel
