#include "gemel/synth/customer.h"

#include <algorithm>
#include <cmath>

#include "gemel/synth/world_rules.h"

namespace gemel::synth {
namespace {

constexpr std::string_view kGenders[] = {"women", "men", "undisclosed"};

std::string_view declare(std::string_view word, Rng& rng) { return rng.uniform() < kDeclaredShare ? word : std::string_view(); }

}  // namespace

Customer make_customer(std::uint64_t seed, std::size_t number, const Catalogue& catalogue) {
  Rng rng = stream_of(seed, Draws::kCustomer, number);
  const auto pick = [&rng](std::span<const std::string_view> words) { return words[rng.below(words.size())]; };
  const double u = rng.uniform();
  const std::string_view gender = u < .66 ? kGenders[0] : u < .96 ? kGenders[1] : kGenders[2];
  const std::string_view age_group = pick(age_groups()), skin_type = pick(skin_types()), hair_type = pick(hair_types());
  const std::string_view favourite_category = categories()[rng.below(categories().size())].name;
  const std::string_view favourite_brand = catalogue.brands[rng.below(catalogue.brands.size())].name;

  Customer customer{};
  customer.declared_gender = declare(gender, rng);
  customer.declared_age_group = declare(age_group, rng);
  customer.declared_skin_type = declare(skin_type, rng);
  customer.declared_hair_type = declare(hair_type, rng);
  customer.declared_region = declare(pick(regions()), rng);

  const CustomerPull& pull = kCustomerPull;
  Taste taste{};
  add(taste, pull.skin_type, direction_of(seed, "skin type", skin_type));
  add(taste, pull.hair_type, direction_of(seed, "hair type", hair_type));
  add(taste, pull.age_group, direction_of(seed, "age group", age_group));
  if (gender != kGenders[2]) add(taste, gender == kGenders[0] ? pull.gender : -pull.gender, direction_of(seed, "gender", "women"));
  add(taste, pull.favourite_category, direction_of(seed, "category", favourite_category));
  add(taste, pull.favourite_brand, direction_of(seed, "brand", favourite_brand));
  add(taste, pull.own, random_direction(rng));
  customer.taste = normalized(taste);

  customer.loyalty = .3 + 1.4 * rng.uniform();
  customer.price_sensitivity = .8 * rng.uniform();
  customer.visits_per_year = std::min(kMaxVisitsAYear, kActivityMedian * std::exp(kActivityDeviation * rng.normal()));
  customer.joined_before = rng.uniform() < kJoinedBefore;
  return customer;
}

}  // namespace gemel::synth
