// Asks for memory that will be read soon; without it the processor waits where rows lie anywhere.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>

namespace gemel {

// Of what is longer than so many cache lines only the beginning.
template <class T>
void prefetch(std::span<const T> values, std::size_t most_lines = std::numeric_limits<std::size_t>::max()) {
  constexpr std::size_t kLineValues = 64 / sizeof(T);
  const std::size_t lines = std::min((values.size() + kLineValues - 1) / kLineValues, most_lines);
  for (std::size_t line = 0; line < lines; ++line) __builtin_prefetch(values.data() + line * kLineValues);
}

}  // namespace gemel
