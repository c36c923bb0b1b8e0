#include "gemel/tune/knobs.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "gemel/base/toml_text.h"

namespace gemel::tune {
namespace {

double between(const TuningDimension& dimension, double share, bool is_log) {
  if (!is_log) return dimension.low + share * (dimension.high - dimension.low);
  return std::exp(std::log(dimension.low) + share * (std::log(dimension.high) - std::log(dimension.low)));
}

// Three significant digits, inside the bounds; a TOML float, so with a point or an exponent.
std::string number_text(const TuningDimension& dimension, double value) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.3g", value);
  return toml_number(std::clamp(std::strtod(digits, nullptr), dimension.low, dimension.high));
}

std::string integer_text(const TuningDimension& dimension, double share, bool is_log) {
  const double value =
      is_log ? std::round(between(dimension, share, true)) : dimension.low + std::floor(share * (dimension.high - dimension.low + 1));
  return concat(static_cast<long long>(std::clamp(value, dimension.low, dimension.high)));
}

bool is_read(const TuningDimension& dimension, const Knobs& knobs) {
  if (dimension.where_key.empty()) return true;
  const auto found = knobs.find(dimension.where_key);
  GEMEL_CHECK(found != knobs.end());
  return std::ranges::find(dimension.where_values, found->second) != dimension.where_values.end();
}

void flatten(ConfigTable table, const std::string& prefix, Knobs& knobs) {
  for (const std::string& key : table.keys()) {
    if (table.is_table(key)) flatten(table.table(key), prefix + toml_key(key) + ".", knobs);
    else knobs[prefix + toml_key(key)] = table.as_toml(key);
  }
}

// Where `separator` first stands outside texts, lists and tables; the end where it does not.
std::size_t find_outside(std::string_view line, std::string_view separator) {
  int depth = 0;
  bool is_text = false;
  for (std::size_t at = 0; at < line.size(); ++at) {
    const char c = line[at];
    if (depth == 0 && !is_text && line.substr(at).starts_with(separator)) return at;
    if (c == '\\' && is_text) ++at;
    if (c == '"') is_text = !is_text;
    if (!is_text) depth += (c == '[' || c == '{') - (c == ']' || c == '}');
  }
  return line.size();
}

}  // namespace

TuningSpace without_fixed(const TuningSpace& space, const Knobs& fixed) {
  TuningSpace left;
  for (const TuningDimension& dimension : space)
    if (!fixed.contains(dimension.key)) left.push_back(dimension);
  for (const TuningDimension& dimension : space) {
    if (!fixed.contains(dimension.key)) continue;
    const auto chooser = std::ranges::find(left, dimension.where_key, &TuningDimension::key);
    if (chooser == left.end()) continue;
    std::erase_if(chooser->choices, [&](const std::string& choice) {
      return std::ranges::find(dimension.where_values, choice) == dimension.where_values.end();
    });
  }
  return left;
}

Knobs knobs_at(const TuningSpace& space, const UnitPoint& point, const Knobs& fixed) {
  using Kind = TuningDimension::Kind;
  Knobs knobs = fixed;
  for (std::size_t d = 0; d < space.size(); ++d) {
    const TuningDimension& dimension = space[d];
    const double share = point[d];
    std::string& text = knobs[dimension.key];
    switch (dimension.kind) {
      case Kind::kUniform: text = number_text(dimension, between(dimension, share, false)); break;
      case Kind::kLogUniform: text = number_text(dimension, between(dimension, share, true)); break;
      case Kind::kInteger: text = integer_text(dimension, share, false); break;
      case Kind::kLogInteger: text = integer_text(dimension, share, true); break;
      case Kind::kChoice: {
        const auto choice = static_cast<std::size_t>(share * static_cast<double>(dimension.choices.size()));
        text = dimension.choices[std::min(choice, dimension.choices.size() - 1)];
      }
    }
  }
  for (const TuningDimension& dimension : space)
    if (!is_read(dimension, knobs)) knobs.erase(dimension.key);
  return knobs;
}

Knobs fixed_knobs_of(const ConfigFile& config, std::string_view model) {
  Knobs knobs;
  flatten(config.root().table("models").table(model), "", knobs);
  return knobs;
}

std::string in_one_line(const Knobs& knobs) {
  std::string text;
  for (const auto& [path, value] : knobs) text += concat(text.empty() ? "" : ", ", path, " = ", value);
  return text;
}

std::string in_lines(const Knobs& knobs) {
  std::string text;
  for (const auto& [path, value] : knobs) text += concat(path, " = ", value, "\n");
  return text;
}

Result<Knobs> parse_knobs(std::string_view line) {
  Knobs knobs;
  for (std::string_view rest = line; !rest.empty();) {
    const std::size_t end = find_outside(rest, ", ");
    const std::string_view knob = rest.substr(0, end);
    const std::size_t equals = find_outside(knob, " = ");
    if (equals == knob.size()) return fail(ErrorCode::kBadConfig, "expected a knob and its value, found '", knob, "'");
    knobs.emplace(knob.substr(0, equals), knob.substr(equals + 3));
    rest.remove_prefix(std::min(rest.size(), end + 2));
  }
  return knobs;
}

}  // namespace gemel::tune
