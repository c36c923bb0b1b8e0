// gzip (any number of members) and zstd (any number of frames) as a ByteStream. Not thread-safe. Memory: 128 KiB and what the format
// asks for, at most 128 MiB for zstd windows.
#pragma once

#include <filesystem>
#include <memory>

#include "gemel/data/ingest/byte_stream.h"

namespace gemel {

// `file` as it is, or uncompressed when its first bytes are those of gzip or zstd. `path` stands in messages; called .gz or .zst it must
// begin with these bytes (kCorrupt).
Result<std::unique_ptr<ByteStream>> decompressed(std::unique_ptr<ByteStream> file, const std::filesystem::path& path);

}  // namespace gemel
