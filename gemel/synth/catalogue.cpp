#include "gemel/synth/catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "gemel/base/check.h"
#include "gemel/base/concat.h"
#include "gemel/synth/world_rules.h"

namespace gemel::synth {
namespace {

using Words = std::span<const std::string_view>;

std::string_view pick(Words words, Rng& rng) { return words[rng.below(words.size())]; }

// Few values are common: place 0 is drawn most often.
std::string_view pick_skewed(Words words, Rng& rng) {
  return words[static_cast<std::size_t>(static_cast<double>(words.size()) * std::pow(rng.uniform(), 1.6))];
}

std::vector<std::string_view> pick_several(Words words, std::size_t count, Rng& rng) {
  std::set<std::string_view> picked;
  while (picked.size() < count) picked.insert(pick_skewed(words, rng));
  return {picked.begin(), picked.end()};
}

std::vector<Brand> make_brands(std::uint64_t seed, std::size_t num_products) {
  const Words beginnings = brand_beginnings(), endings = brand_endings();
  std::vector<std::size_t> names(beginnings.size() * endings.size());
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = i;
  Rng order = stream_of(seed, Draws::kBrand, 0);
  order.shuffle(std::span(names));
  std::vector<Brand> brands(std::clamp<std::size_t>(num_products / kProductsPerBrand, kMinBrands, names.size()));
  for (std::size_t b = 0; b < brands.size(); ++b) {
    Rng rng = stream_of(seed, Draws::kBrand, b + 1);
    Brand& brand = brands[b];
    brand.name = concat(beginnings[names[b] / endings.size()], endings[names[b] % endings.size()]);
    while (brand.series.size() < kSeriesPerBrand) {
      std::string series = concat(pick(series_first_words(), rng), " ", pick(series_second_words(), rng));
      if (std::ranges::find(brand.series, series) == brand.series.end()) brand.series.push_back(std::move(series));
    }
    brand.price_level = std::exp(kBrandPriceDeviation * rng.normal());
    brand.fame = kBrandFameDeviation * rng.normal();
  }
  return brands;
}

std::size_t draw_type(Rng& rng) {
  double total = 0;
  for (const ProductType& type : product_types()) total += type.weight;
  double left = rng.uniform() * total;
  for (std::size_t t = 0; t + 1 < product_types().size(); ++t) {
    left -= product_types()[t].weight;
    if (left < 0) return t;
  }
  return product_types().size() - 1;
}

Gender draw_gender(const ProductType& type, Rng& rng) {
  const double u = rng.uniform();
  return u < type.men ? Gender::kMen : u < type.men + type.women ? Gender::kWomen : Gender::kEverybody;
}

// A size that people know: 1, 1.5, 2, 3, 4, 5, 7.5 times a power of ten, or whole numbers below 15.
int draw_volume(const ProductType& type, Rng& rng) {
  if (type.max_ml == 0) return 0;
  const double wanted = type.min_ml * std::pow(type.max_ml / type.min_ml, rng.uniform());
  if (wanted < 15) return std::max(1, static_cast<int>(wanted + .5));
  constexpr double kSteps[] = {15, 20, 30, 40, 50, 75, 100, 125, 150, 200, 250, 300, 400, 500};
  const auto nearest = std::ranges::min_element(kSteps, {}, [wanted](double step) { return std::abs(std::log(step / wanted)); });
  return static_cast<int>(*nearest);
}

double draw_price(const ProductType& type, const Brand& brand, int volume_ml, Rng& rng) {
  const double middle = std::sqrt(type.min_ml * type.max_ml);
  const double size = volume_ml == 0 ? 1 : std::pow(volume_ml / middle, .7);
  const double price = type.price_eur * brand.price_level * size * std::exp(.12 * rng.normal());
  return std::max(1.0, std::round(price * 2) / 2) - .05;  // 12.45 or 12.95
}

void describe(const ProductType& type, Product& product, Rng& rng) {
  if (type.described & kBySkinType) product.skin_type = pick_skewed(skin_types(), rng);
  if (type.described & kByHairType) product.hair_type = pick_skewed(hair_types(), rng);
  if (type.described & kByFinish) product.finish = pick_skewed(finishes(), rng);
  if (type.described & kByIngredients) product.ingredients = pick_several(ingredients(), 3 + rng.below(6), rng);
  const Words effects = type.described & kBySkinType ? skin_effects() : type.described & kByHairType ? hair_effects() : other_effects();
  product.effects = pick_several(effects, 1 + rng.below(3), rng);
  const bool is_perfume = categories()[type.category].name == "Fragrance";
  product.scent = rng.uniform() < .3 && !is_perfume ? scents()[0] : scents()[1 + rng.below(scents().size() - 1)];
}

std::string name_of(const ProductType& type, const Brand& brand, const Product& product, Rng& rng) {
  std::string effect(product.effects.front());
  effect[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(effect[0])));
  std::string name = concat(brand.name, " ", brand.series[product.series], " ", effect, " ", type.name);
  if (type.described & kByShade) name += concat(" ", pick(shades(), rng));
  if (product.volume_ml > 0) name += concat(" ", product.volume_ml, " ml");
  return name;
}

// What the words say, and a part that is the product's own.
Taste taste_of(std::uint64_t seed, const Brand& brand, const Product& product, Rng& rng) {
  const ProductType& type = product_types()[product.type];
  Taste taste{};
  const auto add_word = [&](double weight, std::string_view kind, std::string_view word) {
    if (!word.empty()) add(taste, weight, direction_of(seed, kind, word));
  };
  const auto add_words = [&](double weight, std::string_view kind, const std::vector<std::string_view>& words) {
    for (const std::string_view word : words) add_word(weight / std::sqrt(static_cast<double>(words.size())), kind, word);
  };
  const ProductPull& pull = kProductPull;
  add_word(pull.category, "category", categories()[type.category].name);
  add_word(pull.type, "type", type.name);
  add_word(pull.brand, "brand", brand.name);
  add_word(pull.series, "series", concat(brand.name, " ", brand.series[product.series]));
  add_words(pull.ingredients, "ingredient", product.ingredients);
  add_words(pull.effects, "effect", product.effects);
  add_word(pull.scent, "scent", product.scent);
  add_word(pull.hair_type, "hair type", product.hair_type);
  add_word(pull.finish, "finish", product.finish);
  add_word(pull.skin_type, "skin type", product.skin_type);
  if (product.gender != Gender::kEverybody)  // men's and women's products lie opposite each other
    add_word(product.gender == Gender::kWomen ? pull.gender : -pull.gender, "gender", "women");
  add(taste, pull.own, random_direction(rng));
  return normalized(taste);
}

Product make_product(std::uint64_t seed, std::size_t number, const std::vector<Brand>& brands) {
  Rng rng = stream_of(seed, Draws::kProduct, number);
  Product product{};
  // Some brands have many products: the square of a uniform number prefers low places.
  product.brand = static_cast<std::size_t>(static_cast<double>(brands.size()) * std::pow(rng.uniform(), 1.5));
  product.series = rng.below(kSeriesPerBrand);
  product.type = draw_type(rng);
  const Brand& brand = brands[product.brand];
  const ProductType& type = product_types()[product.type];
  product.gender = draw_gender(type, rng);
  product.volume_ml = draw_volume(type, rng);
  product.price_eur = draw_price(type, brand, product.volume_ml, rng);
  describe(type, product, rng);
  product.name = name_of(type, brand, product, rng);
  product.launch_day =
      rng.uniform() < kLaunchedShare ? static_cast<int>(rng.below(kNumDays)) : -1 - static_cast<int>(rng.below(3 * kNumDays));
  if (product.launch_day < 0 && rng.uniform() < kEndedShare) product.end_day = static_cast<int>(rng.below(kNumDays));
  product.taste = taste_of(seed, brand, product, rng);
  product.duration_days = type.ml_per_day > 0 ? product.volume_ml / type.ml_per_day : 0;
  product.appeal = kAppealDeviation * rng.normal() + brand.fame;
  product.hype = product.launch_day >= 0 ? kMinHype + (kMaxHype - kMinHype) * rng.uniform() : 0;
  product.trend = kTrendDeviation * rng.normal();
  product.price_z = std::clamp(std::log(product.price_eur / 20) / .7, -2.0, 2.0);
  return product;
}

std::optional<std::size_t> parse_id(char letter, std::string_view id) {
  std::size_t number = 0;
  if (id.size() < 8 || id[0] != letter) return std::nullopt;
  const auto [stop, code] = std::from_chars(id.data() + 1, id.data() + id.size(), number);
  if (code != std::errc{} || stop != id.data() + id.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string_view to_text(Gender gender) {
  switch (gender) {
    case Gender::kEverybody: return "unisex";
    case Gender::kWomen: return "women";
    case Gender::kMen: return "men";
  }
  return "";
}

Catalogue make_catalogue(std::uint64_t seed, std::size_t num_products) {
  Catalogue catalogue{make_brands(seed, num_products), {}};
  for (std::size_t number = 0; number < num_products; ++number) catalogue.products.push_back(make_product(seed, number, catalogue.brands));
  return catalogue;
}

std::string product_id(std::size_t product) { return fmt::format("p{:07}", product); }
std::string customer_id(std::size_t customer) { return fmt::format("c{:07}", customer); }
std::optional<std::size_t> parse_product_id(std::string_view id) { return parse_id('p', id); }
std::optional<std::size_t> parse_customer_id(std::string_view id) { return parse_id('c', id); }

}  // namespace gemel::synth
