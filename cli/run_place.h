// One run at a time on an --out.
#pragma once

#include <filesystem>
#include <optional>

#include "gemel/base/folder_lock.h"
#include "gemel/base/progress.h"

namespace gemel::cli {

// Error kBadInput: another run is at work in `folder`. Where there can be no lock, that is said, and there is none.
Result<std::optional<RunLock>> lock_place(const std::filesystem::path& folder, ProgressSink& progress);

}  // namespace gemel::cli
