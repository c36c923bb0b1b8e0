// What several checks need of a Dataset, counted once.
// Thread safety: const after construction.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gemel/data/dataset.h"
#include "gemel/data/health/field_values.h"
#include "gemel/data/split.h"

namespace gemel::health {

// Events grouped by customer or by product: numbers of events, those of one group in time order.
class EventGroups {
 public:
  EventGroups() = default;
  // groups [num_events]: the group of each event, below num_groups.
  template <class Index>
  EventGroups(std::span<const Index> groups, std::size_t num_groups, std::span<const TimePoint> times) {
    offsets_.assign(num_groups + 1, 0);
    for (const Index group : groups) ++offsets_[to_size(group) + 1];
    for (std::size_t group = 0; group < num_groups; ++group) offsets_[group + 1] += offsets_[group];
    events_.resize(groups.size());
    std::vector<std::uint32_t> next(offsets_.begin(), offsets_.end() - 1);
    for (std::uint32_t event = 0; event < groups.size(); ++event) events_[next[to_size(groups[event])]++] = event;
    sort_by_time(times);
  }
  std::size_t size() const { return offsets_.empty() ? 0 : offsets_.size() - 1; }
  std::span<const std::uint32_t> of(std::size_t group) const {
    return std::span(events_).subspan(offsets_[group], offsets_[group + 1] - offsets_[group]);
  }

 private:
  void sort_by_time(std::span<const TimePoint> times);  // parts given as files need not follow each other in time
  std::vector<std::uint32_t> offsets_, events_;
};

struct ShopFacts {
  explicit ShopFacts(const Dataset& dataset);  // borrowed

  const Dataset& dataset;
  bool has_days = false;
  Result<Split> split;
  EventGroups by_user, by_item;
  std::vector<std::uint32_t> train_events, test_events;  // [num_items]; zeros without a split
  std::vector<FieldValues> item_fields, user_fields;     // category and tags, in the order of shop.toml

  std::size_t num_events_of(ItemIndex item) const { return by_item.of(to_size(item)).size(); }
  std::string product(std::size_t item) const;   // "tea Green tea", or the id alone
  std::string customer(std::size_t user) const;  // the id
  Day day(std::size_t event) const { return day_of(dataset.times()[event]); }
  double share_of_events(std::size_t num_events) const;
};

}  // namespace gemel::health
