// Where `gemel tune` looks for the knobs of a model: one dimension a knob, each sampled on a scale that suits it. A model states its own
// beside its knobs, so that both change together.
#pragma once

#include <string>
#include <vector>

namespace gemel {

struct TuningDimension {
  enum class Kind { kUniform, kLogUniform, kInteger, kLogInteger, kChoice };
  std::string key;  // of the model's table in shop.toml; a dotted path reaches into a table (`history.length`)
  Kind kind{};
  double low = 0, high = 0;          // both included; log kinds: above zero
  std::vector<std::string> choices;  // kChoice: each as TOML text (`"none"`, `[2, 7, 30]`)
  // Not empty: the model reads this knob only where that other one, a choice of the same space, has one of these values.
  std::string where_key = {};
  std::vector<std::string> where_values = {};
};

using TuningSpace = std::vector<TuningDimension>;

inline TuningDimension uniform(std::string key, double low, double high) {
  return {std::move(key), TuningDimension::Kind::kUniform, low, high, {}};
}
inline TuningDimension log_uniform(std::string key, double low, double high) {
  return {std::move(key), TuningDimension::Kind::kLogUniform, low, high, {}};
}
inline TuningDimension integer(std::string key, double low, double high) {
  return {std::move(key), TuningDimension::Kind::kInteger, low, high, {}};
}
inline TuningDimension log_integer(std::string key, double low, double high) {
  return {std::move(key), TuningDimension::Kind::kLogInteger, low, high, {}};
}
inline TuningDimension choice(std::string key, std::vector<std::string> choices) {
  return {std::move(key), TuningDimension::Kind::kChoice, 0, 0, std::move(choices)};
}
inline TuningDimension only_where(std::string key, std::vector<std::string> values, TuningDimension dimension) {
  dimension.where_key = std::move(key);
  dimension.where_values = std::move(values);
  return dimension;
}

}  // namespace gemel
