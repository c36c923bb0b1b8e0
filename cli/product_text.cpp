#include "cli/product_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace gemel::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kShownAttributes = 4;
constexpr std::size_t kShownFeatures = 4, kShownPast = 3;
constexpr std::size_t kLongestValue = 30;

std::string value_text(const Json& value) {
  if (!value.is_array()) return value.is_string() ? value.get<std::string>() : value.dump();
  std::string text;
  for (const Json& tag : value) text += (text.empty() ? "" : "|") + tag.get<std::string>();
  return text;
}

// Two decimals, and two digits of the largest part: some models' scores are shares.
int decimals_of(const std::vector<ScorePart>& parts) {
  double largest = 0;
  for (const ScorePart& part : parts) largest = std::max(largest, std::abs(part.value));
  return largest > 0 ? std::clamp(1 - static_cast<int>(std::floor(std::log10(largest))), 2, 9) : 2;
}

template <class Effects, class Name>
std::string effects_text(const Effects& effects, std::size_t at_most, int decimals, Name name) {
  std::string text;
  std::size_t shown = 0;
  for (const auto& effect : effects) {
    const bool shows_as_zero = std::abs(effect.effect) < 0.5 * std::pow(10, -decimals);
    if (shown == at_most || shows_as_zero) break;  // sorted by size
    text += fmt::format("{}{} {:+.{}f}", shown++ == 0 ? "" : ", ", name(effect), effect.effect, decimals);
  }
  return text;
}

}  // namespace

std::string main_attributes(const Product& product) {
  const Json attributes = Json::parse(product.attributes_json, nullptr, /*allow_exceptions=*/false);
  std::string text;
  std::size_t shown = 0;
  for (const auto& [key, value] : attributes.items()) {
    if (shown++ == kShownAttributes) break;
    text += concat(text.empty() ? "" : ", ", value_text(value));
  }
  return text;
}

std::string feature_text(const Product& product, const std::string& feature) {
  if (feature == "item_id") return "itself";
  const Json attributes = Json::parse(product.attributes_json, nullptr, /*allow_exceptions=*/false);
  if (!attributes.is_object() || !attributes.contains(feature)) return feature;
  const std::string value = value_text(attributes[feature]);
  if (value.size() > kLongestValue) return feature;  // a long list says less than its name
  return attributes[feature].is_string() ? concat(feature, " '", value, "'") : concat(feature, " ", value);
}

std::string explanation_text(const RecommendedProduct& recommended) {
  if (!recommended.explained) return "";
  const ExplainedScore& explained = *recommended.explained;
  const int decimals = decimals_of(explained.parts);
  std::string parts;
  for (const ScorePart& part : explained.parts)
    parts += fmt::format("{}{} {:+.{}f}", parts.empty() ? "" : ", ", part.name, part.above_average, decimals);
  std::string text = concat("      above the average product: ", parts, "\n");
  const std::string features = effects_text(explained.features, kShownFeatures, decimals,
                                            [&](const FeatureEffect& effect) { return feature_text(recommended.product, effect.name); });
  const std::string history = effects_text(explained.history, kShownPast, decimals, [](const ExplainedScore::Past& past) {
    return past.num_events > 1 ? concat(past.product.name, " (", past.num_events, " times)") : past.product.name;
  });
  std::string nearest;
  for (const SimilarProduct& similar : explained.nearest)
    nearest += fmt::format("{}{} ({:.2f})", nearest.empty() ? "" : ", ", similar.product.name, similar.similarity);
  if (!features.empty()) text += concat("      its features: ", features, "\n");
  if (!history.empty()) text += concat("      their history: ", history, "\n");
  if (!nearest.empty()) text += concat("      most like it, of the history: ", nearest, "\n");
  return text;
}

}  // namespace gemel::cli
