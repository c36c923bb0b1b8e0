// The synthetic shop as it truly is: from its seed and scale follow the catalogue, the customers and the probability of everything that
// they do. `gemel synth` lets it run for a year (year.h, write_shop.h); the oracle ranks by its probabilities (oracle.h).
//
// A customer u who is in the shop on day d looks at product j with probability
//
//     P(j) = (need_j + interest_j + novelty * choice_j) / (sum over i of (need_i + interest_i) + novelty),
//
//     choice_j   = demand_j(d) exp(sharpness cos(taste_u, taste_j)) / sum over i of the same:   a softmax over what is for sale;
//     demand_j   = exp(appeal_j + season(d) + hype_j exp(-age_j / 21 days) + trend_j (d / 365 - 1/2) + spikes), 0 when not for sale;
//     need_j     = loyalty_u rho habit exp(-(ln(age / duration_j) / 0.4)^2 / 2), of what u bought `age` ago and that lasts duration_j,
//                  habit = min(2, 1 + (purchases - 1) / 2);
//     interest_j = 2^(-age / 4 days), times .1 after a view and .5 after the cart, of what u did not buy since; the stronger counts.
//
// need and interest are 0 for what is not for sale. A view leads to the cart with probability .7 when need was its reason, .4 when interest
// was, .2 otherwise; the cart to a purchase with probability 1 / (1 + exp(-1.1 + price_sensitivity_u price_z_j)). Moments of visits do not
// depend on what is needed. All constants: world_rules.h. So the product that u buys next, given that u buys on day d, is j with
// probability proportional to buy_uj (.7 need_j + .4 interest_j + .2 novelty choice_j): Chooser::add_weights of choice.h.
//
// Thread safety: const after make.
#pragma once

#include <filesystem>
#include <string>

#include "gemel/base/result.h"
#include "gemel/synth/calendar.h"
#include "gemel/synth/catalogue.h"
#include "gemel/synth/customer.h"
#include "gemel/synth/demand.h"

namespace gemel::synth {

inline constexpr std::string_view kWorldFile = "world.json";

struct WorldOptions {
  double scale = 1;
  std::uint64_t seed = 1;
};

class World {
 public:
  static Result<World> make(const WorldOptions& options, ThreadPool& pool);  // kBadConfig: the scale

  // Writes world.json: what the world is made from, its rules, and a fingerprint by which open() knows that it made the same again.
  Result<void> save(const std::filesystem::path& folder) const;
  // Errors: kNotFound, kIo, kCorrupt (not such a file; of another version; the world made from it is not the one that wrote it).
  static Result<World> open(const std::filesystem::path& folder, ThreadPool& pool);

  const WorldOptions& options() const { return options_; }
  std::size_t num_customers() const { return num_customers_; }
  std::size_t num_products() const { return catalogue_.products.size(); }
  const Catalogue& catalogue() const { return catalogue_; }
  const Demand& demand() const { return demand_; }
  const Calendar& calendar() const { return calendar_; }
  Customer customer(std::size_t number) const { return make_customer(options_.seed, number, catalogue_); }

 private:
  std::string fingerprint() const;

  WorldOptions options_;
  std::size_t num_customers_ = 0;
  Catalogue catalogue_;
  Demand demand_;
  Calendar calendar_;
};

}  // namespace gemel::synth
