#include "gemel/data/health/distributions.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "gemel/base/concat.h"
#include "gemel/data/health/wording.h"

namespace gemel::health {
namespace {

std::string bin_label(const std::vector<double>& borders, std::size_t bin) {
  if (borders.empty()) return "any";
  if (bin == 0) return concat("below ", short_number(borders.front()));
  if (bin == borders.size()) return concat(short_number(borders.back()), " and more");
  return concat(short_number(borders[bin - 1]), " to ", short_number(borders[bin]));
}

}  // namespace

BinnedField bin_values(const FieldValues& field, std::span<const std::uint32_t> weights, std::size_t num_top) {
  std::vector<std::uint64_t> counts(field.num_values(), 0);
  for (std::size_t row = 0; row < weights.size(); ++row)
    for (const std::uint32_t value : field.of(row)) counts[value] += weights[row];
  std::vector<std::uint32_t> order(counts.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::stable_sort(order, std::greater(), [&](std::uint32_t value) { return counts[value]; });
  const std::size_t top = std::min(num_top, order.size());
  BinnedField binned{.name = field.name(), .labels = {"missing"}};
  std::vector<std::uint32_t> bin_of(counts.size(), static_cast<std::uint32_t>(top + 1));
  for (std::size_t i = 0; i < top; ++i) {
    bin_of[order[i]] = static_cast<std::uint32_t>(i + 1);
    binned.labels.emplace_back(field.text(order[i]));
  }
  binned.labels.push_back("other values");
  for (std::size_t row = 0; row < weights.size(); ++row) {
    for (const std::uint32_t value : field.of(row)) binned.bins.push_back(bin_of[value]);
    if (field.of(row).empty()) binned.bins.push_back(0);
    binned.offsets.push_back(static_cast<std::uint32_t>(binned.bins.size()));
  }
  return binned;
}

BinnedField bin_numbers(const FeatureColumn& column, std::span<const std::uint32_t> weights, std::size_t num_bins) {
  std::vector<std::pair<double, std::uint32_t>> known;
  std::uint64_t all = 0;
  for (std::size_t row = 0; row < weights.size(); ++row) {
    if (std::isnan(column.numbers[row]) || weights[row] == 0) continue;
    known.push_back({column.numbers[row], weights[row]});
    all += weights[row];
  }
  std::ranges::sort(known);
  std::vector<double> borders;  // a bin ends before its border
  std::uint64_t sum = 0;
  for (const auto& [value, weight] : known) {
    const bool is_new_bin = sum * num_bins >= (borders.size() + 1) * all && (borders.empty() || value > borders.back());
    if (is_new_bin && value > known.front().first) borders.push_back(value);
    sum += weight;
  }
  BinnedField binned{.name = column.name, .labels = {"missing"}};
  for (std::size_t bin = 0; bin <= borders.size(); ++bin) {
    binned.labels.push_back(bin_label(borders, bin));
  }
  for (std::size_t row = 0; row < weights.size(); ++row) {
    const double value = column.numbers[row];
    const auto bin = std::ranges::upper_bound(borders, value) - borders.begin() + 1;
    binned.bins.push_back(std::isnan(value) ? 0u : static_cast<std::uint32_t>(bin));
    binned.offsets.push_back(static_cast<std::uint32_t>(binned.bins.size()));
  }
  return binned;
}

std::vector<double> histogram(const BinnedField& field, std::span<const std::uint32_t> weights) {
  std::vector<double> counts(field.labels.size(), 0);
  for (std::size_t row = 0; row < weights.size(); ++row) {
    if (weights[row] == 0) continue;
    const auto bins = field.of(row);
    for (const std::uint32_t bin : bins) counts[bin] += static_cast<double>(weights[row]) / static_cast<double>(bins.size());
  }
  return counts;
}

double total(const std::vector<double>& histogram) { return std::accumulate(histogram.begin(), histogram.end(), 0.0); }

double stability_index(const std::vector<double>& before, const std::vector<double>& after, std::vector<double>* parts) {
  const double half_counts = 0.5 * static_cast<double>(before.size());
  const double all_before = total(before) + half_counts, all_after = total(after) + half_counts;
  if (parts) parts->clear();
  double index = 0;
  for (std::size_t bin = 0; bin < before.size(); ++bin) {
    const double p = (before[bin] + 0.5) / all_before, q = (after[bin] + 0.5) / all_after;
    const double part = (q - p) * std::log(q / p);
    index += part;
    if (parts) parts->push_back(part);
  }
  return index;
}

double jensen_shannon(const std::vector<double>& a, const std::vector<double>& b) {
  const double all_a = total(a), all_b = total(b);
  if (all_a == 0 || all_b == 0) return 0;
  double divergence = 0;
  for (std::size_t bin = 0; bin < a.size(); ++bin) {
    const double p = a[bin] / all_a, q = b[bin] / all_b, middle = (p + q) / 2;
    if (p > 0) divergence += p / 2 * std::log2(p / middle);
    if (q > 0) divergence += q / 2 * std::log2(q / middle);
  }
  return divergence;
}

}  // namespace gemel::health
