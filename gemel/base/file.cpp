#include "gemel/base/file.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace gemel {
namespace fs = std::filesystem;
namespace {

class FileDescriptor {
 public:
  FileDescriptor(const fs::path& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }
  // Closing may report a failed write (NFS, quotas), so a writer asks.
  int close() { return ::close(std::exchange(fd_, -1)); }

 private:
  int fd_;
};

Failure io_error(const fs::path& path, std::string_view doing) {
  const int code = errno;
  const auto kind = code == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo;
  return fail(kind, path.string(), ": ", doing, " failed: ", std::strerror(code));
}

// A rename is durable only once its directory is synced; so are the entries of new files.
Result<void> sync_directory(const fs::path& path) {
  FileDescriptor directory(path, O_RDONLY | O_DIRECTORY);
  if (directory.get() < 0 || ::fsync(directory.get()) != 0) return io_error(path, "syncing the folder");
  return {};
}

fs::path without_end_slash(const fs::path& target) {
  std::error_code code;
  const fs::path clean = fs::absolute(target, code).lexically_normal();
  return clean.has_filename() ? clean : clean.parent_path();
}

}  // namespace

Result<std::string> read_file(const fs::path& path) {
  GEMEL_ASSIGN_OR_RETURN(const auto mapped, MappedFile::open(path));
  return std::string(mapped.bytes());
}

Result<void> write_file(const fs::path& path, std::string_view bytes) {
  FileDescriptor file(path, O_WRONLY | O_CREAT | O_TRUNC);
  if (file.get() < 0) return io_error(path, "creating the file");
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return io_error(path, "writing");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(file.get()) != 0) return io_error(path, "syncing");
  if (file.close() != 0) return io_error(path, "closing");
  return {};
}

Result<void> replace_file(const fs::path& path, std::string_view bytes) {
  fs::path temporary = path;
  temporary += concat(".tmp-", static_cast<long>(::getpid()));
  std::error_code code;
  auto done = write_file(temporary, bytes);
  if (done) {
    fs::rename(temporary, path, code);
    if (code) done = fail(ErrorCode::kIo, path.string(), ": renaming into place failed: ", code.message());
  }
  if (done) return sync_directory(path.has_parent_path() ? path.parent_path() : ".");
  fs::remove(temporary, code);
  return done;
}

std::string checksum_hex(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  char hex[33];
  std::snprintf(hex, sizeof hex, "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  return hex;
}

Result<std::vector<fs::path>> expand_glob(const std::string& pattern) {
  glob_t matches{};
  errno = 0;
  const int status = ::glob(pattern.c_str(), GLOB_ERR | GLOB_BRACE, nullptr, &matches);
  const bool no_such_folder = status == GLOB_ABORTED && errno == ENOENT;
  std::vector<fs::path> paths;
  for (std::size_t i = 0; i < matches.gl_pathc; ++i) paths.emplace_back(matches.gl_pathv[i]);
  ::globfree(&matches);
  if (status == GLOB_NOMATCH || no_such_folder) return fail(ErrorCode::kNotFound, "no file matches '", pattern, "'");
  if (status != 0) return fail(ErrorCode::kIo, "'", pattern, "': listing the files failed");
  return paths;
}

Result<MappedFile> MappedFile::open(const fs::path& path) {
  FileDescriptor file(path, O_RDONLY);
  if (file.get() < 0) return io_error(path, "opening");
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return io_error(path, "reading the size");
  if (!S_ISREG(info.st_mode)) return fail(ErrorCode::kBadInput, path.string(), ": expected a file, found a folder or device");
  MappedFile mapped;
  mapped.size_bytes_ = static_cast<std::size_t>(info.st_size);
  if (mapped.size_bytes_ == 0) return mapped;
  void* address = ::mmap(nullptr, mapped.size_bytes_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (address == MAP_FAILED) return io_error(path, "memory-mapping");
  mapped.data_ = static_cast<const char*>(address);
  return mapped;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_bytes_(std::exchange(other.size_bytes_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_bytes_, other.size_bytes_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<char*>(data_), size_bytes_);
}

AtomicDirectory::AtomicDirectory(fs::path target, fs::path temporary) : target_(std::move(target)), temporary_(std::move(temporary)) {}

AtomicDirectory::AtomicDirectory(AtomicDirectory&& other) noexcept
    : target_(std::move(other.target_)),
      temporary_(std::exchange(other.temporary_, {})),
      made_folders_(std::exchange(other.made_folders_, {})) {}

Result<void> AtomicDirectory::check(const fs::path& target, std::string_view marker) {
  std::error_code code;
  const fs::path clean = without_end_slash(target);
  if (fs::exists(clean, code)) {
    const bool ours = fs::is_directory(clean, code) && (fs::exists(clean / marker, code) || fs::is_empty(clean, code));
    if (!ours)
      return fail(ErrorCode::kBadInput, clean.string(), ": exists and holds no ", marker, ", so it is not replaced; choose another folder");
  }
  fs::path above = clean.parent_path();
  while (!fs::exists(above, code) && above.has_relative_path()) above = above.parent_path();
  if (::access(above.c_str(), W_OK | X_OK) != 0 || !fs::is_directory(above, code))
    return fail(ErrorCode::kIo, clean.string(), ": cannot be written: ", above.string(), " is no folder that may be written to");
  return {};
}

Result<AtomicDirectory> AtomicDirectory::create(const fs::path& target, std::string_view marker) {
  GEMEL_RETURN_IF_ERROR(check(target, marker));
  std::error_code code;
  const fs::path clean = without_end_slash(target);
  std::vector<fs::path> made;
  for (fs::path above = clean.parent_path(); !fs::exists(above, code); above = above.parent_path()) made.push_back(above);
  fs::create_directories(clean.parent_path(), code);
  if (code) return fail(ErrorCode::kIo, clean.parent_path().string(), ": creating the folder failed: ", code.message());
  fs::path temporary = clean;
  temporary += concat(".tmp-", static_cast<long>(::getpid()));
  fs::remove_all(temporary, code);
  if (!fs::create_directory(temporary, code) || code)
    return fail(ErrorCode::kIo, temporary.string(), ": creating the folder failed: ", code.message());
  AtomicDirectory directory(clean, std::move(temporary));
  directory.made_folders_ = std::move(made);
  return directory;
}

AtomicDirectory::~AtomicDirectory() {
  std::error_code ignored;  // a leftover temporary folder harms nobody; the next create() of this process replaces it
  if (temporary_.empty()) return;
  fs::remove_all(temporary_, ignored);
  for (const fs::path& folder : made_folders_) fs::remove(folder, ignored);  // only empty ones go
}

Result<void> AtomicDirectory::commit() {
  GEMEL_RETURN_IF_ERROR(sync_directory(temporary_));
  std::error_code code;
  const bool replaces = fs::exists(target_, code);
  if (replaces) {
    // Linux can swap two names in one step: readers see the old folder or the new one.
    if (::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, target_.c_str(), RENAME_EXCHANGE) != 0) return io_error(target_, "replacing");
    fs::remove_all(temporary_, code);
  } else {
    fs::rename(temporary_, target_, code);
    if (code) return fail(ErrorCode::kIo, target_.string(), ": renaming into place failed: ", code.message());
  }
  temporary_.clear();
  return sync_directory(target_.parent_path());
}

}  // namespace gemel
