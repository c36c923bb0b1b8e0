// Drift of each field between training and test: what is in the events of the one and of the other.
#include <algorithm>
#include <cmath>

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

struct Moved {
  double index = 0, noise = 0, missing_before = 0, missing_after = 0;
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
    values.push_back(concat(field.labels[order[i]], " ", percent(before[order[i]] / all_before), " -> ", percent(after[order[i]] / all_after)));
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

void judge(const std::string& name, const Moved& moved, double unseen, const std::string& key, Section& section) {
  const bool is_shift = moved.index >= kShift && moved.index >= kTimesNoise * moved.noise;
  if (std::abs(moved.missing_after - moved.missing_before) >= kMissingMoved)
    section.findings.push_back(
        {Severity::kWarning,
         concat(name, " is missing in ", percent(moved.missing_before), " of the training and ", percent(moved.missing_after), " of the test"),
         "the model learnt from one kind of row and is asked about another", "see when the field began or ceased to be filled", key});
  else if (is_shift)
    section.findings.push_back(
        {moved.index >= kStrong ? Severity::kWarning : Severity::kNote,
         concat(name, " drifts, population stability index ", short_number(moved.index), ": ", moved.values),
         "what was learnt is about another mixture than what is asked; figures of the test speak of the new one",
         "train up to a later day and again often; let old examples fade", "models.two_tower.example_half_life_days"});
  if (unseen >= kUnseen)
    section.findings.push_back(
        {Severity::kNote, concat(percent(unseen), " of the values of ", name, " in the test never stood in the training"),
         "they share one row of unseen values: the field says nothing about these products", "train often, or use a coarser field beside it",
         key});
}

struct Side {
  const std::vector<FieldValues>& fields;
  const EntityTable& table;
  std::span<const std::uint32_t> before, after;
  std::string_view of, key;
};

void compare_side(const Side& side, Table& table, Section& section) {
  for (const FeatureColumn& column : side.table.features) {
    const auto field = std::ranges::find(side.fields, column.name, &FieldValues::name);
    if (field == side.fields.end() && column.type != FeatureType::kNumber) continue;  // times move by themselves
    const bool is_text = field != side.fields.end();
    std::vector<std::uint32_t> both(side.before.begin(), side.before.end());
    for (std::size_t row = 0; row < both.size(); ++row) both[row] += side.after[row];
    const BinnedField binned = is_text ? bin_values(*field, both, kTopValues) : bin_numbers(column, side.before, kNumberBins);
    const Moved moved = compare(binned, side.before, side.after);
    const double unseen = is_text ? unseen_share(*field, side.before, side.after) : 0;
    table.rows.push_back({side.of, column.name, Cell::number(moved.index), Cell::share(moved.missing_before), Cell::share(moved.missing_after),
                          Cell::share(unseen), moved.values});
    judge(column.name, moved, unseen, std::string(side.key), section);
  }
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
  Table table{"fields", {"of", "feature", "stability_index", "missing_train", "missing_test", "unseen", "moved"}};
  table.shown_rows = 40;
  compare_side({facts.item_fields, dataset.item_table(), facts.train_events, facts.test_events, "events", "items.features"}, table, section);
  const auto before = customers_in(dataset, 0, facts.split->validation_begin);
  const auto after = customers_in(dataset, facts.split->test_begin, facts.split->end);
  compare_side({facts.user_fields, dataset.user_table(), before, after, "customers", "users.features"}, table, section);
  if (table.rows.empty()) section.lines.push_back("No feature is declared that could drift.");
  else section.tables.push_back(std::move(table));
}

}  // namespace gemel::health
