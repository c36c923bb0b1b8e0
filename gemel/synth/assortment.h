// What a made-up beauty shop can sell: the kinds of products with their sizes, prices and rates of use, and the words that products and
// customers are described by. Plain tables; catalogue.h draws products from them. Thread safety: constants.
#pragma once

#include <span>
#include <string_view>

namespace gemel::synth {

// How the demand for a category moves over the year: amplitude * cos(2 pi (day - peak) / 365), or, where width is above 0, a bump
// amplitude * exp(-((day - peak) / width)^2 / 2). Added to the log of the demand.
struct Season {
  double amplitude;
  double peak_day;  // 0: 1 January
  double width_days;
};

struct Category {
  std::string_view name;
  Season season;
};

// Which descriptions a type of product has besides brand, series, price, volume and scent.
enum Described : unsigned { kBySkinType = 1, kByHairType = 2, kByFinish = 4, kByIngredients = 8, kByShade = 16 };

struct ProductType {
  std::string_view name;
  std::size_t category;     // place in categories()
  double weight;            // share of the assortment, relative
  double men, women;        // chance to be made for men or for women; the rest is for everybody
  double min_ml, max_ml;    // sizes lie between, in steps that people know; 0: sold by the piece
  double ml_per_day;        // how fast it is used up; 0: it does not run out
  double price_eur;         // of a middling brand
  unsigned described;       // Described, or-ed
};

std::span<const Category> categories();
std::span<const ProductType> product_types();

std::span<const std::string_view> ingredients();
std::span<const std::string_view> skin_effects();  // of what has kBySkinType
std::span<const std::string_view> hair_effects();  // of what has kByHairType
std::span<const std::string_view> other_effects();
std::span<const std::string_view> scents();        // the first one is no scent at all
std::span<const std::string_view> skin_types();
std::span<const std::string_view> hair_types();
std::span<const std::string_view> finishes();
std::span<const std::string_view> shades();
std::span<const std::string_view> age_groups();
std::span<const std::string_view> regions();

// Names of brands and series are put together from these.
std::span<const std::string_view> brand_beginnings();
std::span<const std::string_view> brand_endings();
std::span<const std::string_view> series_first_words();
std::span<const std::string_view> series_second_words();

}  // namespace gemel::synth
