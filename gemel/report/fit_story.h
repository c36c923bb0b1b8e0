// How a judged model came to be, as the report tells it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gemel/eval/select.h"

namespace gemel::report {

struct FitStory {
  std::string source = {};                 // empty: fitted by this run; otherwise the folder of the bundle or of the synthetic shop
  std::vector<Trial> trials = {};          // on validation; of a bundle without their seconds
  std::optional<double> fit_seconds = {};  // of the last fit
  std::optional<std::uint64_t> fit_peak_bytes = {};
  std::vector<std::string> warnings = {};
  std::string curves = {};                 // JSON lines of loss and accuracy, empty where the model has none
};

}  // namespace gemel::report
