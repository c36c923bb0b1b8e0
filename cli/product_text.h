// How a product looks in a line for people. Thread safety: pure functions.
#pragma once

#include <string>

#include "gemel/retrieval/retriever.h"

namespace gemel::cli {

// "Acme, 4.5, mild|green": the first few attributes of a product, in the order of shop.toml.
std::string main_attributes(const Product& product);

// "brand 'Acme'", "notes mild|green", "itself": a feature with the product's value, where it has one.
std::string feature_text(const Product& product, const std::string& feature);

// What stands behind a score, in a few indented lines.
std::string explanation_text(const RecommendedProduct& recommended);

}  // namespace gemel::cli
