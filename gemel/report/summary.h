// What a comparison says, in words that need no knowledge of metrics.
#pragma once

#include <string>
#include <vector>

#include "gemel/eval/promotion.h"

namespace gemel::report {

// Sentences, the most important first.
std::vector<std::string> summary(const Comparison& comparison, const Promotion& promotion);

}  // namespace gemel::report
