// A folder that describes itself: a JSON file which lists size and checksum of every other file and ends with a checksum of its own
// preceding bytes, so that nothing is believed before it is known to be whole. Bundles and checkpoints are such folders.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "gemel/base/result.h"

namespace gemel {

struct ListedFile {
  std::string path;  // relative to the folder, with '/'
  std::uint64_t size_bytes = 0;
  std::string checksum;  // checksum_hex
};

// All files below `folder` but `except`, sorted by path. Error: kIo.
Result<std::vector<ListedFile>> list_files(const std::filesystem::path& folder, std::string_view except);

// Size and checksum of one of them are as listed, and it lies inside the folder. Error: kCorrupt.
Result<void> check_file(const std::filesystem::path& folder, const ListedFile& listed);

// Writes a JSON object, given as text that ends with "\n}" (indented by two), with "checksum" as its last key. Error: kIo.
Result<void> write_sealed_json(const std::filesystem::path& path, std::string object);

// The text, once its checksum is right. Errors: kNotFound, kIo, kCorrupt.
Result<std::string> read_sealed_json(const std::filesystem::path& path);

}  // namespace gemel
