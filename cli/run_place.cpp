#include "cli/run_place.h"

namespace gemel::cli {

Result<void> check_place(std::string_view flag, const std::string& path) {
  std::error_code code;
  const auto folder = std::filesystem::absolute(path, code).parent_path();
  if (!path.empty() && path != "-" && !std::filesystem::is_directory(folder, code))
    return fail(ErrorCode::kBadConfig, flag, ": expected a path in a folder that exists, found '", path, "'");
  if (std::filesystem::is_directory(path, code))
    return fail(ErrorCode::kBadConfig, flag, ": expected the path of a file, found the folder '", path, "'");
  return {};
}

Result<std::optional<RunLock>> lock_place(const std::filesystem::path& folder, ProgressSink& progress) {
  auto lock = RunLock::take(folder);
  if (lock) return std::optional(*std::move(lock));
  const Error& error = lock.error();
  if (error.code == ErrorCode::kBadInput) return fail(error.code, error.message, ": wait for its end or choose another --out");
  progress.warn(concat(error.message, "; a second run on the same --out would not be noticed"));
  return std::optional<RunLock>();
}

}  // namespace gemel::cli
