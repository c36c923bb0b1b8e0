#include "gemel/numerics/students_t.h"

#include <cmath>
#include <numbers>

#include "gemel/base/check.h"

namespace gemel {
namespace {

// The chance that |t| is below sqrt(freedom) * tan(angle): a finite sum for whole degrees (Abramowitz, Stegun 1964, 26.7.3 and 26.7.4).
double share_within(double angle, std::size_t freedom) {
  const bool is_odd = freedom % 2 == 1;
  const double cosine = std::cos(angle), sine = std::sin(angle);
  double term = is_odd ? cosine : 1, sum = 0;
  for (std::size_t power = is_odd ? 1 : 0; power + 2 <= freedom; power += 2) {
    sum += term;
    term *= cosine * cosine * static_cast<double>(power + 1) / static_cast<double>(power + 2);
  }
  return is_odd ? 2 / std::numbers::pi * (angle + sine * sum) : sine * sum;
}

}  // namespace

double students_t_of_95_percent(std::size_t freedom) {
  GEMEL_CHECK(freedom >= 1);
  double low = 0, high = std::numbers::pi / 2;
  for (int halving = 0; halving < 60; ++halving) {
    const double middle = (low + high) / 2;
    (share_within(middle, freedom) < 0.95 ? low : high) = middle;
  }
  return std::sqrt(static_cast<double>(freedom)) * std::tan(low);
}

}  // namespace gemel
