// The choice of a product, drawn and as the probabilities that it is drawn with (the formula stands in world.h). That the two agree is
// tested by counting. Thread safety: a chooser has one user.
#pragma once

#include <span>
#include <vector>

#include "gemel/synth/personal_state.h"

namespace gemel::synth {

enum class Motive : std::uint8_t { kNeed, kInterest, kNovelty };

struct Choice {
  std::size_t product;
  Motive motive;
};

double cart_chance(Motive motive);                                     // that a view leads to the cart
double buy_chance(const Customer& customer, const Product& product);  // that the cart leads to a purchase

class Chooser {
 public:
  explicit Chooser(const World& world) : world_(world) {}

  // What the customer looks at. Cost: about e^sharpness / (mean fit) proposals of the day's demand, whatever the number of products.
  Choice draw(const Customer& customer, const PersonalState& state, Second at, Rng& rng);

  // exp(sharpness cos) of each product: how it fits the customer's taste. -> [num_products]
  void fit(const Taste& taste, std::vector<double>& out) const;

  // Adds to out [num_products] `factor` times the probability that a view at this moment is of the product and is followed, at once, by
  // `action`: of being looked at, put into the cart, or bought. `fits` are the customer's own. A pass over all products.
  void add_weights(const Customer& customer, const PersonalState& state, std::span<const double> fits, Second at, Action action,
                   double factor, std::span<double> out);

 private:
  std::size_t draw_novelty(const Customer& customer, std::size_t day, Rng& rng) const;

  const World& world_;
  std::vector<Pull> pulls_;  // scratch
};

}  // namespace gemel::synth
