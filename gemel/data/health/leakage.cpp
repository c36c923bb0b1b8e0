// Features that may know the future: totals over the whole period, what is only known of products that were sold, dates after the first
// sale.
#include <cmath>

#include "gemel/data/health/checks.h"
#include "gemel/data/health/wording.h"
#include "gemel/data/period_total.h"

namespace gemel::health {
namespace {

constexpr std::size_t kEnoughGroup = 30;
constexpr double kFilled = 0.5, kHardly = 0.1;      // fill rate of sold products, and that of unsold ones beside it
constexpr double kLateTimes = 0.01;                  // of the products were sold before their own date
constexpr std::size_t kFlagValues = 5;               // a category of at most so many values is a flag
constexpr double kMostlyNew = 0.6, kTimesUsual = 3;  // of the products with a flag first sold after the training

TotalEvidence weigh(const ShopFacts& facts, const FeatureColumn& column) {
  std::vector<double> values, all, train;
  for (std::size_t item = 0; item < facts.dataset.num_catalogue_items(); ++item) {
    if (std::isnan(column.numbers[item]) || facts.by_item.of(item).empty()) continue;
    values.push_back(column.numbers[item]);
    all.push_back(static_cast<double>(facts.by_item.of(item).size()));
    train.push_back(facts.train_events[item]);
  }
  return weigh_total(values, all, train);
}

void tell_total(const std::string& name, const TotalEvidence& evidence, Section& section) {
  const TotalVerdict verdict = judge_total(name, evidence);
  if (verdict == TotalVerdict::kNone) return;
  const bool is_total = verdict == TotalVerdict::kTotal;
  section.findings.push_back(
      {is_total ? Severity::kSerious : Severity::kWarning,
       concat(name, is_total ? " knows more than the training can know: " : " is named like a total or a rating and follows the events: ",
              evidence.text()),
       "a total at the end of the period tells a model in the test what it has to forecast: the figures will be too good, the shop gets "
       "worse",
       concat("leave ", name, " out of [items.features]; popularity as of each moment is counted from the events"), "items.features"});
}

void check_totals(const ShopFacts& facts, Section& section) {
  Table table{"numbers", {"feature", "products", "with_all_events", "with_training", "partial_with_later"}};
  table.shown_rows = 20;
  for (const FeatureColumn& column : facts.dataset.item_table().features) {
    if (column.type != FeatureType::kNumber) continue;
    const TotalEvidence evidence = weigh(facts, column);
    table.rows.push_back({column.name, Cell::count(evidence.num_products), Cell::number(evidence.with_all),
                          Cell::number(evidence.with_train), Cell::number(evidence.partial)});
    tell_total(column.name, evidence, section);
  }
  if (!table.rows.empty()) section.tables.push_back(std::move(table));
}

bool is_filled(const FeatureColumn& column, std::size_t row) {
  switch (column.type) {
    case FeatureType::kCategory:
    case FeatureType::kText:
    case FeatureType::kShown: return !column.texts[row].empty();
    case FeatureType::kTags: return column.lists[row] < column.lists[row + 1];
    case FeatureType::kNumber: return !std::isnan(column.numbers[row]);
    case FeatureType::kTime: return column.times[row] != kMissingTime;
  }
  return false;
}

void check_fill(const ShopFacts& facts, Section& section) {
  for (const FeatureColumn& column : facts.dataset.item_table().features) {
    if (column.type == FeatureType::kShown) continue;
    std::size_t sold = 0, sold_filled = 0, unsold = 0, unsold_filled = 0;
    for (std::size_t item = 0; item < facts.dataset.num_catalogue_items(); ++item) {
      const bool is_sold = !facts.by_item.of(item).empty();
      (is_sold ? sold : unsold) += 1;
      (is_sold ? sold_filled : unsold_filled) += is_filled(column, item);
    }
    if (sold < kEnoughGroup || unsold < kEnoughGroup) continue;
    const double of_sold = ratio(sold_filled, sold), of_unsold = ratio(unsold_filled, unsold);
    if (of_sold < kFilled || of_unsold > kHardly * of_sold) continue;
    section.findings.push_back({Severity::kSerious,
                                concat(column.name, " is filled for ", percent(of_sold), " of the ", grouped(sold),
                                       " products with events and for ", percent(of_unsold), " of the ", grouped(unsold), " without"),
                                "that it is filled tells that the product was sold at some time, later ones included",
                                concat("leave ", column.name, " out, or export what was known before the first sale"), "items.features"});
  }
}

void check_times(const ShopFacts& facts, Section& section) {
  if (!facts.has_days) return;
  for (const FeatureColumn& column : facts.dataset.item_table().features) {
    if (column.type != FeatureType::kTime) continue;
    std::size_t known = 0, late = 0, early_events = 0;
    std::string example;
    for (std::size_t item = 0; item < facts.dataset.num_items(); ++item) {
      const auto events = facts.by_item.of(item);
      if (column.times[item] == kMissingTime || events.empty()) continue;
      ++known;
      if (facts.day(events.front()) >= day_of(column.times[item])) continue;
      ++late;
      if (example.empty()) example = facts.product(item);
      for (const std::uint32_t event : events) early_events += facts.day(event) < day_of(column.times[item]);
    }
    if (ratio(late, known) < kLateTimes) continue;
    section.findings.push_back(
        {Severity::kWarning,
         concat(column.name, " lies after the first event of ", percent(ratio(late, known)), " of the products that have both, ",
                grouped(late), " (such as ", example, "); ", counted(early_events, "event"), " came before it"),
         "a date that changes later (restock, last edit) tells of the future; as a launch date it would be wrong",
         concat("export the first date, or leave ", column.name, " out"), "items.features"});
  }
}

// Flags set at the time of the export, such as `new`: they tell which products are first sold after the training.
void check_flags(const ShopFacts& facts, Section& section) {
  for (const FieldValues& field : facts.item_fields) {
    if (field.type() != FeatureType::kCategory || field.num_values() > kFlagValues) continue;
    std::vector<std::uint64_t> sold(field.num_values(), 0), later(field.num_values(), 0);
    std::uint64_t all_sold = 0, all_later = 0;
    for (std::size_t item = 0; item < facts.dataset.num_catalogue_items(); ++item) {
      if (facts.by_item.of(item).empty()) continue;
      const bool is_later = facts.train_events[item] == 0;
      ++all_sold;
      all_later += is_later;
      for (const std::uint32_t value : field.of(item)) {
        ++sold[value];
        later[value] += is_later;
      }
    }
    for (std::uint32_t value = 0; value < sold.size(); ++value) {
      const double with = ratio(later[value], sold[value]), without = ratio(all_later - later[value], all_sold - sold[value]);
      if (sold[value] < kEnoughGroup || with < kMostlyNew || with < kTimesUsual * without) continue;
      section.findings.push_back(
          {Severity::kSerious,
           concat(field.name(), " = '", field.text(value), "': ", percent(with), " of its ", grouped(sold[value]),
                  " products were first sold after the training, ", percent(without), " of the others"),
           "a flag as of the day of the export: in the test it tells what is new then, which nobody could know before",
           concat("leave ", field.name(), " out"), "items.features"});
    }
  }
}

}  // namespace

void check_leakage(const ShopFacts& facts, Section& section) {
  check_totals(facts, section);
  check_fill(facts, section);
  check_times(facts, section);
  check_flags(facts, section);
  if (section.findings.empty()) section.lines.push_back("No feature of the products gives a sign of it.");
}

}  // namespace gemel::health
