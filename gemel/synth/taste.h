// The space of tastes: customers and products are points of it, and how well they fit is the cosine between them. Every word that
// describes one of them (a brand, an effect, a skin type, an age group) has a direction of its own, drawn from the seed and the word.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "gemel/numerics/rng.h"

namespace gemel::synth {

inline constexpr std::size_t kTasteDim = 8;
using Taste = std::array<double, kTasteDim>;

// Whose draws a stream of random numbers is for; `number` tells one brand, product or customer from the next.
enum class Draws : std::uint64_t { kBrand = 1, kProduct, kDemand, kCustomer, kVisits, kWord };
inline Rng stream_of(std::uint64_t seed, Draws draws, std::uint64_t number) {
  return Rng(seed, (static_cast<std::uint64_t>(draws) << 56) ^ number);
}

inline double dot(const Taste& a, const Taste& b) {
  double sum = 0;
  for (std::size_t i = 0; i < kTasteDim; ++i) sum += a[i] * b[i];
  return sum;
}

inline void add(Taste& taste, double weight, const Taste& direction) {
  for (std::size_t i = 0; i < kTasteDim; ++i) taste[i] += weight * direction[i];
}

inline Taste normalized(Taste taste) {
  const double length = std::sqrt(dot(taste, taste));
  for (double& value : taste) value /= length;
  return taste;
}

inline Taste random_direction(Rng& rng) {
  Taste taste;
  for (double& value : taste) value = rng.normal();
  return normalized(taste);
}

// The same word of the same kind ("scent", "rose") points the same way for customers and products. FNV-1a of both.
inline Taste direction_of(std::uint64_t seed, std::string_view kind, std::string_view word) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  const auto mix = [&hash](std::string_view text) {
    for (const char letter : text) hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3u;
    hash = (hash ^ 0xff) * 0x100000001b3u;
  };
  mix(kind);
  mix(word);
  Rng rng = stream_of(seed, Draws::kWord, hash >> 8);
  return random_direction(rng);
}

}  // namespace gemel::synth
