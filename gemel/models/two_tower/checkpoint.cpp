#include "gemel/models/two_tower/checkpoint.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "gemel/base/file.h"
#include "gemel/numerics/safetensors.h"

namespace gemel {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::string_view kProgressFile = "training.json";
constexpr std::string_view kNetworkFile = "network.safetensors";
constexpr std::string_view kBestFile = "best.safetensors";
constexpr std::string_view kLastGoodFile = "last_good.safetensors";
constexpr std::string_view kAverageFile = "average.safetensors";
constexpr std::string_view kFrequencyFile = "frequency.safetensors";

// Between epochs the network itself is the last good one, and after the best epoch the best one is.
bool has_own_last_good(const TrainingRun& run) {
  return run.position.next_block > 0 && run.position.epoch > 1 && run.best.epoch + 1 != run.position.epoch;
}

// What the ascent of the next epoch begins at, and what is served: not the figure it reached.
Json to_json(const Calibration& calibration) {
  return {{"popularity_weights", calibration.popularity_weights},
          {"tower_gates", calibration.tower_gates},
          {"personal_weights", calibration.personal_weights}};
}

// Throws what nlohmann throws; progress_from_json catches it.
Calibration calibration_from(const Json& json) {
  return {.popularity_weights = json.at("popularity_weights"),
          .tower_gates = json.at("tower_gates"),
          .personal_weights = json.at("personal_weights")};
}

Json progress_to_json(const TrainingRun& run) {
  const EpochPosition& at = run.position;
  // Numbers are written in their shortest exact form.
  return {{"epoch", at.epoch},
          {"step", at.step},
          {"next_block", at.next_block},
          {"examples_done", at.num_done},
          {"examples_correct", at.num_correct},
          {"loss_sum", at.loss},
          {"weight_sum", at.weight},
          {"calibration", to_json(run.calibration)},
          {"best", {{"epoch", run.best.epoch}, {"validation_ndcg_at_20", run.best.score}, {"calibration", to_json(run.best.calibration)}}},
          {"curves", run.curves}};
}

Result<void> progress_from_json(std::string_view text, TrainingRun& run) {
  try {  // nlohmann reports a wrong shape by exception; it ends here
    const auto json = Json::parse(text);
    run.position = {.epoch = json.at("epoch"),
                    .step = json.at("step"),
                    .next_block = json.at("next_block"),
                    .num_done = json.at("examples_done"),
                    .num_correct = json.at("examples_correct"),
                    .loss = json.at("loss_sum"),
                    .weight = json.at("weight_sum")};
    run.calibration = calibration_from(json.at("calibration"));
    const Json& best = json.at("best");
    run.best.epoch = best.at("epoch");
    run.best.score = best.at("validation_ndcg_at_20");
    run.best.calibration = calibration_from(best.at("calibration"));
    json.at("curves").get_to(run.curves);
  } catch (const nlohmann::json::exception& error) {
    return fail(ErrorCode::kCorrupt, kProgressFile, ": ", error.what());
  }
  return {};
}

Result<void> save_values(const fs::path& path, const Network& network) {
  SafetensorsWriter writer;
  for (const Parameter* parameter : network.parameters()) writer.add(parameter->name, parameter->value.view());
  return writer.write(path);
}

// Values, and beside them <name>.first_moment and <name>.second_moment where the optimiser has made them.
Result<void> save_with_moments(const fs::path& path, const Network& network) {
  SafetensorsWriter writer;
  std::vector<std::int64_t> num_updates;
  for (const Parameter* parameter : network.parameters()) {
    writer.add(parameter->name, parameter->value.view());
    if (parameter->first_moment.size() > 0) writer.add(parameter->name + ".first_moment", parameter->first_moment.view());
    if (parameter->second_moment.size() > 0) writer.add(parameter->name + ".second_moment", parameter->second_moment.view());
    num_updates.push_back(static_cast<std::int64_t>(parameter->num_updates));
  }
  writer.add<std::int64_t>("num_updates", num_updates);
  return writer.write(path);
}

Result<void> load_matrix(const SafetensorsFile& file, std::string_view name, const Matrix& like, Matrix& into) {
  GEMEL_ASSIGN_OR_RETURN(const auto values, file.matrix(name, like.rows(), like.cols()));
  into = Matrix(values);
  return {};
}

Result<void> load_values(const fs::path& path, Network& network) {
  GEMEL_ASSIGN_OR_RETURN(const auto file, SafetensorsFile::open(path));
  for (Parameter* parameter : network.parameters())
    GEMEL_RETURN_IF_ERROR(load_matrix(file, parameter->name, parameter->value, parameter->value));
  return {};
}

Result<void> load_with_moments(const fs::path& path, Network& network) {
  GEMEL_RETURN_IF_ERROR(load_values(path, network));
  GEMEL_ASSIGN_OR_RETURN(const auto file, SafetensorsFile::open(path));
  const std::vector<Parameter*> parameters = network.parameters();
  GEMEL_ASSIGN_OR_RETURN(const auto num_updates, file.values<std::int64_t>("num_updates", {parameters.size()}));
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    Parameter& parameter = *parameters[i];
    parameter.num_updates = static_cast<std::uint64_t>(num_updates[i]);
    const std::pair<std::string, Matrix*> moments[] = {{parameter.name + ".first_moment", &parameter.first_moment},
                                                       {parameter.name + ".second_moment", &parameter.second_moment}};
    for (const auto& [name, moment] : moments)
      if (file.tensors().contains(name)) GEMEL_RETURN_IF_ERROR(load_matrix(file, name, parameter.value, *moment));
  }
  return {};
}

