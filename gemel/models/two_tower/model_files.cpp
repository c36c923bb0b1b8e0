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

namespace gemel {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kIndexFile = "index.safetensors";

std::string group_tensor(std::size_t group) { return concat("trend_groups.", group); }

Result<void> save_counters(const Counters& counters, const Calibration& in_use, const fs::path& path) {
  const DecayedCounts::Snapshot snapshot = counters.counts().snapshot();
  const std::vector<std::int64_t> position{snapshot.day.time_since_epoch().count(), static_cast<std::int64_t>(snapshot.num_events)};
  SafetensorsWriter writer;
  writer.add<double>("half_life_days", snapshot.half_life_days);
  writer.add<double>("counts", snapshot.counts);
  writer.add<std::int64_t>("position", position);
  writer.add<std::int32_t>("first_days", snapshot.first_days);
  for (std::size_t group = 0; group < counters.trend().groups().size(); ++group)
    writer.add<std::uint32_t>(group_tensor(group), counters.trend().groups()[group].group_of_item);
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
          {"num_personal_values", spec.num_personal_values},
          {"num_trend_inputs", spec.num_trend_inputs}};
}

Result<NetworkSpec> spec_from_json(const nlohmann::json& json) {
  NetworkSpec spec;
  try {  // nlohmann reports a wrong shape by exception; it ends here
    for (const auto& table : json.at("tables")) spec.tables.push_back({table.at("name"), table.at("num_rows")});
    json.at("query_tables").get_to(spec.query_tables);
    json.at("candidate_tables").get_to(spec.candidate_tables);
    if (json.contains("token_tables")) json.at("token_tables").get_to(spec.token_tables);  // older bundles have no attention
    spec.num_trend_inputs = json.value("num_trend_inputs", std::size_t{0});                // and no trend head
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

struct FeaturesFile {
  NetworkSpec network;
  TableFeatures items, users;
};

Result<FeaturesFile> read_features(const fs::path& path) {
  GEMEL_ASSIGN_OR_RETURN(const std::string text, read_file(path));
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return fail(ErrorCode::kCorrupt, path.string(), ": not a JSON object");
  for (const char* key : {"network", "item_features", "user_features"})
    if (!json.contains(key)) return fail(ErrorCode::kCorrupt, path.string(), ": no ", key);
  FeaturesFile file;
  GEMEL_ASSIGN_OR_RETURN(file.network, spec_from_json(json["network"]));
  GEMEL_ASSIGN_OR_RETURN(file.items, TableFeatures::from_json(json["item_features"]));
  GEMEL_ASSIGN_OR_RETURN(file.users, TableFeatures::from_json(json["user_features"]));
  return file;
}

// The trend's groups of products, of a bundle whose config has a trend head.
Result<TrendFeatures> load_trend(const TwoTowerConfig& config, const SafetensorsFile& file, std::size_t num_items) {
  if (config.trend.units == 0) return TrendFeatures();
  std::vector<TrendGroup> groups;
  for (std::size_t g = 0; g < config.trend.groups.size(); ++g) {
    GEMEL_ASSIGN_OR_RETURN(const auto group_of_item, file.values<std::uint32_t>(group_tensor(g), {num_items}));
    TrendGroup& group = groups.emplace_back(TrendGroup{config.trend.groups[g], to_vector(group_of_item), 0});
    for (const std::uint32_t number : group_of_item) {
      if (number >= num_items) return fail(ErrorCode::kCorrupt, "counters.safetensors: more trend groups than products");
      group.num_groups = std::max(group.num_groups, number + 1);
    }
  }
  return TrendFeatures(config.popularity_half_life_days, num_items, std::move(groups));
}

}  // namespace

Result<void> TwoTower::save(const fs::path& directory) const {
  GEMEL_RETURN_IF_ERROR(write_file(directory / "knobs.toml", config_.to_toml()));
  const nlohmann::json features{{"item_features", candidate_encoder_.features().to_json()},
                                {"user_features", query_encoder_.features().to_json()},
                                {"network", spec_to_json(spec_)}};
  GEMEL_RETURN_IF_ERROR(write_file(directory / "features.json", features.dump(1)));
  SafetensorsWriter weights;
  for (const auto& [name, value] : network_.values()) weights.add(name, value);
  GEMEL_RETURN_IF_ERROR(weights.write(directory / "weights.safetensors"));
  SafetensorsWriter candidates;
  candidates.add("candidate_embeddings", candidate_embeddings_.view());
  GEMEL_RETURN_IF_ERROR(candidates.write(directory / "candidates.safetensors"));
  GEMEL_RETURN_IF_ERROR(query_encoder_.save(directory / "encoders.safetensors"));
  if (!candidate_encoder_.ids().rows().empty())
    GEMEL_RETURN_IF_ERROR(candidate_encoder_.save(directory / "candidate_features.safetensors"));
  if (!index_.is_exact()) GEMEL_RETURN_IF_ERROR(index_.save(directory / kIndexFile));
  return save_counters(counters_, {weights_, gates_, personal_weights_}, directory / "counters.safetensors");
}

Result<void> TwoTower::load(const fs::path& directory) {
  GEMEL_ASSIGN_OR_RETURN(const ConfigFile knobs, ConfigFile::open(directory / "knobs.toml"));
  GEMEL_ASSIGN_OR_RETURN(config_, TwoTowerConfig::read(knobs.root()));
  GEMEL_ASSIGN_OR_RETURN(FeaturesFile features, read_features(directory / "features.json"));
  spec_ = std::move(features.network);
  GEMEL_ASSIGN_OR_RETURN(SafetensorsFile weights, SafetensorsFile::open(directory / "weights.safetensors"));
  GEMEL_ASSIGN_OR_RETURN(network_, Network::load(config_, spec_, std::make_shared<const SafetensorsFile>(std::move(weights))));
  GEMEL_ASSIGN_OR_RETURN(const auto candidates, SafetensorsFile::open(directory / "candidates.safetensors"));
  GEMEL_ASSIGN_OR_RETURN(const auto embeddings,
                         candidates.matrix("candidate_embeddings", kAnySize, network_.candidate_tower().output_dim()));
  candidate_embeddings_ = Matrix(embeddings);
  GEMEL_RETURN_IF_ERROR(load_index(directory / kIndexFile));
  GEMEL_ASSIGN_OR_RETURN(const auto encoders, SafetensorsFile::open(directory / "encoders.safetensors"));
  GEMEL_ASSIGN_OR_RETURN(query_encoder_, QueryEncoder::load(config_, std::move(features.users), encoders));
  if (query_encoder_.tables().size() != spec_.query_tables.size() || query_encoder_.token_tables().size() != spec_.token_tables.size() ||
      query_encoder_.num_numbers() != spec_.num_query_numbers || query_encoder_.personal_counts().num_values() != spec_.num_personal_values)
    return fail(ErrorCode::kCorrupt, (directory / "encoders.safetensors").string(), ": does not fit features.json");
  for (const auto& [named, read] :
       {std::pair(query_encoder_.tables(), spec_.query_tables), std::pair(query_encoder_.token_tables(), spec_.token_tables)}) {
    for (std::size_t bag = 0; bag < read.size(); ++bag) {
      if (named[bag].num_rows > spec_.tables[read[bag]].num_rows)
        return fail(ErrorCode::kCorrupt, (directory / "encoders.safetensors").string(), ": names rows beyond table ",
                    spec_.tables[read[bag]].name);
    }
  }
  GEMEL_RETURN_IF_ERROR(load_candidate_features(directory, std::move(features.items)));
  return load_counters(directory / "counters.safetensors");
}

// Where there is no file, the search is exact.
Result<void> TwoTower::load_index(const fs::path& path) {
  ThreadPool alone(1);
  keep_directions(alone);
  std::error_code code;
  if (!fs::exists(path, code)) {
    index_ = CandidateIndex(candidate_embeddings_);
    return {};
  }
  GEMEL_ASSIGN_OR_RETURN(index_, CandidateIndex::load(path, candidate_embeddings_.rows(), candidate_embeddings_.cols()));
  return {};
}

// A bundle without the file recommends all the same.
Result<void> TwoTower::load_candidate_features(const fs::path& directory, TableFeatures features) {
  const fs::path path = directory / "candidate_features.safetensors";
  candidate_encoder_ = {};
  std::error_code code;
  if (!fs::exists(path, code)) return {};
  GEMEL_ASSIGN_OR_RETURN(candidate_encoder_,
                         CandidateEncoder::load(config_, std::move(features), spec_, candidate_embeddings_.rows(), path));
  return {};
}

Result<void> TwoTower::load_counters(const fs::path& path) {
  GEMEL_ASSIGN_OR_RETURN(const auto file, SafetensorsFile::open(path));
  const std::size_t num_items = candidate_embeddings_.rows(), num_half_lives = config_.popularity_half_life_days.size();
  if (query_encoder_.item_ids().rows().size() != num_items) return fail(ErrorCode::kCorrupt, path.string(), ": products without id rows");
  GEMEL_ASSIGN_OR_RETURN(const auto half_lives, file.values<double>("half_life_days", {num_half_lives}));
  GEMEL_ASSIGN_OR_RETURN(const auto counts, file.values<double>("counts", {num_half_lives * num_items}));
  GEMEL_ASSIGN_OR_RETURN(const auto position, file.values<std::int64_t>("position", {2}));
  GEMEL_ASSIGN_OR_RETURN(const auto weights, file.values<double>("popularity_weights", {config_.num_counters()}));
  GEMEL_ASSIGN_OR_RETURN(const auto gates, file.values<double>("tower_gates", {kNumGates}));
  GEMEL_ASSIGN_OR_RETURN(const auto personal, file.values<double>("personal_weights", {query_encoder_.personal_counts().num_values()}));
  personal_weights_ = to_vector(personal);
  weights_ = to_vector(weights);
  gates_ = to_vector(gates);
  DecayedCounts::Snapshot snapshot{to_vector(half_lives), to_vector(counts), Day{std::chrono::days{position[0]}},
                                   static_cast<std::size_t>(position[1])};
  if (file.tensors().contains("first_days")) {
    GEMEL_ASSIGN_OR_RETURN(const auto first_days, file.values<std::int32_t>("first_days", {num_items}));
    snapshot.first_days = to_vector(first_days);
  }
  GEMEL_ASSIGN_OR_RETURN(TrendFeatures trend, load_trend(config_, file, num_items));
  if (trend.num_inputs() != spec_.num_trend_inputs) return fail(ErrorCode::kCorrupt, path.string(), ": does not fit features.json");
  counters_ = Counters(DecayedCounts::from_snapshot(std::move(snapshot), num_items), std::move(trend), query_encoder_.item_ids());
  set_bias();
  return {};
}

}  // namespace gemel
