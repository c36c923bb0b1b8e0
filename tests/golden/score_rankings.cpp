// Reads one query a line, `ranked items ; target items` as whole numbers, and prints the names of all metrics, then a line of their
// values for each query: what ir_measures_test.py compares with another implementation.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <sstream>

#include "gemel/eval/metrics.h"

int main() {
  using namespace gemel;
  for (std::size_t metric = 0; metric < kNumMetrics; ++metric) fmt::print("{} ", metric_name(metric));
  fmt::print("\n");
  for (std::string line; std::getline(std::cin, line);) {
    const auto read = [](const std::string& text) {
      std::istringstream in(text);
      std::vector<ItemIndex> items;
      for (std::uint32_t item; in >> item;) items.push_back(ItemIndex{item});
      return items;
    };
    const std::size_t middle = line.find(';');
    const auto ranking = read(line.substr(0, middle));
    auto targets = read(line.substr(middle + 1));
    std::sort(targets.begin(), targets.end());
    std::vector<std::uint32_t> hit_ranks;
    find_hit_ranks(ranking, targets, hit_ranks);
    std::vector<double> values(kNumMetrics);
    score_ranking({hit_ranks, targets.size()}, values);
    for (const double value : values) fmt::print("{} ", value);  // shortest text that reads back to the same number
    fmt::print("\n");
  }
}
