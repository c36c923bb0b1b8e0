// The declared features of the item or the user table, fitted on the training period and applied to every row: categories and tags
// become bags over an embedding table, texts bags of hashed n-grams, numbers become standardised columns (with a flag for missing) and,
// when buckets are asked for, a bag as well; times become a number of days and 20 quantile buckets. Thread safety: const after fit.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gemel/base/result.h"
#include "gemel/data/dataset.h"
#include "gemel/features/number_scaler.h"
#include "gemel/features/vocabulary.h"
#include "gemel/numerics/bags.h"
#include "gemel/numerics/matrix.h"

namespace gemel {

// One categorical or textual feature of all rows of a table.
struct EncodedBags {
  std::string name;
  std::uint32_t num_rows;  // of its embedding table
  Bags bags;               // [rows of the entity table]
};

struct EncodedTable {
  std::vector<EncodedBags> bags;
  std::vector<std::string> number_names;  // [num_numbers]
  Matrix numbers;                         // [rows, num_numbers]
};

// Where encode() puts a feature.
struct EncodedPlace {
  std::string name;
  std::optional<std::size_t> bag;     // of EncodedTable::bags: the values, or the buckets of a number
  std::optional<std::size_t> number;  // column of EncodedTable::numbers; the next one is the missing flag
};

class TableFeatures {
 public:
  TableFeatures() = default;
  // `use` names the features to take, in that order; empty: all declared ones. `known` [rows]: 1 for the rows that the training period
  // saw: vocabularies, scalers and buckets are fitted on those alone. Error kBadConfig: an unknown name in `use`.
  static Result<TableFeatures> fit(const EntityTable& table, std::span<const FeatureConfig> declared, const std::vector<std::string>& use,
                                   std::span<const std::uint8_t> known);

  EncodedTable encode(const EntityTable& table) const;

  std::vector<EncodedPlace> places() const;  // of the features, in their order

  // features.json. from_json checks the shape; error kCorrupt.
  nlohmann::json to_json() const;
  static Result<TableFeatures> from_json(const nlohmann::json& json);

 private:
  struct Fitted {
    std::string name;
    FeatureType type;
    Vocabulary vocabulary;  // category, tags
    NumberScaler scaler;    // number, time
    bool has_buckets = false;
    std::uint32_t num_text_buckets = 0;  // text
  };
  static Fitted fit_feature(const FeatureColumn& column, const FeatureConfig& config, std::span<const std::uint8_t> known);
  std::vector<Fitted> features_;
};

}  // namespace gemel
