// Categories that change their meaning: a value that goes with other values of another field on products first sold after the
// training than on those before, although both fields on their own look as before. Codes that were given out anew look like this.
#include <algorithm>

#include "gemel/data/health/checks.h"
#include "gemel/data/health/distributions.h"
#include "gemel/data/health/wording.h"

namespace gemel::health {
namespace {

constexpr std::size_t kTopValues = 20;
constexpr double kEnoughProducts = 20;  // with the value, on either side
constexpr double kChanged = 0.5;        // Jensen-Shannon divergence of the other field, in bits
constexpr double kSameMixture = 0.2;    // of both fields on their own
constexpr double kShareOfNew = 0.05;    // of the new products have a changed value

struct Change {
  std::string value;
  double divergence, num_new;
};

// For each bin of `field`, the histogram of `other` over the products of that bin.
std::vector<std::vector<double>> by_bin(const BinnedField& field, const BinnedField& other, std::span<const std::uint32_t> products) {
  std::vector<std::vector<double>> counts(field.labels.size(), std::vector<double>(other.labels.size(), 0));
  for (std::size_t row = 0; row < products.size(); ++row) {
    if (products[row] == 0) continue;
    for (const std::uint32_t bin : field.of(row))
      for (const std::uint32_t other_bin : other.of(row)) counts[bin][other_bin] += 1.0 / static_cast<double>(other.of(row).size());
  }
  return counts;
}

std::vector<Change> changes(const BinnedField& field, const BinnedField& other, std::span<const std::uint32_t> old_products,
                            std::span<const std::uint32_t> new_products) {
  const auto before = by_bin(field, other, old_products), after = by_bin(field, other, new_products);
  std::vector<Change> found;
  for (std::size_t bin = 1; bin + 1 < field.labels.size(); ++bin) {  // neither missing nor other values
    if (total(before[bin]) < kEnoughProducts || total(after[bin]) < kEnoughProducts) continue;
    const double divergence = jensen_shannon(before[bin], after[bin]);
    if (divergence >= kChanged) found.push_back({field.labels[bin], divergence, total(after[bin])});
  }
  return found;
}

bool is_same_mixture(const BinnedField& field, std::span<const std::uint32_t> a, std::span<const std::uint32_t> b) {
  return jensen_shannon(histogram(field, a), histogram(field, b)) <= kSameMixture;
}

void judge(const BinnedField& field, const BinnedField& other, const std::vector<Change>& found, double num_new, Table& table,
           Section& section) {
  double affected = 0;
  std::vector<std::string> values;
  for (const Change& change : found) {
    affected += change.num_new;
    values.push_back(concat("'", change.value, "' ", short_number(change.divergence)));
    table.rows.push_back(
        {field.name, change.value, other.name, Cell::number(change.divergence), Cell::count(static_cast<std::uint64_t>(change.num_new))});
  }
  if (found.empty() || affected < kShareOfNew * num_new) return;
  section.findings.push_back(
      {Severity::kSerious,
       concat(counted(found.size(), "value"), " of ", field.name,
              found.size() == 1 ? " goes with other values of " : " go with other values of ", other.name,
              " on new products than on old ones, divergence in bits: ", listed(values), "; ", percent(affected / num_new),
              " of the products first sold after the training"),
       "the same code means something else than it did in the training: what was learnt about it is wrong now",
       concat("see whether the codes of ", field.name, " were given out anew; export names, or the codes of one day for all"),
       "items.features"});
}

}  // namespace

void check_meaning(const ShopFacts& facts, Section& section) {
  const Dataset& dataset = facts.dataset;
  std::vector<std::uint32_t> old_products(dataset.num_items(), 0), new_products(dataset.num_items(), 0), sold(dataset.num_items(), 0);
  double num_new = 0;
  for (std::size_t item = 0; item < dataset.num_catalogue_items(); ++item) {
    old_products[item] = facts.train_events[item] > 0;
    new_products[item] = !facts.by_item.of(item).empty() && facts.train_events[item] == 0;
    sold[item] = old_products[item] + new_products[item];
    num_new += new_products[item];
  }
  std::vector<BinnedField> fields;
  std::vector<std::uint8_t> is_judged;  // categories whose own mixture is as before
  for (const FieldValues& field : facts.item_fields) {
    fields.push_back(bin_values(field, sold, kTopValues));
    const bool is_category = field.type() == FeatureType::kCategory;
    is_judged.push_back(is_same_mixture(fields.back(), old_products, new_products) ? (is_category ? 2 : 1) : 0);
  }
  Table table{"changed", {"feature", "value", "beside", "divergence", "new_products"}};
  std::size_t compared = 0;
  for (std::size_t a = 0; a < fields.size(); ++a) {
    for (std::size_t b = 0; b < fields.size(); ++b) {
      if (a == b || is_judged[a] != 2 || is_judged[b] == 0) continue;
      ++compared;
      judge(fields[a], fields[b], changes(fields[a], fields[b], old_products, new_products), num_new, table, section);
    }
  }
  section.lines.push_back(concat(counted(compared, "pair"), " of features compared on ",
                                 counted(static_cast<std::uint64_t>(num_new), "product"), " first sold after the training",
                                 table.rows.empty() ? ": no value changed its company." : "."));
  if (!table.rows.empty()) section.tables.push_back(std::move(table));
}

}  // namespace gemel::health
