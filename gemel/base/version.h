// Which gemel this is: what a checkpoint names as its maker.
#pragma once

#include <string_view>

namespace gemel {
std::string_view program_version();  // "0.1.0", the version of the project in CMakeLists.txt
}
