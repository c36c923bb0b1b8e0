// items.jsonl and users.jsonl of a bundle: lines whose first key is "id", and where each id stands.
// Cost of opening: one pass over the file, 8 bytes a line, no text copied. The first few ids are looked for line by line (1 ms for
// 250,000), so that a program that asks once does not pay for a table; then one is built, 12 to 20 bytes a line more.
// Thread safety: const after open.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
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
  // Rows by the hash of their id; the next free place is taken when one is not.
  struct Table {
    std::atomic<int> num_scans = 0;
    std::once_flag built;
    std::vector<std::uint32_t> hashes;       // [rows], of the ids
    std::vector<std::uint32_t> row_and_one;  // a power of two, at least twice the rows; 0: free
  };
  Result<void> read_lines(const std::filesystem::path& path);
  void build_table() const;
  std::optional<std::uint32_t> scan(std::string_view id) const;
  std::uint32_t& place_of(std::uint32_t hash, std::string_view id) const;  // where its row is or would be
  bool is_id(std::size_t row, std::string_view id) const;
  std::size_t size() const { return begins_.size() - 1; }

  MappedFile file_;
  std::vector<std::size_t> begins_ = {0};  // [rows + 1]
  bool has_escapes_ = false;  // in some id
  std::unique_ptr<Table> table_ = std::make_unique<Table>();
};

}  // namespace gemel
