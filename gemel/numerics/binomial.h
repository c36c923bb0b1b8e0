// Binomial random numbers, exact in distribution: how many of `trials` succeed when each does with `probability`, in [0, 1]. Few expected
// successes are found by inversion, many by transformed rejection (Hörmann, J. Statist. Comput. Simul. 1993, algorithm BTRS): about the
// same time whatever the number of trials.
#pragma once

#include <cstdint>

#include "gemel/numerics/rng.h"

namespace gemel {

std::uint64_t draw_binomial(Rng& random, std::uint64_t trials, double probability);

}  // namespace gemel
