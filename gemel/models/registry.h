// Every model by name. To add one: a folder models/<name>/ and a line in registry.cpp.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gemel/base/config.h"
#include "gemel/models/recommender.h"
#include "gemel/models/tuning_space.h"

namespace gemel {

struct ModelEntry {
  std::string_view name;
  std::string_view summary;  // one line for --help and the docs
  // Reads the model's table; unknown keys are an error. The table may be empty: defaults.
  Result<std::unique_ptr<Recommender>> (*make)(ConfigTable table);
  // Settings to try on validation, each the text of a [models.<name>] table; empty: nothing to choose.
  std::vector<std::string> (*search_space)();
  // One of the simple models that the others must beat before they are promoted.
  bool is_baseline = false;
  // Where `gemel tune` looks, far wider than search_space; null: the model has no knobs worth a search.
  TuningSpace (*tuning_space)() = nullptr;
};

std::span<const ModelEntry> registered_models();
const ModelEntry* find_model(std::string_view name);

// Every table under [models] belongs to a model and every knob in it can be read; the messages name file, line and key. Error: kBadConfig.
Result<void> check_models(const ConfigFile& config);

// Knobs that the [models.<name>] table of a configuration fixes, in one line of TOML; empty when it fixes none. Those of a blend's parts
// are among its own: from its table, or else from theirs.
std::string fixed_knobs(const ConfigFile& config, std::string_view model);

// The model with the knobs of this TOML text (`half_life_days = 3`).
Result<std::unique_ptr<Recommender>> make_model(std::string_view name, std::string_view toml_text);

}  // namespace gemel