Result<void> save_average(const fs::path& path, const WeightAverage& average, const Network& network) {
  SafetensorsWriter writer;
  const auto parameters = network.parameters();
  for (std::size_t p = 0; p < parameters.size(); ++p) writer.add(parameters[p]->name, average.values()[p].view());
  return writer.write(path);
}

Result<void> load_average(const fs::path& path, const Network& network, WeightAverage& average) {
  GEMEL_ASSIGN_OR_RETURN(const auto file, SafetensorsFile::open(path));
  std::vector<Matrix> values;
  for (const Parameter* parameter : network.parameters())
    GEMEL_RETURN_IF_ERROR(load_matrix(file, parameter->name, parameter->value, values.emplace_back()));
  average.restore(std::move(values));
  return {};
}

Result<void> save_frequency(const fs::path& path, const StreamingFrequency& frequency) {
  const StreamingFrequency::State& state = frequency.state();
  SafetensorsWriter writer;
  writer.add<std::int64_t>("last_step", state.last_step);
  writer.add<double>("mean_gap", state.mean_gap);
  writer.add<std::uint32_t>("num_sightings", state.num_sightings);
  return writer.write(path);
}

Result<void> load_frequency(const fs::path& path, StreamingFrequency& frequency) {
  GEMEL_ASSIGN_OR_RETURN(const auto file, SafetensorsFile::open(path));
  const std::size_t size = frequency.state().last_step.size();
  GEMEL_ASSIGN_OR_RETURN(const auto last_step, file.values<std::int64_t>("last_step", {size}));
  GEMEL_ASSIGN_OR_RETURN(const auto mean_gap, file.values<double>("mean_gap", {size}));
  GEMEL_ASSIGN_OR_RETURN(const auto num_sightings, file.values<std::uint32_t>("num_sightings", {size}));
  frequency.restore(
      {{last_step.begin(), last_step.end()}, {mean_gap.begin(), mean_gap.end()}, {num_sightings.begin(), num_sightings.end()}});
  return {};
}

}  // namespace

Result<void> save_training(const fs::path& folder, const TrainingRun& run, const Network& network, const StreamingFrequency* frequency) {
  GEMEL_RETURN_IF_ERROR(write_file(folder / kProgressFile, progress_to_json(run).dump(1) + "\n"));
  GEMEL_RETURN_IF_ERROR(save_with_moments(folder / kNetworkFile, network));
  if (run.best.epoch > 0) GEMEL_RETURN_IF_ERROR(save_values(folder / kBestFile, run.best.network));
  if (has_own_last_good(run)) GEMEL_RETURN_IF_ERROR(save_values(folder / kLastGoodFile, run.last_good));
  if (run.average.is_on()) GEMEL_RETURN_IF_ERROR(save_average(folder / kAverageFile, run.average, network));
  if (frequency != nullptr) GEMEL_RETURN_IF_ERROR(save_frequency(folder / kFrequencyFile, *frequency));
  return {};
}

Result<void> load_training(const fs::path& folder, TrainingRun& run, Network& network, StreamingFrequency* frequency) {
  GEMEL_ASSIGN_OR_RETURN(const std::string progress, read_file(folder / kProgressFile));
  GEMEL_RETURN_IF_ERROR(progress_from_json(progress, run));
  run.best.network = run.last_good = network;
  GEMEL_RETURN_IF_ERROR(load_with_moments(folder / kNetworkFile, network));
  if (run.best.epoch > 0) GEMEL_RETURN_IF_ERROR(load_values(folder / kBestFile, run.best.network));
  if (has_own_last_good(run)) {
    GEMEL_RETURN_IF_ERROR(load_values(folder / kLastGoodFile, run.last_good));
  } else if (run.position.next_block > 0) {
    run.last_good = run.best.network;
  }
  std::error_code code;
  if (fs::exists(folder / kAverageFile, code)) GEMEL_RETURN_IF_ERROR(load_average(folder / kAverageFile, network, run.average));
  if (frequency != nullptr) GEMEL_RETURN_IF_ERROR(load_frequency(folder / kFrequencyFile, *frequency));
  return {};
}

}  // namespace gemel
