#include "gemel/base/file.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "gemel/base/folder_lock.h"

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

constexpr std::size_t kBlockBytes = std::size_t{1} << 20;          // of a file read through a buffer
constexpr std::size_t kReleaseBytes = std::size_t{64} << 20;       // of a mapped file, before its pages are given back

// Of what is read. What is written fails with kIo, whatever the reason.
Failure io_error(const fs::path& path, std::string_view doing) {
  const int code = errno;
  const auto kind = code == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo;
  return fail(kind, path.string(), ": ", doing, " failed: ", std::strerror(code));
}

Failure write_error(const fs::path& path, std::string_view doing) {
  return fail(ErrorCode::kIo, path.string(), ": ", doing, " failed: ", std::strerror(errno));
}

std::string checksum_digits(const XXH128_hash_t& hash) {
  char hex[33];
  std::snprintf(hex, sizeof hex, "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  return hex;
}

class RunningChecksum {
 public:
  RunningChecksum() { XXH3_128bits_reset(&state_); }
  void add(std::string_view bytes) { XXH3_128bits_update(&state_, bytes.data(), bytes.size()); }
  std::string hex() const { return checksum_digits(XXH3_128bits_digest(&state_)); }

 private:
  XXH3_state_t state_;
};

// A rename is durable only once its directory is synced; so are the entries of new files.
Result<void> sync_directory(const fs::path& path) {
  FileDescriptor directory(path, O_RDONLY | O_DIRECTORY);
  if (directory.get() < 0 || ::fsync(directory.get()) != 0) return write_error(path, "syncing the folder");
  return {};
}

// The folder and all below it.
Result<void> sync_directories(const fs::path& path) {
  std::error_code code;
  for (fs::recursive_directory_iterator entry(path, code), end; !code && entry != end; entry.increment(code))
    if (entry->is_directory(code)) GEMEL_RETURN_IF_ERROR(sync_directory(entry->path()));
  if (code) return fail(ErrorCode::kIo, path.string(), ": listing the folder failed: ", code.message());
  return sync_directory(path);
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
  if (file.get() < 0) return write_error(path, "creating the file");
  const std::size_t size_bytes = bytes.size();
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return write_error(path, concat("writing ", bytes.size(), " of ", size_bytes, " bytes"));
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(file.get()) != 0 && errno != EINVAL) return write_error(path, "syncing");  // EINVAL: a terminal or pipe, which cannot be
  if (file.close() != 0) return write_error(path, "closing");
  return {};
}

Result<void> replace_file(const fs::path& path, std::string_view bytes) {
  std::error_code code;
  if (fs::exists(path, code) && !fs::is_regular_file(path, code)) return write_file(path, bytes);
  const fs::path clean = fs::weakly_canonical(fs::absolute(path, code), code);  // a link stays, its file is replaced
  if (code) return fail(ErrorCode::kIo, path.string(), ": cannot be found: ", code.message());
  const fs::path temporary = concat(clean.string(), ".new-", static_cast<long>(::getpid()));
  auto written = write_file(temporary, bytes);
  if (written && ::rename(temporary.c_str(), clean.c_str()) != 0) written = write_error(clean, "replacing");
  if (!written) {
    fs::remove(temporary, code);
    return written;
  }
  return sync_directory(clean.parent_path());
}

std::string checksum_hex(std::string_view bytes) { return checksum_digits(XXH3_128bits(bytes.data(), bytes.size())); }

