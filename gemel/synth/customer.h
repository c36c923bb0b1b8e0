// A customer of the synthetic shop: what the customer file says, and the taste and habits that only show in what is done.
#pragma once

#include <string_view>

#include "gemel/synth/catalogue.h"

namespace gemel::synth {

struct Customer {
  // Declared to the shop; empty where the customer did not tell.
  std::string_view declared_gender, declared_age_group, declared_skin_type, declared_hair_type, declared_region;

  Taste taste;               // of length 1
  double loyalty;            // how much run-out products of the own pull; 1 on average
  double price_sensitivity;  // how much a high price keeps from buying what lies in the cart; 0 and more
  double visits_per_year;    // besides the first one
  bool joined_before;        // the year; otherwise the first visit is the day of joining
};

// Drawn anew each time it is asked for, from the seed and the number: millions of customers need no memory.
Customer make_customer(std::uint64_t seed, std::size_t number, const Catalogue& catalogue);

}  // namespace gemel::synth
