// What searches found, as one JSON object for the page and for programs, and as the TOML that `gemel train --config` takes.
#pragma once

#include <span>
#include <string>

#include "gemel/tune/tuner.h"

namespace gemel::tune {

// A [models.<name>] table with the best knobs, and a comment on what they reached.
std::string best_toml(const Tuning& tuning, std::string_view command);

struct TuningSource {
  std::span<const Tuning> tunings;
  const TuneOptions& options;
  const Dataset& dataset;
  std::string title, command;
};
std::string tuning_json(const TuningSource& source);

}  // namespace gemel::tune
