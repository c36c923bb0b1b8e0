#include "gemel/synth/demand.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "gemel/base/check.h"
#include "gemel/synth/world_rules.h"

namespace gemel::synth {
namespace {

// Knuth's method; for small means.
std::size_t draw_poisson(double mean, Rng& rng) {
  std::size_t count = 0;
  for (double product = rng.uniform(); product > std::exp(-mean); product *= rng.uniform()) ++count;
  return count;
}

double season_at(const Season& season, double day) {
  if (season.width_days > 0) {
    const double away = (day - season.peak_day) / season.width_days;
    return season.amplitude * std::exp(-away * away / 2);
  }
  return season.amplitude * std::cos(2 * std::numbers::pi * (day - season.peak_day) / kNumDays);
}

}  // namespace

Demand Demand::make(std::uint64_t seed, const Catalogue& catalogue, ThreadPool& pool) {
  Demand demand;
  demand.num_products_ = catalogue.products.size();
  demand.weights_.resize(kNumDays * demand.num_products_);
  demand.aliases_.resize(kNumDays * demand.num_products_);
  pool.for_blocks(demand.num_products_, 64, [&](std::size_t begin, std::size_t end) {
    for (std::size_t product = begin; product < end; ++product) demand.add_product(seed, product, catalogue.products[product]);
  });
  pool.run(kNumDays, [&](std::size_t day) { demand.prepare_draws(day); });
  return demand;
}

void Demand::add_product(std::uint64_t seed, std::size_t number, const Product& product) {
  Rng rng = stream_of(seed, Draws::kDemand, number);
  std::array<double, kNumDays> log_demand;
  const Season& season = categories()[product_types()[product.type].category].season;
  for (std::size_t day = 0; day < kNumDays; ++day) {
    const auto at = static_cast<double>(day);
    const double age = at - product.launch_day;
    log_demand[day] = product.appeal + season_at(season, at) + product.trend * (at / kNumDays - .5);
    if (product.launch_day >= 0) log_demand[day] += product.hype * std::exp(-age / kHypeDays);
    const bool is_sold = age >= 0 && (!product.end_day || static_cast<int>(day) < *product.end_day);
    if (!is_sold) log_demand[day] = -INFINITY;
  }
  for (std::size_t left = draw_poisson(kSpikesAYear, rng); left > 0; --left) {
    const std::size_t begin = rng.below(kNumDays);
    const double height = kMaxSpike * (.25 + .75 * rng.uniform());
    for (std::size_t day = begin; day < kNumDays; ++day)
      log_demand[day] += height * std::exp(-static_cast<double>(day - begin) / kSpikeDays);
  }
  for (std::size_t left = draw_poisson(kStockOutsAYear, rng); left > 0; --left) {
    const std::size_t begin = rng.below(kNumDays);
    const double days = kMinStockOutDays - (kMeanStockOutDays - kMinStockOutDays) * std::log(1 - rng.uniform());
    const std::size_t end = std::min(kNumDays, begin + static_cast<std::size_t>(days));
    std::fill(log_demand.begin() + static_cast<std::ptrdiff_t>(begin), log_demand.begin() + static_cast<std::ptrdiff_t>(end), -INFINITY);
  }
  for (std::size_t day = 0; day < kNumDays; ++day) weights_[day * num_products_ + number] = static_cast<float>(std::exp(log_demand[day]));
}

void Demand::prepare_draws(std::size_t day) {
  const auto weights = of_day(day);
  const std::span<Alias> aliases = std::span(aliases_).subspan(day * num_products_, num_products_);
  double total = 0;
  for (const float weight : weights) total += weight;
  GEMEL_CHECK(total > 0, "a day on which nothing is for sale");
  std::vector<double> share(num_products_);
  std::vector<std::uint32_t> below, above;
  for (std::size_t product = 0; product < num_products_; ++product) {
    share[product] = weights[product] * static_cast<double>(num_products_) / total;
    (share[product] < 1 ? below : above).push_back(static_cast<std::uint32_t>(product));
    aliases[product] = {1, static_cast<std::uint32_t>(product)};
  }
  // Each place has room for 1: one that is wanted less is filled up by one that is wanted more.
  while (!below.empty() && !above.empty()) {
    const std::uint32_t small = below.back(), large = above.back();
    below.pop_back();
    aliases[small] = {static_cast<float>(share[small]), large};
    share[large] -= 1 - share[small];
    if (share[large] >= 1) continue;
    above.pop_back();
    below.push_back(large);
  }
  // What is left is 1 but for rounding; a product that is not for sale must not be among it.
  for (const std::uint32_t product : below) {
    if (weights[product] > 0) continue;
    const auto best = std::max_element(weights.begin(), weights.end()) - weights.begin();
    aliases[product] = {0, static_cast<std::uint32_t>(best)};
  }
}

std::size_t Demand::draw(std::size_t day, Rng& rng) const {
  // One random number gives the place (its whole part) and the chance (its fraction).
  const double u = rng.uniform() * static_cast<double>(num_products_);
  const auto place = static_cast<std::size_t>(u);
  const Alias& alias = aliases_[day * num_products_ + place];
  return u - static_cast<double>(place) < alias.keep ? place : alias.other;
}

}  // namespace gemel::synth
