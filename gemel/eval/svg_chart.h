// Charts as SVG files: lines over epochs, and means with intervals. Text is text, colours differ in lightness too.
// Thread safety: pure functions.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "gemel/eval/bootstrap.h"

namespace gemel {

struct ChartText {
  std::string title, x, y;  // y: what is measured, above the axis
};

struct ChartLine {
  std::string name;
  std::vector<double> values;  // at x = 1, 2, ...; what is no number leaves a gap
};

struct ChartRow {
  std::string name;
  Interval value;
};

std::string line_chart(const ChartText& text, std::span<const ChartLine> lines);
std::string interval_chart(const ChartText& text, std::span<const ChartRow> rows);  // one row each, from the top

}  // namespace gemel
