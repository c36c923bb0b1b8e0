// Products whose name and features are all the same: nothing but their events can tell them apart.
#include <algorithm>
#include <cstring>
#include <map>

#include "gemel/base/file.h"
#include "gemel/data/health/checks.h"
#include "gemel/data/health/wording.h"

namespace gemel::health {
namespace {

constexpr double kMany = 0.1;               // share of the products with features
constexpr std::size_t kFeaturesToSpeak = 2;  // a product with fewer filled fields is poor, not alike

template <class T>
void append_bytes(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

// All columns of a product in one text, and how many are filled.
std::size_t describe(const EntityTable& table, std::size_t row, std::string& out) {
  std::size_t filled = 0;
  out.clear();
  for (const FeatureColumn& column : table.features) {
    const std::size_t before = out.size();
    switch (column.type) {
      case FeatureType::kCategory:
      case FeatureType::kText:
      case FeatureType::kShown: out += column.texts[row]; break;
      case FeatureType::kTags:
        for (std::int32_t tag = column.lists[row]; tag < column.lists[row + 1]; ++tag) {
          out += column.texts[static_cast<std::size_t>(tag)];
          out += '\x1e';
        }
        break;
      case FeatureType::kNumber:
        if (column.numbers[row] == column.numbers[row]) append_bytes(out, column.numbers[row]);
        break;
      case FeatureType::kTime:
        if (column.times[row] != kMissingTime) append_bytes(out, column.times[row]);
        break;
    }
    filled += out.size() > before;
    out += '\x1f';
  }
  return filled;
}

}  // namespace

void check_alike(const ShopFacts& facts, Section& section) {
  const EntityTable& items = facts.dataset.item_table();
  std::map<std::string, std::vector<std::uint32_t>> groups;  // by checksum, so that the memory is bounded
  std::string text;
  std::size_t described = 0;
  for (std::uint32_t item = 0; item < facts.dataset.num_catalogue_items(); ++item) {
    if (describe(items, item, text) < kFeaturesToSpeak) continue;
    ++described;
    groups[checksum_hex(text)].push_back(item);
  }
  std::vector<const std::vector<std::uint32_t>*> alike;
  std::size_t products = 0;
  for (const auto& [checksum, group] : groups) {
    if (group.size() < 2) continue;
    alike.push_back(&group);
    products += group.size();
  }
  std::ranges::sort(alike,
                    [](const auto* a, const auto* b) { return std::pair(b->size(), a->front()) < std::pair(a->size(), b->front()); });
  section.lines.push_back(described == 0
                              ? "The catalogue declares nothing to compare products by."
                              : concat(grouped(products), " of ", counted(described, "product"),
                                       " share name and all declared features with another, in ", counted(alike.size(), "group"), "."));
  Table table{"groups", {"products", "for_example", "and"}};
  table.shown_rows = 5;
  for (const auto* group : alike)
    table.rows.push_back({Cell::count(group->size()), facts.product((*group)[0]), facts.product((*group)[1])});
  if (!table.rows.empty()) section.tables.push_back(std::move(table));
  if (ratio(products, described) < kMany) return;
  section.findings.push_back(
      {Severity::kNote,
       concat(percent(ratio(products, described)), " of the products, ", grouped(products), ", share name and all features with another"),
       "a new product among them cannot be told from its likes: it is placed where they are, and people see the same line twice",
       "declare more of what tells them apart (size, colour, flavour), or leave sizes of one product to one id", "items.features"});
}

}  // namespace gemel::health
