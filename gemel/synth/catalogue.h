// The products of a synthetic shop: what its catalogue says of them, and the truth behind their sales that no catalogue tells.
// Thread safety: const after make.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gemel/synth/assortment.h"
#include "gemel/synth/taste.h"

namespace gemel::synth {

enum class Gender : std::uint8_t { kEverybody, kWomen, kMen };
std::string_view to_text(Gender gender);  // unisex, women, men

struct Brand {
  std::string name;
  std::vector<std::string> series;
  double price_level;  // factor on the price of a middling brand
  double fame;         // added to the log of its products' demand
};

struct Product {
  // What the catalogue says. Words are views into the tables of assortment.h; empty where the product is not described by them.
  std::string name;
  std::size_t brand, series, type;  // series: place in the brand's
  Gender gender;
  double price_eur;
  int volume_ml;  // 0: sold by the piece
  std::vector<std::string_view> ingredients, effects;
  std::string_view scent, hair_type, finish, skin_type;
  int launch_day;               // 0: 1 January of the year; before it when below 0
  std::optional<int> end_day;   // no longer sold from this day on

  // What it does not say.
  Taste taste;           // of length 1; the described part and a part of its own
  double duration_days;  // how long it lasts; 0: it does not run out
  double appeal;         // log of the demand that it has of itself, its brand's fame included
  double hype;           // added when it is launched within the year, fading
  double trend;          // change of the log of the demand over the year
  double price_z;        // log(price / 20 EUR) / 0.7, kept within -2 and 2
};

struct Catalogue {
  std::vector<Brand> brands;
  std::vector<Product> products;
};

// The same seed and number of products give the same catalogue.
Catalogue make_catalogue(std::uint64_t seed, std::size_t num_products);

// p0000042: what files call product 42, and back. Empty when the text is no such id.
std::string product_id(std::size_t product);
std::string customer_id(std::size_t customer);  // c0000042
std::optional<std::size_t> parse_product_id(std::string_view id);
std::optional<std::size_t> parse_customer_id(std::string_view id);

}  // namespace gemel::synth
