// Everything that a report says, as one JSON object: what `gemel evaluate --json` writes, and more. The page shows nothing else.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "gemel/eval/promotion.h"
#include "gemel/report/fit_story.h"
#include "gemel/report/product_map.h"

namespace gemel::report {

struct ReportSource {
  const Dataset& dataset;
  const Histories& histories;
  const Split& split;
  const QueryPlan& plan;
  const Comparison& comparison;
  const Promotion& promotion;
  std::span<const FitStory> stories;         // of each model of the comparison
  std::span<const std::uint32_t> examples;   // the queries whose answers the evaluations kept
  const ProductMap& map;
  std::string title, command;
};

// In one line; texts that are no UTF-8 are mended.
std::string report_json(const ReportSource& source);

}  // namespace gemel::report
