// Drift of each field between training and test: what is in the events of the one and of the other.
#include <algorithm>
#include <cmath>
#include <limits>

#include "gemel/data/health/checks.h"
#include "gemel/data/health/distributions.h"
#include "gemel/data/health/wording.h"

namespace gemel::health {
namespace {

constexpr std::size_t kTopValues = 20, kNumberBins = 10;
constexpr double kShift = 0.1, kStrong = 0.25;   // population stability index
constexpr double kTimesNoise = 5;                // and so many times what samples of this size show by chance
constexpr double kEnough = 200;                  // rows on either side
constexpr double kMissingMoved = 0.2;            // change of the share of missing values
constexpr double kUnseen = 0.1;                  // of the values in test were never seen in training

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

struct Moved {
  double index = kUnknown, noise = kUnknown, missing_before = kUnknown, missing_after = kUnknown;  // unknown: too few rows
  std::string values;  // "Tatcha 2.1 % -> 6.0 %, ..."
};

Moved compare(const BinnedField& field, std::span<const std::uint32_t> before_weights, std::span<const std::uint32_t> after_weights) {
  const std::vector<double> before = histogram(field, before_weights), after = histogram(field, after_weights);
  const double all_before = total(before), all_after = total(after);
  Moved moved;
  if (all_before < kEnough || all_after < kEnough) return moved;
  std::vector<double> parts;
  moved.index = stability_index(before, after, &parts);
  moved.noise = static_cast<double>(before.size() - 1) * (1 / all_before + 1 / all_after);
  moved.missing_before = before[0] / all_before;
  moved.missing_after = after[0] / all_after;
  std::vector<std::size_t> order(parts.size());
  for (std::size_t bin = 0; bin < order.size(); ++bin) order[bin] = bin;
  std::ranges::stable_sort(order, std::greater(), [&](std::size_t bin) { return parts[bin]; });
  std::vector<std::string> values;
  for (std::size_t i = 0; i < std::min<std::size_t>(3, order.size()); ++i) {
    if (parts[order[i]] < 0.005) break;
    values.push_back(
        concat(field.labels[order[i]], " ", percent(before[order[i]] / all_before), " -> ", percent(after[order[i]] / all_after)));
  }
  moved.values = listed(values);
  return moved;
}

// Share of the values in the later events that the earlier ones never held.
double unseen_share(const FieldValues& field, std::span<const std::uint32_t> before, std::span<const std::uint32_t> after) {
  std::vector<std::uint8_t> seen(field.num_values(), 0);
  for (std::size_t row = 0; row < before.size(); ++row)
    if (before[row] > 0)
      for (const std::uint32_t value : field.of(row)) seen[value] = 1;
  double unseen = 0, all = 0;
  for (std::size_t row = 0; row < after.size(); ++row) {
    if (after[row] == 0) continue;
    for (const std::uint32_t value : field.of(row)) unseen += seen[value] ? 0 : after[row] / static_cast<double>(field.of(row).size());
    all += field.of(row).empty() ? 0 : after[row];
  }
  return all == 0 ? 0 : unseen / all;
}

// Findings of one kind are told together: many fields drift at once.
struct Drifts {
  std::vector<std::string> strong, shifted, emptied, unseen;
};

void sort_in(const std::string& name, const Moved& moved, double unseen, Drifts& drifts) {
  const bool is_shift = moved.index >= kShift && moved.index >= kTimesNoise * moved.noise;
  const std::string text = concat(name, " ", short_number(moved.index), " (", moved.values, ")");
  if (std::abs(moved.missing_after - moved.missing_before) >= kMissingMoved)
    drifts.emptied.push_back(
        concat(name, " in ", percent(moved.missing_before), " of the training and ", percent(moved.missing_after), " of the test"));
  else if (is_shift) (moved.index >= kStrong ? drifts.strong : drifts.shifted).push_back(text);
  if (unseen >= kUnseen) drifts.unseen.push_back(concat(name, " ", percent(unseen)));
}

void tell(const Drifts& drifts, const std::string& of, const std::string& key, Section& section) {
  const auto add = [&](Severity severity, const std::vector<std::string>& fields, std::string what, std::string means, std::string todo,
                       std::string about) {
    if (fields.empty()) return;
    section.findings.push_back(
        {severity, concat(of, ": ", what, ": ", listed(fields, 6)), std::move(means), std::move(todo), std::move(about)});
  };
  const std::string half_life = "models.two_tower.example_half_life_days";
  add(Severity::kWarning, drifts.emptied, "missing values come or go", "the model learnt from one kind of row and is asked about another",
      "see when the field began or ceased to be filled", key);
  add(Severity::kWarning, drifts.strong, concat("strong drift, population stability index of ", kStrong, " or more"),
      "what was learnt is about another mixture than what is asked; figures of the test speak of the new one",
      "train up to a later day and again often; let old examples fade", half_life);
  add(Severity::kNote, drifts.shifted, concat("some drift, population stability index of ", kShift, " or more"),
      "the mixture changes; old examples count for less than their number", "let old examples fade", half_life);
  add(Severity::kNote, drifts.unseen, "values in the test that never stood in the training",
      "they share one row of unseen values: there the field says nothing", "train often, or use a coarser field beside it", key);
}

struct Side {
  const std::vector<FieldValues>& fields;
  const EntityTable& table;
  std::span<const std::uint32_t> before, after;
  std::string_view of, key;
};

void compare_side(const Side& side, Section& section) {
  Table table{concat(side.of), {"feature", "psi", "missing_before", "missing_after", "unseen", "moved"}};
  table.shown_rows = 20;
  Drifts drifts;
  for (const FeatureColumn& column : side.table.features) {
    const auto field = std::ranges::find(side.fields, column.name, &FieldValues::name);
    if (field == side.fields.end() && column.type != FeatureType::kNumber) continue;  // times move by themselves
    const bool is_text = field != side.fields.end();
    std::vector<std::uint32_t> both(side.before.begin(), side.before.end());
    for (std::size_t row = 0; row < both.size(); ++row) both[row] += side.after[row];
    const BinnedField binned = is_text ? bin_values(*field, both, kTopValues) : bin_numbers(column, side.before, kNumberBins);
    const Moved moved = compare(binned, side.before, side.after);
    const double unseen = is_text ? unseen_share(*field, side.before, side.after) : 0;
    table.rows.push_back({column.name, Cell::number(moved.index), Cell::share(moved.missing_before), Cell::share(moved.missing_after),
                          Cell::share(unseen), moved.values});
    sort_in(column.name, moved, unseen, drifts);
  }
  if (!table.rows.empty()) section.tables.push_back(std::move(table));
  tell(drifts, std::string(side.of), std::string(side.key), section);
}

// 1 for each customer with an event in [begin, end).
std::vector<std::uint32_t> customers_in(const Dataset& dataset, std::size_t begin, std::size_t end) {
  std::vector<std::uint32_t> active(dataset.num_users(), 0);
  for (std::size_t event = begin; event < end; ++event) active[to_size(dataset.users()[event])] = 1;
  return active;
}

}  // namespace

void check_drift(const ShopFacts& facts, Section& section) {
  const Dataset& dataset = facts.dataset;
  compare_side({facts.item_fields, dataset.item_table(), facts.train_events, facts.test_events, "events", "items.features"}, section);
  const auto before = customers_in(dataset, 0, facts.split->validation_begin);
  const auto after = customers_in(dataset, facts.split->test_begin, facts.split->end);
  compare_side({facts.user_fields, dataset.user_table(), before, after, "customers", "users.features"}, section);
  section.lines.push_back(section.tables.empty() ? "No feature is declared that could drift."
                                                 : "Products by their events, customers once each; psi: population stability index.");
}

}  // namespace gemel::health