Result<FileSum> sum_file(const fs::path& path) {
  FileDescriptor file(path, O_RDONLY);
  if (file.get() < 0) return io_error(path, "opening");
  FileSum sum;
  RunningChecksum checksum;
  std::vector<char> block(kBlockBytes);
  while (true) {
    const ssize_t got = ::read(file.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error(path, "reading");
    if (got == 0) break;
    checksum.add({block.data(), static_cast<std::size_t>(got)});
    sum.size_bytes += static_cast<std::uint64_t>(got);
  }
  sum.checksum = checksum.hex();
  return sum;
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

std::string MappedFile::checksum() const {
  RunningChecksum checksum;
  for (std::size_t begin = 0; begin < size_bytes_; begin += kReleaseBytes) {
    checksum.add(bytes().substr(begin, kReleaseBytes));
    if (size_bytes_ > kReleaseBytes) release_pages();
  }
  return checksum.hex();
}

void MappedFile::release_pages() const {
  if (data_ != nullptr) ::madvise(const_cast<char*>(data_), size_bytes_, MADV_DONTNEED);  // a hint: without it they merely stay
}

Result<RandomFile> RandomFile::create(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return write_error(path, "creating the file");
  return RandomFile(path, file);
}

Result<RandomFile> RandomFile::create_unnamed(const fs::path& folder) {
  std::string path = (folder / "spill-XXXXXX").string();
  const int file = ::mkostemp(path.data(), O_CLOEXEC);
  if (file < 0) return write_error(path, "creating the file");
  ::unlink(path.c_str());
  return RandomFile(path, file);
}

RandomFile::RandomFile(RandomFile&& other) noexcept : path_(std::move(other.path_)), file_(std::exchange(other.file_, -1)) {}

RandomFile& RandomFile::operator=(RandomFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(file_, other.file_);
  return *this;
}

RandomFile::~RandomFile() {
  if (file_ >= 0) ::close(file_);
}

Result<void> RandomFile::write(std::uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return write_error(path_, concat("writing ", bytes.size(), " bytes at ", offset));
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

Result<void> RandomFile::read(std::uint64_t offset, std::span<char> bytes) const {
  while (!bytes.empty()) {
    const ssize_t got = ::pread(file_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) errno = EIO;  // it ends before what was written: somebody cut it
    if (got <= 0) return write_error(path_, concat("reading ", bytes.size(), " bytes at ", offset));
    bytes = bytes.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return {};
}

Result<void> RandomFile::sync() {
  if (::fsync(file_) != 0) return write_error(path_, "syncing");
  return {};
}

AtomicDirectory::AtomicDirectory(fs::path target, fs::path temporary, int lock)
    : target_(std::move(target)), temporary_(std::move(temporary)), lock_(lock) {}

AtomicDirectory::AtomicDirectory(AtomicDirectory&& other) noexcept
    : target_(std::move(other.target_)),
      temporary_(std::exchange(other.temporary_, {})),
      lock_(std::exchange(other.lock_, -1)),
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

namespace {

constexpr std::string_view kTemporary = ".tmp-";

struct LockedFolder {
  fs::path path;
  int lock;
};

// The temporary folders of `target` that nobody holds. One that cannot be locked or removed stays: it harms nobody.
void remove_abandoned(const fs::path& target) {
  const std::string prefix = concat(target.filename().string(), kTemporary);
  std::vector<fs::path> found;
  std::error_code code;
  for (fs::directory_iterator entry(target.parent_path(), code), end; !code && entry != end; entry.increment(code)) {
    const std::string name = entry->path().filename().string();
    const bool is_ours = name.starts_with(prefix) && name.find_first_not_of("0123456789-", prefix.size()) == std::string::npos;
    if (is_ours) found.push_back(entry->path());
  }
  for (const fs::path& folder : found) {
    const int lock = try_lock_folder(folder);
    if (lock < 0) continue;
    fs::remove_all(folder, code);
    ::close(lock);
  }
}

// Where the file system has no locks the folder is made all the same; then nobody will think it abandoned either.
Result<LockedFolder> make_locked_folder(const fs::path& target) {
  constexpr int kMaxTries = 1000;  // others of the same number: in another container, or a target twice in one process
  for (int attempt = 0; attempt < kMaxTries; ++attempt) {
    fs::path path = target;
    path += concat(kTemporary, static_cast<long>(::getpid()), attempt == 0 ? "" : concat("-", attempt));
    if (::mkdir(path.c_str(), 0777) != 0) {
      if (errno == EEXIST) continue;
      return write_error(path, "creating the folder");
    }
    const int lock = try_lock_folder(path);
    if (lock >= 0 || fs::exists(path)) return LockedFolder{std::move(path), lock};
    // Else somebody took it for abandoned before it was locked.
  }
  return fail(ErrorCode::kIo, target.string(), ": no temporary folder could be made beside it");
}

}  // namespace

Result<AtomicDirectory> AtomicDirectory::create(const fs::path& target, std::string_view marker) {
  GEMEL_RETURN_IF_ERROR(check(target, marker));
  std::error_code code;
  const fs::path clean = without_end_slash(target);
  std::vector<fs::path> made;
  for (fs::path above = clean.parent_path(); !fs::exists(above, code); above = above.parent_path()) made.push_back(above);
  fs::create_directories(clean.parent_path(), code);
  if (code) return fail(ErrorCode::kIo, clean.parent_path().string(), ": creating the folder failed: ", code.message());
  remove_abandoned(clean);
  GEMEL_ASSIGN_OR_RETURN(auto locked, make_locked_folder(clean));
  AtomicDirectory directory(clean, std::move(locked.path), locked.lock);
  directory.made_folders_ = std::move(made);
  return directory;
}

AtomicDirectory::~AtomicDirectory() {
  if (lock_ >= 0) ::close(lock_);
  std::error_code ignored;  // a leftover temporary folder harms nobody; the next create() removes it
  if (temporary_.empty()) return;
  fs::remove_all(temporary_, ignored);
  for (const fs::path& folder : made_folders_) fs::remove(folder, ignored);  // only empty ones go
}

Result<void> AtomicDirectory::commit() {
  GEMEL_RETURN_IF_ERROR(sync_directories(temporary_));
  std::error_code code;
  const bool replaces = fs::exists(target_, code);
  if (replaces) {
    // Linux can swap two names in one step: readers see the old folder or the new one.
    if (::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, target_.c_str(), RENAME_EXCHANGE) != 0)
      return write_error(target_, "replacing");
  } else if (::rename(temporary_.c_str(), target_.c_str()) != 0) {
    return write_error(target_, "renaming into place");
  }
  const fs::path replaced = std::exchange(temporary_, {});
  GEMEL_RETURN_IF_ERROR(sync_directory(target_.parent_path()));
  for (const fs::path& folder : made_folders_) GEMEL_RETURN_IF_ERROR(sync_directory(folder.parent_path()));
  if (replaces) fs::remove_all(replaced, code);  // what is left, the next create() removes
  return {};
}

}  // namespace gemel
