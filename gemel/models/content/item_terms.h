// The catalogue as terms: what content-based filtering compares products by. A term is one value of one feature: a category, a tag, a
// quantile bucket of a number or time, a word of a text.
//   weight(t, i) = weight of t's field * count of t in i * idf(t) / sqrt(terms that i has in this field)
//   idf(t) = log((1 + N) / (1 + n(t))) + 1, n(t) the products that have t, of the N that the training period saw
// (TF-IDF: Salton, Buckley 1988; the root keeps a product of sixty ingredients from being nothing but ingredients), and each product's row
// has length 1. Terms that the training period did not see are terms all the same: two new products of a new brand are alike.
// Thread safety: const after make and load.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "gemel/models/interactions.h"
#include "gemel/numerics/safetensors.h"

namespace gemel {

class ItemTerms {
 public:
  // `field_weights` by the name of a feature in shop.toml; 1 where it names none. Error kBadConfig: a name that shop.toml does not declare.
  static Result<ItemTerms> make(const TrainView& view, const std::map<std::string, double>& field_weights, int number_buckets);

  std::size_t num_items() const { return items_.size(); }
  std::size_t num_terms() const { return names_.size(); }
  const std::string& name(std::uint32_t term) const { return names_[term]; }  // "brand_name Clinique", "price_usd 12 to 20"
  std::span<const std::uint32_t> terms_of(std::size_t item) const { return items_.row(item); }  // ascending
  std::span<const float> weights_of(std::size_t item) const { return items_.values_of(item); }
  double product(std::size_t item, std::size_t other) const;  // of their rows: the cosine
  std::span<const std::uint32_t> items_with(std::uint32_t term) const { return terms_.row(term); }
  std::span<const float> weights_with(std::uint32_t term) const { return terms_.values_of(term); }

  Result<void> save(const std::filesystem::path& path) const;  // kIo
  static Result<ItemTerms> load(const std::filesystem::path& path, std::size_t num_items);  // kCorrupt, kNotFound

 private:
  std::vector<std::string> names_;
  InteractionRows items_;  // [num_items] rows of terms
  InteractionRows terms_;  // [num_terms] rows of items
};

}  // namespace gemel
