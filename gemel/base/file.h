// Files: reading, memory-mapping, and writing so that a reader sees the old state or the new one, never a mixture.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gemel/base/result.h"

namespace gemel {

// Whole file as bytes. Errors: kNotFound, kIo.
Result<std::string> read_file(const std::filesystem::path& path);

// Writes, syncs and closes; every step is checked. The file is not atomic by itself: see replace_file and AtomicDirectory. Error: kIo.
Result<void> write_file(const std::filesystem::path& path, std::string_view bytes);

// As write_file, but written beside `path`, under a name of this process, and renamed into place: readers see the old file or the new one,
// and what goes wrong leaves the old one. What is no file, such as /dev/stdout, is written as it stands. Error: kIo.
Result<void> replace_file(const std::filesystem::path& path, std::string_view bytes);

// 128-bit XXH3 of some bytes, as 32 hex digits (libxxhash). Guards against damage, not against an adversary.
std::string checksum_hex(std::string_view bytes);

// Files that match `pattern`: a plain path, or a glob with *, ? and [..]; sorted by name. Error: kNotFound when none does.
Result<std::vector<std::filesystem::path>> expand_glob(const std::string& pattern);

// A read-only mapping of a whole file; empty files map to an empty span. Movable; the bytes live as long as the object.
class MappedFile {
 public:
  static Result<MappedFile> open(const std::filesystem::path& path);
  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();
  std::string_view bytes() const { return {data_, size_bytes_}; }
  // checksum_hex of bytes(); a large file does not stay in this process's memory after it.
  std::string checksum() const;
  // The pages touched so far leave this process's memory; those touched again come back from the page cache or the disk.
  void release_pages() const;

 private:
  const char* data_ = nullptr;
  std::size_t size_bytes_ = 0;
};

// A new file that is written and read at any place. Errors (kIo) say how many bytes at which place could not be written or read.
// Movable; closed by the destructor. Not thread-safe.
class RandomFile {
 public:
  static Result<RandomFile> create(const std::filesystem::path& path);
  // Has no name in `folder`: it is gone when it is closed, however the process ends.
  static Result<RandomFile> create_unnamed(const std::filesystem::path& folder);
  RandomFile() = default;
  RandomFile(RandomFile&& other) noexcept;
  RandomFile& operator=(RandomFile&& other) noexcept;
  ~RandomFile();

  Result<void> write(std::uint64_t offset, std::string_view bytes);
  Result<void> read(std::uint64_t offset, std::span<char> bytes) const;  // all of them, or an error
  Result<void> sync();

 private:
  RandomFile(std::filesystem::path path, int file) : path_(std::move(path)), file_(file) {}
  std::filesystem::path path_;  // for messages
  int file_ = -1;
};

// Size and checksum of a file, read through a small buffer.
struct FileSum {
  std::uint64_t size_bytes = 0;
  std::string checksum;  // checksum_hex of all its bytes
};
Result<FileSum> sum_file(const std::filesystem::path& path);

// A directory that appears whole or not at all: written beside its target, renamed into place by commit(), removed by the
// destructor if commit() was not reached. An existing target is replaced only when it holds `marker` (a file that says it is
// ours, such as manifest.json) or is empty. While it is written its process holds a lock (flock) on it; create() removes those beside
// `target` that nobody holds any more: what a killed process left.
class AtomicDirectory {
 public:
  static Result<AtomicDirectory> create(const std::filesystem::path& target, std::string_view marker);
  // What create would refuse, touching nothing: for callers with long work before them. Errors: kBadInput (not ours), kIo (may not write).
  static Result<void> check(const std::filesystem::path& target, std::string_view marker);
  AtomicDirectory(AtomicDirectory&& other) noexcept;
  AtomicDirectory& operator=(AtomicDirectory&&) = delete;
  ~AtomicDirectory();
  const std::filesystem::path& path() const { return temporary_; }  // write here; every file is to be synced by who writes it
  // Syncs the folders, puts this one in place, syncs that, and only then removes what it replaced.
  Result<void> commit();

 private:
  AtomicDirectory(std::filesystem::path target, std::filesystem::path temporary, int lock);
  std::filesystem::path target_;
  std::filesystem::path temporary_;
  int lock_ = -1;  // the open temporary folder, locked
  std::vector<std::filesystem::path> made_folders_;  // above the target, innermost first; removed again when nothing is committed
};

}  // namespace gemel
