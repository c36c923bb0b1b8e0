// Files: reading, memory-mapping, and writing so that a reader sees the old state or the new one, never a mixture.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gemel/base/result.h"

namespace gemel {

// Whole file as bytes. Errors: kNotFound, kIo.
Result<std::string> read_file(const std::filesystem::path& path);

// Writes, syncs and closes; every step is checked. The file is not atomic by itself: see AtomicDirectory. Error: kIo.
Result<void> write_file(const std::filesystem::path& path, std::string_view bytes);

// As write_file, written beside `path` and renamed into place: a reader sees the old file or the new one. Error: kIo.
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

 private:
  const char* data_ = nullptr;
  std::size_t size_bytes_ = 0;
};

// A directory that appears whole or not at all: written beside its target, renamed into place by commit(), removed by the
// destructor if commit() was not reached. An existing target is replaced only when it holds `marker` (a file that says it is
// ours, such as manifest.json) or is empty.
class AtomicDirectory {
 public:
  static Result<AtomicDirectory> create(const std::filesystem::path& target, std::string_view marker);
  // What create would refuse, touching nothing: for callers with long work before them. Errors: kBadInput (not ours), kIo (may not write).
  static Result<void> check(const std::filesystem::path& target, std::string_view marker);
  AtomicDirectory(AtomicDirectory&& other) noexcept;
  AtomicDirectory& operator=(AtomicDirectory&&) = delete;
  ~AtomicDirectory();
  const std::filesystem::path& path() const { return temporary_; }  // write here
  Result<void> commit();

 private:
  AtomicDirectory(std::filesystem::path target, std::filesystem::path temporary);
  std::filesystem::path target_;
  std::filesystem::path temporary_;
  std::vector<std::filesystem::path> made_folders_;  // above the target, innermost first; removed again when nothing is committed
};

}  // namespace gemel
