#include "gemel/base/memory.h"

#include <algorithm>
#include <fstream>
#include <string>

namespace gemel {
namespace {

std::optional<std::uint64_t> machine_bytes() {
  std::ifstream file("/proc/meminfo");
  for (std::string name, unit; file >> name;) {
    std::uint64_t kilobytes = 0;
    if (!(file >> kilobytes)) break;
    std::getline(file, unit);
    if (name == "MemAvailable:") return kilobytes * 1024;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> control_group_bytes() {  // version 2, as seen from inside a container
  std::uint64_t limit = 0, used = 0;
  if (!(std::ifstream("/sys/fs/cgroup/memory.max") >> limit)) return std::nullopt;  // absent, or "max"
  if (!(std::ifstream("/sys/fs/cgroup/memory.current") >> used)) return std::nullopt;
  return limit - std::min(limit, used);
}

}  // namespace

std::optional<std::uint64_t> available_memory_bytes() {
  const auto machine = machine_bytes(), group = control_group_bytes();
  if (machine && group) return std::min(*machine, *group);
  return machine ? machine : group;
}

}  // namespace gemel
