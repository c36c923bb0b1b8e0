// How much memory a piece of work took at its height beyond what was held when it began, as Linux counts resident pages.
// Thread safety: one meter at a time in a process, since the kernel keeps one high-water mark.
#pragma once

#include <cstdint>
#include <optional>

namespace gemel {

class PeakMemory {
 public:
  PeakMemory();  // resets the high-water mark
  // Bytes; empty where the kernel does not tell.
  std::optional<std::uint64_t> growth_bytes() const;

 private:
  std::optional<std::uint64_t> at_start_;
};

}  // namespace gemel
