// The files of a two-tower model inside a bundle:
//   knobs.toml               the configuration, choices of the fit included
//   features.json            fitted vocabularies and scalers, embedding tables and which tower reads them
//   weights.safetensors      every parameter by name
//   candidates.safetensors   candidate embeddings [num_items, output_dim], in the order of items.jsonl
//   candidate_features.safetensors  encoded features of every product: for explanations; a bundle without them recommends all the same
//   encoders.safetensors     id rows and encoded customer features: what the query tower needs without the Dataset
//   counters.safetensors     decayed counts as of the cut, weights and gates in use
#include <algorithm>
#include <nlohmann/json.hpp>

#include "gemel/base/file.h"
#include "gemel/models/two_tower/two_tower.h"
#include "gemel/nn/l2_normalize.h"

namespace gemel {
namespace {

namespace fs = std::filesystem;

Result<void> save_counters(const DecayedCounts& counts, const Calibration& in_use, const fs::path& path) {
  const DecayedCounts::Snapshot snapshot = counts.snapshot();
  const std::vector<std::int64_t> position{snapshot.day.time_since_epoch().count(), static_cast<std::int64_t>(snapshot.num_events)};
  SafetensorsWriter writer;
  writer.add<double>("half_life_days", snapshot.half_life_days);
  writer.add<double>("counts", snapshot.counts);
  writer.add<std::int64_t>("position", position);
  writer.add<double>("popularity_weights", in_use.popularity_weights);
  writer.add<double>("tower_gates", in_use.tower_gates);
  writer.add<double>("personal_weights", in_use.personal_weights);
  return writer.write(path);
}

template <class T>
std::vector<T> to_vector(std::span<const T> values) {
  return {values.begin(), values.end()};
}

nlohmann::json spec_to_json(const NetworkSpec& spec) {
  nlohmann::json tables = nlohmann::json::array();
  for (const TableSpec& table : spec.tables) tables.push_back({{"name", table.name}, {"num_rows", table.num_rows}});
  return {{"tables", tables},
          {"query_tables", spec.query_tables},
          {"candidate_tables", spec.candidate_tables},
          {"token_tables", spec.token_tables},
          {"num_query_numbers", spec.num_query_numbers},
          {"num_candidate_numbers", spec.num_candidate_numbers},
          {"num_personal_values", spec.num_personal_values}};
}

Result<NetworkSpec> spec_from_json(std::string_view text) {
  NetworkSpec spec;
  try {  // nlohmann reports a wrong shape by exception; it ends here
    const auto json = nlohmann::json::parse(text).at("network");
    for (const auto& table : json.at("tables")) spec.tables.push_back({table.at("name"), table.at("num_rows")});
    json.at("query_tables").get_to(spec.query_tables);
    json.at("candidate_tables").get_to(spec.candidate_tables);
    if (json.contains("token_tables")) json.at("token_tables").get_to(spec.token_tables);  // bundles of before have no attention
    json.at("num_query_numbers").get_to(spec.num_query_numbers);
    json.at("num_candidate_numbers").get_to(spec.num_candidate_numbers);
    json.at("num_personal_values").get_to(spec.num_personal_values);
  } catch (const nlohmann::json::exception& error) {
    return fail(ErrorCode::kCorrupt, "features.json: ", error.what());
  }
  for (const auto* tables : {&spec.query_tables, &spec.candidate_tables, &spec.token_tables}) {
    for (const std::size_t table : *tables) {
      if (table >= spec.tables.size())
        return fail(ErrorCode::kCorrupt, "features.json: a tower reads table ", table, " of ", spec.tables.size());
    }
  }
  return spec;
}

// The tables are read from the weights' own shapes, so that a wrong features.json cannot ask for absurd memory.
Result<void> check_tables(const NetworkSpec& spec, const TwoTowerConfig& config, const SafetensorsFile& weights) {
  for (const TableSpec& table : spec.tables)
    GEMEL_RETURN_IF_ERROR(weights.matrix("table." + table.name, table.num_rows, config.embedding_dim));
  return {};
}

}  // namespace

Result<void> TwoTower::save(const fs::path& directory) const {
  GEMEL_RETURN_IF_ERROR(write_file(directory / "knobs.toml", config_.to_toml()));
  const nlohmann::json features{{"item_features", candidate_encoder_.features().to_json()},
                                {"user_features", query_encoder_.features().to_json()},
                                {"network", spec_to_json(spec_)}};
  GEMEL_RETURN_IF_ERROR(write_file(directory / "features.json", features.dump(1)));
  SafetensorsWriter weights;
  for (const Parameter* parameter : network_.parameters()) weights.add(parameter->name, parameter->value.view());
  GEMEL_RETURN_IF_ERROR(weights.write(directory / "weights.safetensors"));
  SafetensorsWriter candidates;
  candidates.add("candidate_embeddings", candidate_embeddings_.view());
  GEMEL_RETURN_IF_ERROR(candidates.write(directory / "candidates.safetensors"));
  GEMEL_RETURN_IF_ERROR(query_encoder_.save(directory / "encoders.safetensors"));
  if (!candidate_encoder_.ids().rows().empty())
    GEMEL_RETURN_IF_ERROR(candidate_encoder_.save(directory / "candidate_features.safetensors"));
  return save_counters(counts_, {weights_, gates_, personal_weights_}, directory / "counters.safetensors");
}

Result<void> TwoTower::load(const fs::path& directory) {
  GEMEL_ASSIGN_OR_RETURN(const ConfigFile knobs, ConfigFile::open(directory / "knobs.toml"));
  GEMEL_ASSIGN_OR_RETURN(config_, TwoTowerConfig::read(knobs.root()));
  GEMEL_ASSIGN_OR_RETURN(const std::string features, read_file(directory / "features.json"));
  GEMEL_ASSIGN_OR_RETURN(spec_, spec_from_json(features));
  GEMEL_ASSIGN_OR_RETURN(const auto weights, SafetensorsFile::open(directory / "weights.safetensors"));
  GEMEL_RETURN_IF_ERROR(check_tables(spec_, config_, weights));
  network_ = Network(config_, spec_, /*seed=*/0);
  for (Parameter* parameter : network_.parameters()) {
    GEMEL_ASSIGN_OR_RETURN(const auto values, weights.matrix(parameter->name, parameter->value.rows(), parameter->value.cols()));
    std::copy_n(values.data, values.size(), parameter->value.data());
  }
  GEMEL_ASSIGN_OR_RETURN(const auto candidates, SafetensorsFile::open(directory / "candidates.safetensors"));
  GEMEL_ASSIGN_OR_RETURN(const auto embeddings,
                         candidates.matrix("candidate_embeddings", kAnySize, network_.candidate_tower().output_dim()));
  candidate_embeddings_ = Matrix(embeddings.rows, embeddings.cols);
  std::copy_n(embeddings.data, embeddings.size(), candidate_embeddings_.data());
  GEMEL_ASSIGN_OR_RETURN(const auto encoders, SafetensorsFile::open(directory / "encoders.safetensors"));
  GEMEL_ASSIGN_OR_RETURN(query_encoder_, QueryEncoder::load(config_, encoders));
  if (query_encoder_.tables().size() != spec_.query_tables.size() ||
      query_encoder_.token_tables().size() != spec_.token_tables.size() || query_encoder_.num_numbers() != spec_.num_query_numbers ||
      query_encoder_.personal_counts().num_values() != spec_.num_personal_values)
    return fail(ErrorCode::kCorrupt, (directory / "encoders.safetensors").string(), ": does not fit features.json");
  for (const auto& [named, read] : {std::pair(query_encoder_.tables(), spec_.query_tables),
                                    std::pair(query_encoder_.token_tables(), spec_.token_tables)}) {
    for (std::size_t bag = 0; bag < read.size(); ++bag) {
      if (named[bag].num_rows > spec_.tables[read[bag]].num_rows)
        return fail(ErrorCode::kCorrupt, (directory / "encoders.safetensors").string(), ": names rows beyond table ",
                    spec_.tables[read[bag]].name);
    }
  }
  GEMEL_RETURN_IF_ERROR(load_candidate_features(directory));
  return load_counters(directory / "counters.safetensors");
}

// A bundle without the file recommends all the same.
Result<void> TwoTower::load_candidate_features(const fs::path& directory) {
  const fs::path path = directory / "candidate_features.safetensors";
  candidate_encoder_ = {};
  std::error_code code;
  if (!fs::exists(path, code)) return {};
  GEMEL_ASSIGN_OR_RETURN(const std::string text, read_file(directory / "features.json"));
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("item_features")) return fail(ErrorCode::kCorrupt, "features.json: no item_features");
  GEMEL_ASSIGN_OR_RETURN(TableFeatures features, TableFeatures::from_json(json["item_features"]));
  GEMEL_ASSIGN_OR_RETURN(candidate_encoder_,
                         CandidateEncoder::load(config_, std::move(features), spec_, candidate_embeddings_.rows(), path));
  return {};
}

