// Knobs of a model as texts, and the points of its search space that become them. Thread safety: pure functions.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gemel/base/config.h"
#include "gemel/models/tuning_space.h"

namespace gemel::tune {

// Dotted path ("history.length") -> value as TOML text.
using Knobs = std::map<std::string, std::string>;

// One coordinate in [0, 1) for each dimension, on the scale that the dimension is sampled on.
using UnitPoint = std::vector<double>;

// What is left of a space where the user has fixed knobs: those are not searched, nor are the choices under which the model would not read
// them.
TuningSpace without_fixed(const TuningSpace& space, const Knobs& fixed);

// `fixed` and, beside it, the knobs of the space that are read there. Numbers have three digits: what is tried is what is written down.
Knobs knobs_at(const TuningSpace& space, const UnitPoint& point, const Knobs& fixed = {});

// The [models.<model>] table of a configuration; tables inside become dotted paths.
Knobs fixed_knobs_of(const ConfigFile& config, std::string_view model);

// `a = 1, history.length = 30`, as make_model reads it; or one knob a line.
std::string in_one_line(const Knobs& knobs);
std::string in_lines(const Knobs& knobs);

// What in_one_line wrote, values as they were written. Error: kBadConfig.
Result<Knobs> parse_knobs(std::string_view line);

}  // namespace gemel::tune
