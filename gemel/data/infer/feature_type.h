// The type of one column as a feature. Thread safety: pure functions.
#pragma once

#include "gemel/data/infer/column_profile.h"
#include "gemel/data/infer/shop_guess.h"

namespace gemel {

// Type, separator, unit, transform and the rest, with the reason; or is_left_out, where nothing can be learned from such a column:
// free texts, keys in disguise, nearly constant and nearly unique ones, addresses of pages and pictures.
FeatureGuess guess_feature_type(const ColumnProfile& column);

}  // namespace gemel
