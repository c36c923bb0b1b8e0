#include "gemel/numerics/binomial.h"

#include <array>
#include <cmath>

namespace gemel {
namespace {

constexpr double kFew = 10;  // expected successes; the rejection needs more

// log(n!): Stirling's series of (n + 1) from 10 on, its next term below 1e-10. std::lgamma writes a global variable.
double log_factorial(double n) {
  static const auto small = [] {
    std::array<double, 10> logs{};
    for (std::size_t i = 1; i < logs.size(); ++i) logs[i] = logs[i - 1] + std::log(static_cast<double>(i));
    return logs;
  }();
  if (n < static_cast<double>(small.size())) return small[static_cast<std::size_t>(n)];
  const double x = n + 1, square = x * x;
  constexpr double kHalfLogTwoPi = 0.91893853320467274178;
  return (x - 0.5) * std::log(x) - x + kHalfLogTwoPi + (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / x;
}

// From the probability of none upwards, until the sum passes a uniform number.
std::uint64_t by_inversion(Rng& random, double n, double p) {
  const double odds = p / (1 - p);
  double left = random.uniform(), probability = std::exp(n * std::log1p(-p)), successes = 0;
  while (left > probability && successes < n) {
    left -= probability;
    ++successes;
    probability *= odds * (n - successes + 1) / successes;
  }
  return static_cast<std::uint64_t>(successes);
}

std::uint64_t by_rejection(Rng& random, double n, double p) {
  const double spread = std::sqrt(n * p * (1 - p)), b = 1.15 + 2.53 * spread, a = -0.0873 + 0.0248 * b + 0.01 * p;
  const double centre = n * p + 0.5, accepted_at_once = 0.92 - 4.2 / b;
  while (true) {
    const double u = random.uniform() - 0.5, v = random.uniform(), distance = 0.5 - std::abs(u);
    const double k = std::floor((2 * a / distance + b) * u + centre);
    if (k < 0 || k > n) continue;
    if (distance >= 0.07 && v <= accepted_at_once) return static_cast<std::uint64_t>(k);
    const double mode = std::floor((n + 1) * p), alpha = (2.83 + 5.1 / b) * spread;
    const double density = log_factorial(mode) + log_factorial(n - mode) - log_factorial(k) - log_factorial(n - k) +
                           (k - mode) * std::log(p / (1 - p));  // beside that of the mode
    if (std::log(v * alpha / (a / (distance * distance) + b)) <= density) return static_cast<std::uint64_t>(k);
  }
}

}  // namespace

std::uint64_t draw_binomial(Rng& random, std::uint64_t trials, double probability) {
  if (probability > 0.5) return trials - draw_binomial(random, trials, 1 - probability);
  const auto n = static_cast<double>(trials);
  return n * probability < kFew ? by_inversion(random, n, probability) : by_rejection(random, n, probability);
}

}  // namespace gemel
