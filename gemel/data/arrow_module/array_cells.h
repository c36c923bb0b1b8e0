// Arrow arrays as the Cells of a RowBatch, and hashes of rows. Null and NaN are kMissing; booleans are the integers 0 and 1;
// timestamps and dates are microseconds UTC, naive ones taken as UTC; lists are JSON list text.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "gemel/data/row_source.h"

namespace arrow {
class Array;
}

namespace gemel::arrow_module {

// Texts that had to be made; those of the file are borrowed from the array. A deque: growing moves none of them.
using TextArena = std::deque<std::string>;

// Appends one cell for each value of the array, whatever its type; structs and maps come as Arrow's own text.
void read_cells(const arrow::Array& array, TextArena& arena, std::vector<Cell>& out);

// hashes[row] = mix(hashes[row], column[row]): called for each column of a batch in turn.
void add_row_hashes(std::span<const Cell> column, std::span<std::uint64_t> hashes);

}  // namespace gemel::arrow_module
