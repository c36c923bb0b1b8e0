#include "gemel/data/ingest/twins.h"

#include <numeric>
#include <tuple>

#include "gemel/data/day.h"
#include "gemel/data/ingest/pair_counts.h"
#include "gemel/data/twin_pairs.h"

namespace gemel {
namespace {

std::int32_t day_number(std::int64_t time) {
  return static_cast<std::int32_t>(day_of(TimePoint(std::chrono::microseconds(time))).time_since_epoch().count());
}

// How many (customer, day) rows each product has, and each pair of products shares.
class DayRows {
 public:
  DayRows(std::size_t num_items, const SortSpace& space) : num_rows_(num_items), rows_(space.part(2)), shared_(space.part(2)) {}

  Result<void> count(const SortedEvents& events, const EventMarks& dropped) {
    std::size_t place = 0;
    GEMEL_RETURN_IF_ERROR(events.for_each([&](const EventRecord& event) -> Result<void> {
      if (dropped[place++]) return {};
      return rows_.add({event.user, day_number(event.time), event.item});
    }));
    GEMEL_RETURN_IF_ERROR(rows_.finish());
    std::optional<DayRow> last;
    const auto take = [&](const DayRow& row) -> Result<void> {
      if (last && *last == row) return {};
      if (last && (last->user != row.user || last->day != row.day)) GEMEL_RETURN_IF_ERROR(count_basket());
      ++num_rows_[row.item];
      basket_.push_back(row.item);
      last = row;
      return {};
    };
    GEMEL_RETURN_IF_ERROR(rows_.for_each(take));
    return count_basket();
  }

  const std::vector<std::uint32_t>& num_rows() const { return num_rows_; }
  PairCounts& shared() { return shared_; }

 private:
  Result<void> count_basket() {
    for (std::size_t a = 0; a < basket_.size(); ++a)
      for (std::size_t b = a + 1; b < basket_.size(); ++b) GEMEL_RETURN_IF_ERROR(shared_.add(basket_[a], basket_[b]));
    basket_.clear();
    return {};
  }

  std::vector<std::uint32_t> num_rows_, basket_;  // basket: rising products of one customer and day
  ExternalSort<DayRow> rows_;
  PairCounts shared_;
};

std::uint32_t root_of(std::vector<std::uint32_t>& parents, std::uint32_t item) {
  while (parents[item] != item) item = parents[item] = parents[parents[item]];
  return item;
}

struct MergedEvent {
  std::int64_t time;
  std::uint32_t user, merged_item;
  std::uint8_t part, action;
  bool is_other;  // not the product that stays
  std::uint32_t item, place;
  auto group() const { return std::tie(part, time, user, merged_item, action); }
  auto key() const { return std::tie(part, time, user, merged_item, action, is_other, item, place); }
  bool operator<(const MergedEvent& other) const { return key() < other.key(); }
};

}  // namespace

Result<Twins> find_twins(const SortedEvents& events, const EventMarks& dropped, std::size_t num_items, const TwinsConfig& config,
                         const SortSpace& space) {
  DayRows rows(num_items, space);
  GEMEL_RETURN_IF_ERROR(rows.count(events, dropped));
  const auto& num_rows = rows.num_rows();
  Twins twins{std::vector<std::uint32_t>(num_items), 0, 0};
  auto& parents = twins.merged_into;
  std::iota(parents.begin(), parents.end(), 0u);
  GEMEL_RETURN_IF_ERROR(rows.shared().for_each([&](std::uint32_t low, std::uint32_t high, std::uint64_t num_shared) {
    if (!are_twins(num_shared, std::min(num_rows[low], num_rows[high]), config)) return;
    ++twins.num_pairs;
    const auto low_root = root_of(parents, low), high_root = root_of(parents, high);
    const bool low_stays = std::tuple(num_rows[high_root], low_root) <= std::tuple(num_rows[low_root], high_root);
    parents[low_stays ? high_root : low_root] = low_stays ? low_root : high_root;
  }));
  for (std::uint32_t item = 0; item < parents.size(); ++item) {
    parents[item] = root_of(parents, item);
    twins.num_merged += parents[item] != item;
  }
  return twins;
}

Result<std::uint64_t> drop_merged_copies(const SortedEvents& events, const Twins& twins, const SortSpace& space, EventMarks& dropped) {
  std::vector<std::uint8_t> is_merged(twins.merged_into.size());
  for (std::uint32_t item = 0; item < is_merged.size(); ++item)
    if (twins.merged_into[item] != item) is_merged[item] = is_merged[twins.merged_into[item]] = 1;

  ExternalSort<MergedEvent> candidates(space);
  std::uint32_t place = 0;
  GEMEL_RETURN_IF_ERROR(events.for_each([&](const EventRecord& event) -> Result<void> {
    const std::uint32_t at = place++, item = event.item, merged = twins.merged_into[item];
    if (dropped[at] || !is_merged[item]) return {};
    return candidates.add({event.time, event.user, merged, event.part, event.action, item != merged, item, at});
  }));
  GEMEL_RETURN_IF_ERROR(candidates.finish());
  std::optional<MergedEvent> first;
  std::uint64_t num_copies = 0;
  GEMEL_RETURN_IF_ERROR(candidates.for_each([&](const MergedEvent& event) -> Result<void> {
    if (!first || event.group() != first->group()) first = event;
    const bool is_copy = event.item != first->item;
    dropped[event.place] = is_copy;
    num_copies += is_copy;
    return {};
  }));
  return num_copies;
}

}  // namespace gemel
