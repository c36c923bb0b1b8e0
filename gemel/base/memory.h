// How much memory is left, for work that would rather refuse than be killed.
#pragma once

#include <cstdint>
#include <optional>

namespace gemel {

// Bytes that this process could still take: the machine's, or its control group's where that allows less. Empty: the system does not say.
std::optional<std::uint64_t> available_memory_bytes();

}  // namespace gemel
