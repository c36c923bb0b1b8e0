// items.jsonl and users.jsonl of a bundle: lines whose first key is "id", and where each id stands.
// Cost of opening: one pass over the file and 16 to 32 bytes a line, no text copied. Thread safety: const after open.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "gemel/base/file.h"

namespace gemel {

class EntityLines {
 public:
  // Errors: kNotFound, kIo, kCorrupt (a line that begins otherwise, or not so many lines).
  static Result<EntityLines> open(const std::filesystem::path& path, std::size_t expected_rows);

  std::string_view line(std::size_t row) const;
  std::optional<std::uint32_t> find(std::string_view id) const;  // the first line of that id

 private:
  // A place in the table of rows by the hash of their id; the next free one is taken when it is not.
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t row_and_one = 0;  // 0: free
  };
  Result<std::vector<std::uint32_t>> read_lines(const std::filesystem::path& path);  // the hash of each id
  void index_rows(const std::vector<std::uint32_t>& hashes);
  std::size_t slot_of(std::uint32_t hash, std::string_view id) const;  // where it is or would be

  MappedFile file_;
  std::vector<std::size_t> begins_;  // [rows + 1]
  std::vector<Slot> slots_;          // a power of two, at least twice the rows
};

}  // namespace gemel
