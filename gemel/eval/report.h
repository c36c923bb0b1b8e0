// A comparison for people (a table of text) and for programs (JSON), and the list of results that the documentation is made from.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "gemel/eval/promotion.h"

namespace gemel {

// Several lines, fixed width; ends with the verdict and what is promoted.
std::string text_report(const Comparison& comparison, const Promotion& promotion);

// One JSON object: protocol, repeats, counts, and for each model its knobs, metrics with intervals, parts, weeks, lists, differences.
std::string json_report(const Comparison& comparison, const Promotion& promotion);

// What every row of results.json says besides its figure.
struct ResultsContext {
  std::string data;     // sephora, amazon_beauty, ...
  std::uint64_t seed = 0;
  std::string command;  // what was typed
};

// Merges one object {data, protocol, repeats, model, metric, value, low, high, seed, command} for each figure into the list in the file
// `path`: rows with the same data, protocol, repeats, model and metric are replaced, the others stay. The file is replaced whole or not
// at all. Errors: kIo, kBadInput (the file is not such a list).
Result<void> merge_results(const std::filesystem::path& path, const Comparison& comparison, const ResultsContext& context);

// What merge_results would refuse about the file, for callers with long work before it.
Result<void> check_results(const std::filesystem::path& path);

}  // namespace gemel
