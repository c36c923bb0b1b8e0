// Student's t distribution. Thread safety: pure functions.
#pragma once

#include <cstddef>

namespace gemel {

// The t with 2.5 % above it and 2.5 % below its negative: half of a 95 % interval, in standard errors. `freedom`: at least 1.
double students_t_of_95_percent(std::size_t freedom);

}  // namespace gemel
