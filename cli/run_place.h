// Where a command writes: what cannot be written is refused before the work, and so is a second run on the same place.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "gemel/base/folder_lock.h"
#include "gemel/base/progress.h"

namespace gemel::cli {

// Of a flag that names a file to write. Error kBadConfig: it is a folder, or its folder does not exist.
Result<void> check_place(std::string_view flag, const std::string& path);

// Error kBadInput: another run is at work in `folder`. Where there can be no lock, that is said, and there is none.
Result<std::optional<RunLock>> lock_place(const std::filesystem::path& folder, ProgressSink& progress);

}  // namespace gemel::cli
