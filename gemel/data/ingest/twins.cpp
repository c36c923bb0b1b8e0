#include "gemel/data/ingest/twins.h"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <unordered_map>

namespace gemel {
namespace {

struct DayRow {
  std::uint32_t user;
  std::int32_t day;
  std::uint32_t item;
  auto operator<=>(const DayRow&) const = default;
};

std::vector<DayRow> distinct_day_rows(const Events& events, const EventOrder& order) {
  std::vector<DayRow> rows;
  rows.reserve(order.rows.size());
  for (const std::uint32_t row : order.rows) {
    const Day day = day_of(TimePoint(std::chrono::microseconds(events.times[row])));
    rows.push_back({events.users[row], static_cast<std::int32_t>(day.time_since_epoch().count()), events.items[row]});
  }
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  return rows;
}

std::uint64_t pair_key(std::uint32_t low, std::uint32_t high) { return std::uint64_t{low} << 32 | high; }

// How many (customer, day) rows each pair of products shares.
std::unordered_map<std::uint64_t, std::uint32_t> count_shared_rows(const std::vector<DayRow>& rows) {
  std::unordered_map<std::uint64_t, std::uint32_t> shared;
  for (std::size_t begin = 0, end = 0; begin < rows.size(); begin = end) {
    while (end < rows.size() && rows[end].user == rows[begin].user && rows[end].day == rows[begin].day) ++end;
    for (std::size_t a = begin; a < end; ++a)
      for (std::size_t b = a + 1; b < end; ++b) ++shared[pair_key(rows[a].item, rows[b].item)];
  }
  return shared;
}

std::uint32_t root_of(std::vector<std::uint32_t>& parents, std::uint32_t item) {
  while (parents[item] != item) item = parents[item] = parents[parents[item]];
  return item;
}

}  // namespace

Twins find_twins(const Events& events, const EventOrder& order, const TwinsConfig& config) {
  const auto rows = distinct_day_rows(events, order);
  std::vector<std::uint32_t> num_rows(events.item_ids.size());
  for (const DayRow& row : rows) ++num_rows[row.item];

  Twins twins{std::vector<std::uint32_t>(num_rows.size()), 0, 0};
  auto& parents = twins.merged_into;
  std::iota(parents.begin(), parents.end(), 0u);
  for (const auto& [key, num_shared] : count_shared_rows(rows)) {
    const auto low = static_cast<std::uint32_t>(key >> 32), high = static_cast<std::uint32_t>(key);
    const double rarer = std::min(num_rows[low], num_rows[high]);
    if (num_shared < static_cast<std::uint32_t>(config.min_shared) || num_shared < config.min_share * rarer) continue;
    ++twins.num_pairs;
    const auto low_root = root_of(parents, low), high_root = root_of(parents, high);
    const bool low_stays = std::tuple(num_rows[high_root], low_root) <= std::tuple(num_rows[low_root], high_root);
    parents[low_stays ? high_root : low_root] = low_stays ? low_root : high_root;
  }
  for (std::uint32_t item = 0; item < parents.size(); ++item) {
    parents[item] = root_of(parents, item);
    twins.num_merged += parents[item] != item;
  }
  return twins;
}

std::vector<std::uint8_t> find_merged_copies(const Events& events, const EventOrder& order, const Twins& twins) {
  std::vector<std::uint8_t> is_merged(twins.merged_into.size());
  for (std::uint32_t item = 0; item < is_merged.size(); ++item)
    if (twins.merged_into[item] != item) is_merged[item] = is_merged[twins.merged_into[item]] = 1;

  struct Place {
    std::int64_t time;
    std::uint32_t user, merged_item;
    std::uint8_t action;
    bool is_other;  // not the product that stays
    std::uint32_t item, place;
    auto group() const { return std::tie(time, user, merged_item, action); }
    auto key() const { return std::tie(time, user, merged_item, action, is_other, item, place); }
  };
  std::vector<std::uint8_t> copies(order.rows.size());
  std::vector<Place> places;
  const auto mark_part = [&] {
    std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) { return a.key() < b.key(); });
    for (std::size_t first = 0, i = 0; i < places.size(); ++i) {
      if (places[i].group() != places[first].group()) first = i;
      copies[places[i].place] = places[i].item != places[first].item;
    }
    places.clear();
  };
  std::uint32_t place = 0, part_end = 0;
  for (const std::size_t part_size : order.part_sizes) {  // copies in another part are another event
    for (part_end += static_cast<std::uint32_t>(part_size); place < part_end; ++place) {
      const std::uint32_t row = order.rows[place], item = events.items[row], merged = twins.merged_into[item];
      if (is_merged[item])
        places.push_back({events.times[row], events.users[row], merged, events.actions[row], item != merged, item, place});
    }
    mark_part();
  }
  return copies;
}

}  // namespace gemel
