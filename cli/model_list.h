// Names of models on the command line, separated by commas.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gemel/base/result.h"

namespace gemel::cli {

// Blanks around a name do not count; nothing at all is no model. Error kBadConfig, which begins with `flag`: an empty name, an unknown one,
// one that comes twice.
Result<std::vector<std::string>> parse_model_list(std::string_view flag, std::span<const std::string> typed);

}  // namespace gemel::cli
