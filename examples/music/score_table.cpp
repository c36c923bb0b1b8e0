#include "examples/music/score_table.h"

#include <algorithm>
#include <cmath>

#include "gemel/models/mf/factorize.h"

namespace gemel::music {
namespace {

using Square = std::array<Point, 2>;  // rows

Square inverse(const Square& m) {
  const double determinant = m[0][0] * m[1][1] - m[0][1] * m[1][0];
  return {{{m[1][1] / determinant, -m[0][1] / determinant}, {-m[1][0] / determinant, m[0][0] / determinant}}};
}

// transposed(a) * b, of points as rows.
Square cross(const Points& a, const Points& b) {
  Square out{};
  for (std::size_t row = 0; row < a.size(); ++row)
    for (std::size_t i = 0; i < 2; ++i)
      for (std::size_t j = 0; j < 2; ++j) out[i][j] += a[row][i] * b[row][j];
  return out;
}

Point times(const Point& row, const Square& m) { return {row[0] * m[0][0] + row[1] * m[1][0], row[0] * m[0][1] + row[1] * m[1][1]}; }

Square product(const Square& a, const Square& b) { return {times(a[0], b), times(a[1], b)}; }

Square transposed(const Square& m) { return {{{m[0][0], m[1][0]}, {m[0][1], m[1][1]}}}; }

}  // namespace

const std::array<std::string, kNumListeners> kListeners{"Anna", "Ben", "Carla", "David"};
const std::array<std::string, kNumArtists> kArtists{"Metallica", "Taylor Swift", "Miles Davis", "Madonna"};
const Table kScores{{{.9, .3, -.8, .5}, {.2, .8, -.8, .3}, {-.4, -.3, .5, -.3}, {-.7, .1, .3, -.3}}};
const Points kListenerFactors{{{1.0, .1}, {0.0, .9}, {-.4, -.3}, {-.9, .3}}};
const Points kArtistFactors{{{.9, .2}, {.2, .9}, {-.7, -.9}, {.5, .3}}};

Table products(const Factors& factors) {
  Table table{};
  for (std::size_t l = 0; l < kNumListeners; ++l)
    for (std::size_t a = 0; a < kNumArtists; ++a)
      table[l][a] = factors.listeners[l][0] * factors.artists[a][0] + factors.listeners[l][1] * factors.artists[a][1];
  return table;
}

double largest_difference(const Table& a, const Table& b) {
  double largest = 0;
  for (std::size_t l = 0; l < kNumListeners; ++l)
    for (std::size_t i = 0; i < kNumArtists; ++i) largest = std::max(largest, std::abs(a[l][i] - b[l][i]));
  return largest;
}

Result<Factors> learn_factors(const Table& scores, const std::vector<Cell>& hidden, ThreadPool& pool) {
  InteractionRows known;
  for (std::size_t l = 0; l < kNumListeners; ++l) {
    for (std::size_t a = 0; a < kNumArtists; ++a) {
      if (std::ranges::find(hidden, Cell{l, a}) != hidden.end()) continue;
      known.columns.push_back(static_cast<std::uint32_t>(a));
      known.values.push_back(static_cast<float>(scores[l][a]));
    }
    known.offsets.push_back(known.columns.size());
  }
  const FactorizationKnobs knobs{.embedding_dim = 2, .epochs = 3000, .learning_rate = .1, .regularization = .001, .biases = false};
  GEMEL_ASSIGN_OR_RETURN(const Factorization fitted, factorize(known, kNumArtists, knobs, /*seed=*/1, pool));
  Factors factors;
  for (std::size_t i = 0; i < 4; ++i)
    for (std::size_t d = 0; d < 2; ++d) {
      factors.listeners[i][d] = fitted.user_factors(i, d);
      factors.artists[i][d] = fitted.item_factors(i, d);
    }
  return factors;
}

Factors turned_onto(const Points& named_artists, const Factors& learned) {
  const Square map = product(inverse(cross(learned.artists, learned.artists)), cross(learned.artists, named_artists));
  const Square back = transposed(inverse(map));
  Factors turned;
  for (std::size_t a = 0; a < kNumArtists; ++a) turned.artists[a] = times(learned.artists[a], map);
  for (std::size_t l = 0; l < kNumListeners; ++l) turned.listeners[l] = times(learned.listeners[l], back);
  return turned;
}

}  // namespace gemel::music
