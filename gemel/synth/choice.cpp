#include "gemel/synth/choice.h"

#include <cmath>

namespace gemel::synth {

double cart_chance(Motive motive) {
  switch (motive) {
    case Motive::kNeed: return kCartOfNeed;
    case Motive::kInterest: return kCartOfInterest;
    case Motive::kNovelty: return kCartOfNovelty;
  }
  return 0;
}

double buy_chance(const Customer& customer, const Product& product) {
  return 1 / (1 + std::exp(-kBuyIntercept + customer.price_sensitivity * product.price_z));
}

Choice Chooser::draw(const Customer& customer, const PersonalState& state, Second at, Rng& rng) {
  double left = rng.uniform() * (state.pulls(world_, customer, at, pulls_) + kNovelty);
  for (const Pull& pull : pulls_) {
    if (left < pull.need) return {pull.product, Motive::kNeed};
    left -= pull.need;
    if (left < pull.interest) return {pull.product, Motive::kInterest};
    left -= pull.interest;
  }
  return {draw_novelty(customer, day_of_second(at), rng), Motive::kNovelty};
}

// A product of the day's demand is proposed and taken with probability exp(sharpness (cos - 1)): exactly the softmax, and its sum over
// all products is never needed.
std::size_t Chooser::draw_novelty(const Customer& customer, std::size_t day, Rng& rng) const {
  while (true) {
    const std::size_t product = world_.demand().draw(day, rng);
    const double cosine = dot(customer.taste, world_.catalogue().products[product].taste);
    if (rng.uniform() < std::exp(kTasteSharpness * (cosine - 1))) return product;
  }
}

void Chooser::fit(const Taste& taste, std::vector<double>& out) const {
  out.clear();
  for (const Product& product : world_.catalogue().products) out.push_back(std::exp(kTasteSharpness * dot(taste, product.taste)));
}

void Chooser::add_weights(const Customer& customer, const PersonalState& state, std::span<const double> fits, Second at, Action action,
                          double factor, std::span<double> out) {
  const auto& products = world_.catalogue().products;
  const auto chance = [&](Motive motive, std::size_t product) {
    double value = factor;
    if (action != Action::kView) value *= cart_chance(motive);
    if (action == Action::kPurchase) value *= buy_chance(customer, products[product]);
    return value;
  };
  const auto demand = world_.demand().of_day(day_of_second(at));
  double fit_total = 0;
  for (std::size_t product = 0; product < products.size(); ++product) fit_total += demand[product] * fits[product];
  const double total = state.pulls(world_, customer, at, pulls_) + kNovelty;
  for (std::size_t product = 0; product < products.size(); ++product) {
    if (demand[product] == 0) continue;
    out[product] += chance(Motive::kNovelty, product) * kNovelty * demand[product] * fits[product] / fit_total / total;
  }
  for (const Pull& pull : pulls_) {
    out[pull.product] +=
        (chance(Motive::kNeed, pull.product) * pull.need + chance(Motive::kInterest, pull.product) * pull.interest) / total;
  }
}

}  // namespace gemel::synth
