// The slides' table of scores: listeners by artists, and what two factors make of it.
// Thread safety: plain values, pure functions.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "gemel/base/result.h"
#include "gemel/numerics/thread_pool.h"

namespace gemel::music {

constexpr std::size_t kNumListeners = 4, kNumArtists = 4;
using Table = std::array<std::array<double, kNumArtists>, kNumListeners>;
using Point = std::array<double, 2>;       // on the axes: energetic (calm below 0), emotional lyrics (instrumental below 0)
using Points = std::array<Point, 4>;
using Cell = std::pair<std::size_t, std::size_t>;  // listener, artist

extern const std::array<std::string, kNumListeners> kListeners;
extern const std::array<std::string, kNumArtists> kArtists;
extern const Table kScores;

// The factors behind the slides' table. They print Anna as (1.0, -0.1), which misses two of her cells by .19; with (1.0, 0.1) all sixteen
// products are within .06.
extern const Points kListenerFactors, kArtistFactors;

struct Factors {
  Points listeners, artists;
};
Table products(const Factors& factors);
double largest_difference(const Table& a, const Table& b);

// Two factors without biases that fit the cells which are not hidden: by the program's `mf`. Errors: those of its fit.
Result<Factors> learn_factors(const Table& scores, const std::vector<Cell>& hidden, ThreadPool& pool);

// The same factors on the named axes: any invertible map of the one side and its inverse transposed on the other keep all products, so the
// axes of learned factors mean nothing until they are turned onto known ones. The map is the one that brings the artists nearest to `named`
// in the sense of least squares.
Factors turned_onto(const Points& named_artists, const Factors& learned);

}  // namespace gemel::music
