#include "cli/run_place.h"

namespace gemel::cli {

Result<std::optional<RunLock>> lock_place(const std::filesystem::path& folder, ProgressSink& progress) {
  auto lock = RunLock::take(folder);
  if (lock) return std::optional(*std::move(lock));
  const Error& error = lock.error();
  if (error.code == ErrorCode::kBadInput) return fail(error.code, error.message, ": wait for its end or choose another --out");
  progress.warn(concat(error.message, "; a second run on the same --out would not be noticed"));
  return std::optional<RunLock>();
}

}  // namespace gemel::cli
