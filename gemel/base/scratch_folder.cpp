#include "gemel/base/scratch_folder.h"

#include <stdlib.h>

#include <string>
#include <utility>

namespace gemel {

namespace fs = std::filesystem;

Result<ScratchFolder> ScratchFolder::make(std::string_view purpose) {
  std::error_code code;
  std::string name = (fs::temp_directory_path(code) / concat("gemel-", purpose, "-XXXXXX")).string();
  if (code || ::mkdtemp(name.data()) == nullptr) return fail(ErrorCode::kIo, name, ": making a temporary folder failed");
  return ScratchFolder(std::move(name));
}

ScratchFolder::ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;  // the system empties this place
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

}  // namespace gemel
