#include "gemel/data/ingest/id_table.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace gemel {

std::uint32_t IdTable::intern(std::string_view id) {
  std::size_t slot = slot_of(id);
  if (slots_[slot] != 0) return slots_[slot] - 1;
  bytes_.append(id);
  offsets_.push_back(static_cast<std::int32_t>(bytes_.size()));
  slots_[slot] = static_cast<std::uint32_t>(size());
  if (size() * 2 > slots_.size()) grow();
  return static_cast<std::uint32_t>(size() - 1);
}

std::optional<std::uint32_t> IdTable::find(std::string_view id) const {
  const std::uint32_t row_after = slots_[slot_of(id)];
  return row_after == 0 ? std::nullopt : std::optional(row_after - 1);
}

bool IdTable::is_full() const { return bytes_.size() > (std::size_t{1} << 31) - (std::size_t{1} << 28); }

std::size_t IdTable::slot_of(std::string_view id) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = XXH3_64bits(id.data(), id.size()) & mask;
  while (slots_[slot] != 0 && (*this)[slots_[slot] - 1] != id) slot = (slot + 1) & mask;
  return slot;
}

void IdTable::grow() {
  slots_.assign(slots_.size() * 2, 0);
  for (std::size_t row = 0; row < size(); ++row) slots_[slot_of((*this)[row])] = static_cast<std::uint32_t>(row + 1);
}

}  // namespace gemel