Result<void> TwoTower::load_counters(const fs::path& path) {
  GEMEL_ASSIGN_OR_RETURN(const auto file, SafetensorsFile::open(path));
  const std::size_t num_items = candidate_embeddings_.rows(), num_half_lives = config_.popularity_half_life_days.size();
  GEMEL_ASSIGN_OR_RETURN(const auto half_lives, file.values<double>("half_life_days", {num_half_lives}));
  GEMEL_ASSIGN_OR_RETURN(const auto counts, file.values<double>("counts", {num_half_lives * num_items}));
  GEMEL_ASSIGN_OR_RETURN(const auto position, file.values<std::int64_t>("position", {2}));
  GEMEL_ASSIGN_OR_RETURN(const auto weights, file.values<double>("popularity_weights", {num_half_lives}));
  GEMEL_ASSIGN_OR_RETURN(const auto gates, file.values<double>("tower_gates", {kNumGates}));
  GEMEL_ASSIGN_OR_RETURN(const auto personal, file.values<double>("personal_weights", {query_encoder_.personal_counts().num_values()}));
  personal_weights_ = to_vector(personal);
  weights_ = to_vector(weights);
  gates_ = to_vector(gates);
  counts_ = DecayedCounts::from_snapshot(
      {to_vector(half_lives), to_vector(counts), Day{std::chrono::days{position[0]}}, static_cast<std::size_t>(position[1])}, num_items);
  update_item_bias();
  index_ = ExactIndex(candidate_embeddings_);
  candidate_directions_ = candidate_embeddings_;
  std::vector<float> norms(num_items);
  ThreadPool alone(1);
  l2_normalize_forward(candidate_directions_, candidate_directions_, norms, alone);
  return {};
}

}  // namespace gemel
