// Locks on folders (flock): gone with their process, however it ends. Not thread-safe.
#pragma once

#include <filesystem>
#include <vector>

#include "gemel/base/result.h"

namespace gemel {

// The open folder, locked; close() unlocks it. -1 and errno otherwise: EWOULDBLOCK when another holds it, ENOENT when it is gone.
int try_lock_folder(const std::filesystem::path& folder);

// One run at a time on a place. Movable.
class RunLock {
 public:
  // Makes the folder where there is none. Errors: kBadInput when another run holds it; the message names its process where the system
  // tells. kIo when there can be no lock: the folder cannot be made or opened, or its file system has none.
  static Result<RunLock> take(const std::filesystem::path& folder);
  RunLock(RunLock&& other) noexcept;
  RunLock& operator=(RunLock&&) = delete;
  ~RunLock();  // removes the folder, and those above that take() made, where they are empty

 private:
  RunLock(std::filesystem::path folder, int file, std::vector<std::filesystem::path> made_folders)
      : folder_(std::move(folder)), file_(file), made_folders_(std::move(made_folders)) {}
  std::filesystem::path folder_;
  int file_;
  std::vector<std::filesystem::path> made_folders_;  // innermost first
};

}  // namespace gemel
