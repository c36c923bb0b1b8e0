// Where files of a run lie that are not part of the bundle it makes.
#pragma once

#include <filesystem>
#include <string>

#include "gemel/base/concat.h"

namespace gemel::cli {

inline constexpr std::string_view kCurvesEnding = ".curves.jsonl";
inline constexpr std::string_view kCostEnding =
    ".cost.json";  // what the last fit took; not in the bundle, whose bytes are the same each time

// What lies beside the bundle: "out/bundle/" and ".curves.jsonl" give out/bundle.curves.jsonl.
inline std::string beside(const std::string& out, std::string_view ending) {
  std::filesystem::path place = std::filesystem::path(out).lexically_normal();
  if (!place.has_filename()) place = place.parent_path();
  return concat(place.string(), ending);
}

}  // namespace gemel::cli
