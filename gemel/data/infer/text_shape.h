// How a text file is cut, told from its first bytes. Thread safety: pure functions.
#pragma once

#include <string_view>

#include "gemel/data/infer/shop_guess.h"

namespace gemel {

// `head`: the first bytes of a file, decompressed. `file_name` (without .gz and the like) says what a reader would take it for; only what
// differs from that is set. Columns of a file without header are called column_1, column_2, ... until a layout names them.
//   the lines are JSON objects                     format
//   , ; tab | or :: cut most lines alike           delimiter
//   a number, a date or nothing in the first row   header = false
//   bytes that are no UTF-8                        encoding
SourceGuess guess_text_shape(std::string_view head, std::string_view file_name);

}  // namespace gemel
