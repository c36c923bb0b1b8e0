#include "gemel/data/histories.h"

#include <algorithm>

namespace gemel {

Histories::Histories(const Dataset& dataset, std::size_t num_events) {
  GEMEL_CHECK(num_events <= dataset.num_events());
  const auto users = dataset.users().first(num_events);
  offsets_.assign(dataset.num_users() + 1, 0);
  for (const UserIndex user : users) ++offsets_[to_size(user) + 1];
  for (std::size_t user = 0; user + 1 < offsets_.size(); ++user) offsets_[user + 1] += offsets_[user];
  items_.resize(num_events);
  std::vector<std::size_t> next(offsets_.begin(), offsets_.end() - 1);
  for (std::size_t event = 0; event < num_events; ++event) {
    items_[next[to_size(users[event])]++] = {dataset.times()[event], dataset.items()[event], dataset.weights()[event],
                                             dataset.actions()[event]};
  }
  // Parts given as files need not follow each other in time.
  const auto earlier = [](const HistoryItem& a, const HistoryItem& b) { return a.at < b.at; };
  for (std::size_t user = 0; user + 1 < offsets_.size(); ++user) {
    const auto begin = items_.begin() + static_cast<std::ptrdiff_t>(offsets_[user]);
    const auto end = items_.begin() + static_cast<std::ptrdiff_t>(offsets_[user + 1]);
    if (!std::is_sorted(begin, end, earlier)) std::stable_sort(begin, end, earlier);
  }
}

Histories::Histories(std::vector<std::size_t> offsets, std::vector<HistoryItem> items)
    : offsets_(std::move(offsets)), items_(std::move(items)) {
  GEMEL_CHECK(offsets_.empty() ? items_.empty() : offsets_.back() == items_.size());
}

std::span<const HistoryItem> Histories::of(UserIndex user) const {
  const std::size_t row = to_size(user);
  if (row >= num_users()) return {};
  return std::span(items_).subspan(offsets_[row], offsets_[row + 1] - offsets_[row]);
}

std::span<const HistoryItem> history_before(std::span<const HistoryItem> history, TimePoint at) {
  const auto end = std::partition_point(history.begin(), history.end(), [at](const HistoryItem& item) { return item.at < at; });
  return {history.begin(), end};
}

}  // namespace gemel
