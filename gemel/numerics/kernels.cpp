#include "gemel/numerics/kernels.h"

#include <cstdlib>
#include <string_view>

namespace gemel {

extern const Kernels kernels_base, kernels_v3, kernels_v4;

std::vector<const Kernels*> supported_kernels() {
  std::vector<const Kernels*> sets = {&kernels_base};
  const bool has_v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  const bool has_v4 = has_v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (has_v3) sets.push_back(&kernels_v3);
  if (has_v4) sets.push_back(&kernels_v4);
  return sets;
}

const Kernels& choose_kernels(const char* name) {
  const auto sets = supported_kernels();
  if (name != nullptr)
    for (const Kernels* set : sets)
      if (std::string_view(set->name) == name) return *set;
  return *sets.back();
}

const Kernels& kernels() {
  static const Kernels& chosen = choose_kernels(std::getenv("GEMEL_ISA"));
  return chosen;
}

}  // namespace gemel
