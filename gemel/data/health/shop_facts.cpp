#include "gemel/data/health/shop_facts.h"

#include <algorithm>

namespace gemel::health {
namespace {

std::vector<FieldValues> number_fields(const EntityTable& table) {
  std::vector<FieldValues> fields;
  for (const FeatureColumn& column : table.features)
    if (column.type == FeatureType::kCategory || column.type == FeatureType::kTags) fields.emplace_back(column, table.size());
  return fields;
}

std::vector<std::uint32_t> count_items(const Dataset& dataset, std::size_t begin, std::size_t end) {
  std::vector<std::uint32_t> counts(dataset.num_items(), 0);
  for (std::size_t event = begin; event < end; ++event) ++counts[to_size(dataset.items()[event])];
  return counts;
}

}  // namespace

void EventGroups::sort_by_time(std::span<const TimePoint> times) {
  const auto earlier = [&](std::uint32_t a, std::uint32_t b) { return times[a] < times[b]; };
  if (std::is_sorted(times.begin(), times.end())) return;
  for (std::size_t group = 0; group < size(); ++group)
    std::stable_sort(events_.begin() + offsets_[group], events_.begin() + offsets_[group + 1], earlier);
}

ShopFacts::ShopFacts(const Dataset& of)
    : dataset(of),
      has_days(gemel::has_days(of.time_kind())),
      split(make_split(of, of.config().split)),
      by_user(of.users(), of.num_users(), of.times()),
      by_item(of.items(), of.num_items(), of.times()),
      train_events(count_items(of, 0, split ? split->validation_begin : 0)),
      test_events(count_items(of, split ? split->test_begin : 0, split ? split->end : 0)),
      item_fields(number_fields(of.item_table())),
      user_fields(number_fields(of.user_table())) {}

std::string ShopFacts::product(std::size_t item) const {
  const EntityTable& table = dataset.item_table();
  const std::string id(table.ids[item]);
  const std::string& key = dataset.config().items.name;
  const FeatureColumn* names = key.empty() ? nullptr : table.feature(key);
  const bool has_name = names != nullptr && names->texts.size() > item && !names->texts[item].empty();
  return has_name ? concat(id, " ", names->texts[item]) : id;  // the id first: it survives a narrow column
}

std::string ShopFacts::customer(std::size_t user) const { return std::string(dataset.user_table().ids[user]); }

double ShopFacts::share_of_events(std::size_t num_events) const {
  return dataset.num_events() == 0 ? 0 : static_cast<double>(num_events) / static_cast<double>(dataset.num_events());
}

}  // namespace gemel::health
