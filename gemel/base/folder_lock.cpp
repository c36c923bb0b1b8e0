#include "gemel/base/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace gemel {
namespace {

namespace fs = std::filesystem;

// " (process 1234)", from /proc/locks: "1: FLOCK  ADVISORY  WRITE 1234 fe:00:5767 0 EOF"; empty when that does not tell.
std::string holder_of(const fs::path& folder) {
  struct stat info{};
  if (::stat(folder.c_str(), &info) != 0) return "";
  const std::string inode = concat(":", info.st_ino);
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    std::istringstream words(line);
    std::string number, kind, mode, access, place;
    long process = 0;  // of a process that is not in this container: 0 or below
    words >> number >> kind >> mode >> access >> process >> place;
    if (kind == "FLOCK" && place.ends_with(inode) && process > 0) return concat(" (process ", process, ")");
  }
  return "";
}

bool is_same_folder(int file, const fs::path& path) {
  struct stat open_one{}, named_one{};
  return ::fstat(file, &open_one) == 0 && ::stat(path.c_str(), &named_one) == 0 && open_one.st_dev == named_one.st_dev &&
         open_one.st_ino == named_one.st_ino;
}

}  // namespace

int try_lock_folder(const fs::path& folder) {
  const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (file < 0) return -1;
  int problem = ::flock(file, LOCK_EX | LOCK_NB) != 0 ? errno : 0;
  if (problem == 0 && !is_same_folder(file, folder)) problem = ENOENT;  // who held it removed it
  if (problem == 0) return file;
  ::close(file);
  errno = problem;
  return -1;
}

Result<RunLock> RunLock::take(const fs::path& folder) {
  std::error_code code;
  std::vector<fs::path> made;
  for (fs::path place = fs::absolute(folder, code); !fs::exists(place, code) && place.has_relative_path(); place = place.parent_path())
    made.push_back(place);
  while (true) {
    fs::create_directories(folder, code);
    if (code) return fail(ErrorCode::kIo, folder.string(), ": making the folder failed: ", code.message());
    const int file = try_lock_folder(folder);
    if (file >= 0) return RunLock(folder, file, std::move(made));
    if (errno == EWOULDBLOCK) return fail(ErrorCode::kBadInput, folder.string(), ": another run", holder_of(folder), " is at work here");
    if (errno != ENOENT) return fail(ErrorCode::kIo, folder.string(), ": locking failed: ", std::strerror(errno));
  }
}

RunLock::RunLock(RunLock&& other) noexcept
    : folder_(std::move(other.folder_)), file_(std::exchange(other.file_, -1)), made_folders_(std::move(other.made_folders_)) {}

RunLock::~RunLock() {
  if (file_ < 0) return;
  std::error_code ignored;  // only empty folders go
  if (is_same_folder(file_, folder_)) fs::remove(folder_, ignored);
  for (const fs::path& folder : made_folders_) fs::remove(folder, ignored);
  ::close(file_);
}

}  // namespace gemel
