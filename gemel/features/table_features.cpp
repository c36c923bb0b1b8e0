#include "gemel/features/table_features.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "gemel/features/text_terms.h"

namespace gemel {
namespace {

constexpr int kTimeBuckets = 20;

double days(TimePoint at) {
  if (at == kMissingTime) return std::numeric_limits<double>::quiet_NaN();
  return std::chrono::duration<double, std::ratio<86400>>(at.time_since_epoch()).count();
}

double number_at(const FeatureColumn& column, std::size_t row) {
  return column.type == FeatureType::kTime ? days(column.times[row]) : column.numbers[row];
}

template <class Visit>
void for_each_text(const FeatureColumn& column, std::size_t row, Visit visit) {
  if (column.type == FeatureType::kTags) {
    for (auto i = column.lists[row]; i < column.lists[row + 1]; ++i) visit(column.texts[static_cast<std::size_t>(i)]);
  } else {
    visit(column.texts[row]);
  }
}

bool has_vocabulary(FeatureType type) { return type == FeatureType::kCategory || type == FeatureType::kTags; }
bool is_textual(FeatureType type) { return has_vocabulary(type) || type == FeatureType::kText; }

// Each tag weighs 1 / number of tags: the mean of their embeddings. No tag: the missing row.
void push_texts(const FeatureColumn& column, std::size_t row, const Vocabulary& vocabulary, Bags& out) {
  const std::size_t begin = out.rows.size();
  for_each_text(column, row, [&](std::string_view text) { out.push(vocabulary.row(text), 1); });
  if (out.rows.size() == begin) out.push(Vocabulary::kMissing, 1);
  const float share = 1.0f / static_cast<float>(out.rows.size() - begin);
  for (std::size_t i = begin; i < out.rows.size(); ++i) out.weights[i] = share;
  out.close_bag();
}

// Likewise each n-gram of a text.
void push_n_grams(std::string_view text, std::uint32_t num_buckets, Bags& out) {
  const std::vector<std::uint32_t> n_grams = hashed_n_grams(text, num_buckets);
  const float share = 1.0f / static_cast<float>(std::max<std::size_t>(n_grams.size(), 1));
  for (const std::uint32_t n_gram : n_grams) out.push(Vocabulary::kFirstValue + n_gram, share);
  if (n_grams.empty()) out.push(Vocabulary::kMissing, 1);
  out.close_bag();
}

}  // namespace

TableFeatures::Fitted TableFeatures::fit_feature(const FeatureColumn& column, const FeatureConfig& config,
                                                 std::span<const std::uint8_t> known) {
  Fitted fitted{.name = config.name, .type = config.type, .vocabulary = {}, .scaler = {}};
  if (config.type == FeatureType::kText) {
    fitted.num_text_buckets = static_cast<std::uint32_t>(config.buckets);
    return fitted;
  }
  if (has_vocabulary(config.type)) {
    VocabularyBuilder builder;
    for (std::size_t row = 0; row < known.size(); ++row) {
      if (known[row]) for_each_text(column, row, [&](std::string_view text) { builder.add(text); });
    }
    fitted.vocabulary = builder.build(config.min_count);
    return fitted;
  }
  std::vector<double> values;
  for (std::size_t row = 0; row < known.size(); ++row) {
    if (known[row]) values.push_back(number_at(column, row));
  }
  const int buckets = config.type == FeatureType::kTime ? kTimeBuckets : config.buckets;
  fitted.scaler = NumberScaler(std::move(values), config.type == FeatureType::kTime ? "none" : config.transform, buckets);
  fitted.has_buckets = buckets > 0;
  return fitted;
}

Result<TableFeatures> TableFeatures::fit(const EntityTable& table, std::span<const FeatureConfig> declared,
                                         const std::vector<std::string>& use, std::span<const std::uint8_t> known) {
  GEMEL_CHECK(known.size() == table.size());
  std::vector<std::string> names = use;
  std::string all_names;
  for (const FeatureConfig& config : declared) {
    if (config.type == FeatureType::kShown) continue;
    all_names += (all_names.empty() ? "" : ", ") + config.name;
    if (use.empty()) names.push_back(config.name);
  }
  TableFeatures features;
  for (const std::string& name : names) {
    const FeatureConfig* config = nullptr;
    for (const FeatureConfig& candidate : declared) {
      if (candidate.name == name && candidate.type != FeatureType::kShown) config = &candidate;
    }
    const FeatureColumn* column = table.feature(name);
    if (config == nullptr || column == nullptr)
      return fail(ErrorCode::kBadConfig, "unknown feature '", name, "'; declared in shop.toml: ", all_names.empty() ? "none" : all_names);
    features.features_.push_back(fit_feature(*column, *config, known));
  }
  return features;
}

EncodedTable TableFeatures::encode(const EntityTable& table) const {
  EncodedTable encoded;
  std::vector<std::vector<float>> columns;
  for (const Fitted& fitted : features_) {
    const FeatureColumn* column = table.feature(fitted.name);
    GEMEL_CHECK(column != nullptr, "the table lacks a fitted feature");
    if (fitted.type == FeatureType::kText) {
      EncodedBags& out = encoded.bags.emplace_back(EncodedBags{fitted.name, Vocabulary::kFirstValue + fitted.num_text_buckets, {}});
      for (std::size_t row = 0; row < table.size(); ++row) push_n_grams(column->texts[row], fitted.num_text_buckets, out.bags);
      continue;
    }
    if (has_vocabulary(fitted.type)) {
      EncodedBags& out = encoded.bags.emplace_back(EncodedBags{fitted.name, fitted.vocabulary.num_rows(), {}});
      for (std::size_t row = 0; row < table.size(); ++row) push_texts(*column, row, fitted.vocabulary, out.bags);
      continue;
    }
    auto& scaled = columns.emplace_back(table.size());
    std::vector<float> missing(table.size());
    for (std::size_t row = 0; row < table.size(); ++row) {
      scaled[row] = fitted.scaler.scale(number_at(*column, row));
      missing[row] = std::isnan(number_at(*column, row)) ? 1.0f : 0.0f;
    }
    columns.push_back(std::move(missing));
    encoded.number_names.push_back(fitted.name);
    encoded.number_names.push_back(fitted.name + " is missing");
    if (!fitted.has_buckets) continue;
    EncodedBags& out = encoded.bags.emplace_back(EncodedBags{fitted.name + " bucket", fitted.scaler.num_bucket_rows(), {}});
    for (std::size_t row = 0; row < table.size(); ++row) {
      out.bags.push(fitted.scaler.bucket(number_at(*column, row)), 1);
      out.bags.close_bag();
    }
  }
  encoded.numbers.resize(table.size(), columns.size());
  for (std::size_t c = 0; c < columns.size(); ++c) {
    for (std::size_t row = 0; row < table.size(); ++row) encoded.numbers(row, c) = columns[c][row];
  }
  return encoded;
}

std::vector<EncodedPlace> TableFeatures::places() const {
  std::vector<EncodedPlace> places;
  std::size_t num_bags = 0, num_numbers = 0;
  for (const Fitted& fitted : features_) {
    EncodedPlace& place = places.emplace_back(EncodedPlace{fitted.name, std::nullopt, std::nullopt});
    if (is_textual(fitted.type) || fitted.has_buckets) place.bag = num_bags++;
    if (is_textual(fitted.type)) continue;
    place.number = num_numbers;
    num_numbers += 2;
  }
  return places;
}

nlohmann::json TableFeatures::to_json() const {
  nlohmann::json list = nlohmann::json::array();
  for (const Fitted& fitted : features_) {
    nlohmann::json entry{{"name", fitted.name}};
    if (fitted.type == FeatureType::kText) {
      entry["type"] = "text";
      entry["buckets"] = fitted.num_text_buckets;
    } else if (has_vocabulary(fitted.type)) {
      entry["type"] = fitted.type == FeatureType::kTags ? "tags" : "category";
      entry["values"] = fitted.vocabulary.values();
    } else {
      entry["type"] = fitted.type == FeatureType::kTime ? "time" : "number";
      entry["log1p"] = fitted.scaler.log1p;
      entry["mean"] = fitted.scaler.mean;
      entry["deviation"] = fitted.scaler.deviation;
      entry["has_buckets"] = fitted.has_buckets;
      entry["boundaries"] = fitted.scaler.boundaries;
    }
    list.push_back(std::move(entry));
  }
  return list;
}

Result<TableFeatures> TableFeatures::from_json(const nlohmann::json& json) {
  TableFeatures features;
  try {  // nlohmann reports a wrong shape by exception; it ends here
    for (const auto& entry : json) {
      Fitted fitted{};
      entry.at("name").get_to(fitted.name);
      const auto type = entry.at("type").get<std::string>();
      fitted.type = type == "tags"       ? FeatureType::kTags
                    : type == "category" ? FeatureType::kCategory
                    : type == "time"     ? FeatureType::kTime
                    : type == "text"     ? FeatureType::kText
                                         : FeatureType::kNumber;
      if (fitted.type == FeatureType::kText) {
        entry.at("buckets").get_to(fitted.num_text_buckets);
      } else if (has_vocabulary(fitted.type)) {
        fitted.vocabulary = Vocabulary(entry.at("values").get<std::vector<std::string>>());
      } else {
        entry.at("log1p").get_to(fitted.scaler.log1p);
        entry.at("mean").get_to(fitted.scaler.mean);
        entry.at("deviation").get_to(fitted.scaler.deviation);
        entry.at("has_buckets").get_to(fitted.has_buckets);
        entry.at("boundaries").get_to(fitted.scaler.boundaries);
      }
      features.features_.push_back(std::move(fitted));
    }
  } catch (const nlohmann::json::exception& error) {
    return fail(ErrorCode::kCorrupt, "features.json: ", error.what());
  }
  return features;
}

}  // namespace gemel
