#include "gemel/base/version.h"

namespace gemel {
std::string_view program_version() { return GEMEL_VERSION; }
}  // namespace gemel
