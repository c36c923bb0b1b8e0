// The bytes of a file from front to back, uncompressed and in UTF-8, in bounded memory. Not thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

#include "gemel/base/result.h"
#include "gemel/data/source_format.h"

namespace gemel {

class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // Fills `out` from its front; gives fewer bytes only at the end, 0 after it. Errors: kIo, kCorrupt (compressed data that is damaged or
  // ends early), with file and byte.
  virtual Result<std::size_t> read(std::span<char> out) = 0;
  virtual std::uint64_t bytes_read() const = 0;  // of the file as it lies on disk
};

// Opens a file, or standard input where `path` is "-". gzip and zstd are recognised by their first bytes; a file called .gz or .zst must
// begin with them. Latin-1 becomes UTF-8. Errors: kNotFound, kIo, kBadInput (a folder), kCorrupt (not what its name says).
Result<std::unique_ptr<ByteStream>> open_byte_stream(const std::filesystem::path& path, Encoding encoding);

// Borrows `bytes` for its lifetime.
std::unique_ptr<ByteStream> make_memory_stream(std::string_view bytes);

}  // namespace gemel
