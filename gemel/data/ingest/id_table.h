// Ids to dense row numbers, in order of first appearance. The texts lie one after the other, as a text column of the Dataset does.
// Not thread-safe. Memory: the texts and about 12 bytes an id.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gemel {

class IdTable {
 public:
  IdTable() : offsets_{0}, slots_(kFirstSlots) {}

  std::uint32_t intern(std::string_view id);  // its row; a new one at the end when it is unknown
  std::optional<std::uint32_t> find(std::string_view id) const;
  std::string_view operator[](std::size_t row) const {
    return {bytes_.data() + offsets_[row], static_cast<std::size_t>(offsets_[row + 1] - offsets_[row])};
  }
  std::size_t size() const { return offsets_.size() - 1; }
  bool is_full() const;  // the texts come near the 2 GiB that a text column can hold; ask after each batch

  std::span<const std::int32_t> offsets() const { return offsets_; }
  std::string_view bytes() const { return bytes_; }

 private:
  static constexpr std::size_t kFirstSlots = 1024;
  std::size_t slot_of(std::string_view id) const;  // where it stands, or the free slot where it would
  void grow();

  std::string bytes_;
  std::vector<std::int32_t> offsets_;  // [rows + 1]
  std::vector<std::uint32_t> slots_;   // row + 1, 0: free; a power of two, at most half full
};

}  // namespace gemel
