// A cell as text, whatever the file's type: integers 1228 and the floats 1228.0 that a table with gaps makes of them are the id "1228".
#pragma once

#include <string>
#include <string_view>

#include "gemel/data/ids.h"
#include "gemel/data/row_source.h"

namespace gemel {

// A view of the cell's own text, or of `buffer`. Missing: empty.
std::string_view cell_text(const Cell& cell, std::string& buffer);

// "2017-12-01", or "2017-12-01T08:15:00" (with six digits of a second where they are not zero). UTC.
std::string time_text(TimePoint at);

}  // namespace gemel
