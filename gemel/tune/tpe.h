// Where to look next: the tree-structured Parzen estimator (Bergstra, Bardenet, Bengio, Kegl, NIPS 2011, section 4), one dimension at a
// time. What was good so far and what was not each make a density; of points drawn from the first, the one is tried that it prefers most to
// the second. A uniform share in both keeps every point possible. Thread safety: pure functions; the same rng gives the same point.
#pragma once

#include <span>
#include <vector>

#include "gemel/models/tuning_space.h"
#include "gemel/numerics/rng.h"
#include "gemel/tune/knobs.h"

namespace gemel::tune {

struct Observation {
  UnitPoint point;
  double score = 0;  // higher is better; -infinity where the model could not be fitted
};

UnitPoint random_point(const TuningSpace& space, Rng& rng);

// Random while there are fewer than kRandomFirst observations.
inline constexpr std::size_t kRandomFirst = 9;
UnitPoint propose(const TuningSpace& space, std::span<const Observation> observations, Rng& rng);

}  // namespace gemel::tune
