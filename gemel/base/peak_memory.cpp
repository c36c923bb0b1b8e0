#include "gemel/base/peak_memory.h"

#include <malloc.h>

#include <fstream>
#include <string>

namespace gemel {
namespace {

// A line of /proc/self/status such as "VmHWM:   1234 kB".
std::optional<std::uint64_t> status_bytes(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key)) return std::stoull(line.substr(key.size())) * 1024;
  }
  return std::nullopt;
}

}  // namespace

PeakMemory::PeakMemory() {
#ifdef __GLIBC__
  ::malloc_trim(0);  // what earlier work gave back must not hide what this work takes
#endif
  std::ofstream reset("/proc/self/clear_refs");
  reset << "5" << std::flush;  // proc(5): the peak becomes what is resident now
  if (reset) at_start_ = status_bytes("VmRSS:");
}

std::optional<std::uint64_t> PeakMemory::growth_bytes() const {
  const auto peak = at_start_ ? status_bytes("VmHWM:") : std::nullopt;
  if (!peak) return std::nullopt;
  return *peak > *at_start_ ? *peak - *at_start_ : 0;
}

}  // namespace gemel
