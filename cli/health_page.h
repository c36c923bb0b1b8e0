// The health of a Dataset as a page for a terminal: findings first, the worst of them at the top, then what each check saw.
#pragma once

#include <string>

#include "gemel/data/health/health.h"

namespace gemel::cli {

inline constexpr std::size_t kHealthPageWidth = 100;  // characters; no line is longer

std::string health_page(const health::Report& report);

}  // namespace gemel::cli
