#include "gemel/tune/tpe.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace gemel::tune {
namespace {

constexpr double kGoodShare = 0.25;  // gamma of the paper
constexpr std::size_t kCandidates = 24;

// A mixture of normals around values in [0, 1], cut off at its ends, and of the uniform.
class ParzenDensity {
 public:
  explicit ParzenDensity(std::vector<double> centres) : centres_(std::move(centres)) {
    std::ranges::sort(centres_);
    const double narrowest = 1 / std::min(100.0, static_cast<double>(centres_.size()) + 2);
    for (std::size_t i = 0; i < centres_.size(); ++i) {  // as wide as the gap to the farther neighbour, or to the end
      const double left = centres_[i] - (i == 0 ? 0 : centres_[i - 1]);
      const double right = (i + 1 == centres_.size() ? 1 : centres_[i + 1]) - centres_[i];
      widths_.push_back(std::clamp(std::max(left, right), narrowest, 1.0));
    }
  }

  double draw(Rng& rng) const {
    const std::size_t component = rng.below(centres_.size() + 1);
    if (component == centres_.size()) return rng.uniform();
    for (int attempt = 0; attempt < 100; ++attempt) {
      const double value = centres_[component] + widths_[component] * rng.normal();
      if (value >= 0 && value < 1) return value;
    }
    return centres_[component];
  }

  double at(double value) const {
    double sum = 1;  // of the uniform
    for (std::size_t i = 0; i < centres_.size(); ++i) {
      const double z = (value - centres_[i]) / widths_[i];
      const double inside = below((1 - centres_[i]) / widths_[i]) - below(-centres_[i] / widths_[i]);
      sum += std::exp(-z * z / 2) / (std::sqrt(2 * std::numbers::pi) * widths_[i] * inside);
    }
    return sum / (static_cast<double>(centres_.size()) + 1);
  }

 private:
  static double below(double z) { return std::erfc(-z / std::numbers::sqrt2) / 2; }

  std::vector<double> centres_, widths_;
};

// How often each choice was taken, and once for each.
class ChoiceDensity {
 public:
  ChoiceDensity(const std::vector<double>& values, std::size_t num_choices) : counts_(num_choices, 1.0) {
    for (const double value : values) ++counts_[index(value)];
    for (const double count : counts_) total_ += count;
  }
  double draw(Rng& rng) const {
    double left = rng.uniform() * total_;
    std::size_t choice = 0;
    while (choice + 1 < counts_.size() && left >= counts_[choice]) left -= counts_[choice++];
    return (static_cast<double>(choice) + 0.5) / static_cast<double>(counts_.size());
  }
  double at(double value) const { return counts_[index(value)] / total_; }

 private:
  std::size_t index(double value) const {
    return std::min(static_cast<std::size_t>(value * static_cast<double>(counts_.size())), counts_.size() - 1);
  }
  std::vector<double> counts_;
  double total_ = 0;
};

template <class Density>
double best_of_draws(const Density& good, const Density& bad, Rng& rng) {
  double best = 0, best_ratio = -1;
  for (std::size_t candidate = 0; candidate < kCandidates; ++candidate) {
    const double value = good.draw(rng), ratio = good.at(value) / bad.at(value);
    if (ratio > best_ratio) best = value;
    best_ratio = std::max(ratio, best_ratio);
  }
  return best;
}

std::vector<double> column(std::span<const Observation* const> observations, std::size_t dimension) {
  std::vector<double> values;
  for (const Observation* each : observations) values.push_back(each->point[dimension]);
  return values;
}

}  // namespace

UnitPoint random_point(const TuningSpace& space, Rng& rng) {
  UnitPoint point(space.size());
  for (double& value : point) value = rng.uniform();
  return point;
}

UnitPoint propose(const TuningSpace& space, std::span<const Observation> observations, Rng& rng) {
  if (observations.size() < kRandomFirst) return random_point(space, rng);
  std::vector<const Observation*> ranked;
  for (const Observation& each : observations) ranked.push_back(&each);
  std::ranges::stable_sort(ranked, std::greater{}, &Observation::score);
  const auto num_good = static_cast<std::size_t>(std::ceil(kGoodShare * static_cast<double>(ranked.size())));
  const auto good = std::span(std::as_const(ranked)).first(num_good), bad = std::span(std::as_const(ranked)).subspan(num_good);
  UnitPoint point(space.size());
  for (std::size_t d = 0; d < space.size(); ++d) {
    if (space[d].kind == TuningDimension::Kind::kChoice) {
      const std::size_t n = space[d].choices.size();
      point[d] = best_of_draws(ChoiceDensity(column(good, d), n), ChoiceDensity(column(bad, d), n), rng);
    } else {
      point[d] = best_of_draws(ParzenDensity(column(good, d)), ParzenDensity(column(bad, d)), rng);
    }
  }
  return point;
}

}  // namespace gemel::tune
