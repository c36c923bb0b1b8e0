// How much each product is asked for on each day of the year, by everybody alike: exp(appeal + season + hype + trend + spike), 0 while
// it is not for sale (not launched yet, given up, out of stock). world.h has the formula.
// Memory: 12 bytes a product and day. Thread safety: const after make.
#pragma once

#include <span>
#include <vector>

#include "gemel/numerics/thread_pool.h"
#include "gemel/synth/catalogue.h"

namespace gemel::synth {

class Demand {
 public:
  static Demand make(std::uint64_t seed, const Catalogue& catalogue, ThreadPool& pool);

  std::span<const float> of_day(std::size_t day) const { return std::span(weights_).subspan(day * num_products_, num_products_); }
  bool is_for_sale(std::size_t product, std::size_t day) const { return weights_[day * num_products_ + product] > 0; }
  // A product of the day, each with its share of the demand (alias method: Walker 1977, Vose 1991); one step, whatever their number.
  std::size_t draw(std::size_t day, Rng& rng) const;

 private:
  void add_product(std::uint64_t seed, std::size_t number, const Product& product);
  void prepare_draws(std::size_t day);

  struct Alias {
    float keep;  // chance to keep the place that was drawn
    std::uint32_t other;
  };
  std::size_t num_products_ = 0;
  std::vector<float> weights_;  // [days, products]
  std::vector<Alias> aliases_;  // [days, products]
};

}  // namespace gemel::synth
