// The space of both towers as a picture. Thread safety: pure function.
#pragma once

#include <string>

#include "examples/music/score_table.h"

namespace gemel::music {

// An SVG of listeners and artists on the named axes: filled where `learned` puts them, a ring where the slides do.
std::string tower_map(const Factors& learned, const Factors& slides);

}  // namespace gemel::music
