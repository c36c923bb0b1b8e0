#include "gemel/retrieval/customer_state.h"

#include <algorithm>
#include <cmath>

#include "gemel/data/query_plan.h"
#include "gemel/numerics/kernels.h"

namespace gemel {
namespace {

namespace fs = std::filesystem;

TimePoint time_of(std::int64_t at_us) { return TimePoint(std::chrono::microseconds(at_us)); }

std::size_t count_falls(std::span<const std::int64_t> values) { return kernels().count_falls_i64(values.data(), values.size()); }
std::size_t count_falls(std::span<const std::uint32_t> values) { return kernels().count_falls_u32(values.data(), values.size()); }

// Offsets of rows in a list of `size` values: from 0 to size, never falling.
Result<std::span<const std::int64_t>> checked_offsets(const SafetensorsFile& file, std::size_t num_rows, std::size_t size,
                                                      const fs::path& path) {
  GEMEL_ASSIGN_OR_RETURN(const auto offsets, file.values<std::int64_t>("offsets", {num_rows + 1}));
  if (offsets.front() != 0 || offsets.back() != static_cast<std::int64_t>(size) || count_falls(offsets) > 0)
    return fail(ErrorCode::kCorrupt, path.string(), ": offsets must rise from 0 to ", size);
  return offsets;
}

Result<void> check_below(std::span<const std::uint32_t> items, std::size_t num_items, const fs::path& path) {
  const std::uint32_t largest = kernels().largest_u32(items.data(), items.size());
  if (items.empty() || largest < num_items) return {};
  return fail(ErrorCode::kCorrupt, path.string(), ": product ", largest, " of ", num_items);
}

template <class T>
std::span<const T> row_of(std::span<const std::int64_t> offsets, std::size_t row, std::span<const T> values) {
  if (row + 1 >= offsets.size()) return {};
  return values.subspan(static_cast<std::size_t>(offsets[row]), static_cast<std::size_t>(offsets[row + 1] - offsets[row]));
}

// The first row whose values fall somewhere. Falls inside rows are all falls but those between a row and the next.
template <class T>
std::optional<std::size_t> find_unsorted_row(std::span<const std::int64_t> offsets, std::span<const T> values) {
  std::size_t falls = count_falls(values);
  std::int64_t last = 0;
  for (const std::int64_t begin : offsets) {
    if (begin != last && begin < static_cast<std::int64_t>(values.size()))
      falls -= values[static_cast<std::size_t>(begin)] < values[static_cast<std::size_t>(begin - 1)];
    last = begin;
  }
  if (falls == 0) return std::nullopt;
  std::size_t row = 0;
  while (std::ranges::is_sorted(row_of(offsets, row, values))) ++row;
  return row;
}

}  // namespace

SeenItems seen_items(const Dataset& dataset, std::size_t num_events) {
  const Histories all(dataset, num_events);
  SeenItems seen{{0}, {}};
  std::vector<ItemIndex> own;
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    own.clear();
    for (const HistoryItem& event : all.of(UserIndex{static_cast<std::uint32_t>(user)})) own.push_back(event.item);
    std::ranges::sort(own);
    seen.items.insert(seen.items.end(), own.begin(), std::ranges::unique(own).begin());
    seen.offsets.push_back(static_cast<std::int64_t>(seen.items.size()));
  }
  return seen;
}

CustomerState::CustomerState(const Dataset& dataset, std::size_t num_events)
    : histories_(dataset, num_events),
      own_seen_(seen_items(dataset, num_events)),
      own_eligible_(eligible_items(dataset, Protocol::kRollingWeek, num_events)) {
  seen_offsets_ = own_seen_.offsets;
  seen_items_ = own_seen_.items;
  eligible_ = own_eligible_;
}

Result<void> CustomerState::open_events(const fs::path& path, const Manifest& manifest) {
  GEMEL_ASSIGN_OR_RETURN(events_file_, SafetensorsFile::open(path));
  GEMEL_ASSIGN_OR_RETURN(events_.items, events_file_.values<std::uint32_t>("item"));
  const std::size_t size = events_.items.size();
  GEMEL_ASSIGN_OR_RETURN(events_.at_us, events_file_.values<std::int64_t>("at_us", {size}));
  GEMEL_ASSIGN_OR_RETURN(events_.weights, events_file_.values<float>("weight", {size}));
  GEMEL_ASSIGN_OR_RETURN(events_.actions, events_file_.values<std::uint8_t>("action", {size}));
  GEMEL_ASSIGN_OR_RETURN(events_.offsets, checked_offsets(events_file_, manifest.num_users, size, path));
  GEMEL_RETURN_IF_ERROR(check_below(events_.items, manifest.num_items, path));
  const std::uint8_t action = kernels().largest_u8(events_.actions.data(), size);
  if (size > 0 && action >= manifest.actions.size())
    return fail(ErrorCode::kCorrupt, path.string(), ": action ", action, " of ", manifest.actions.size());
  if (!std::isfinite(kernels().largest_magnitude(events_.weights.data(), size))) {
    const auto bad = std::ranges::find_if_not(events_.weights, [](float weight) { return std::isfinite(weight); });
    return fail(ErrorCode::kCorrupt, path.string(), ": weight of event ", bad - events_.weights.begin(), " is not a number");
  }
  if (const auto user = find_unsorted_row(events_.offsets, events_.at_us))
    return fail(ErrorCode::kCorrupt, path.string(), ": events of customer ", *user, " are not in the order of time");
  return {};
}

Result<void> CustomerState::open_seen(const fs::path& path, const Manifest& manifest) {
  GEMEL_ASSIGN_OR_RETURN(seen_file_, SafetensorsFile::open(path));
  GEMEL_ASSIGN_OR_RETURN(const auto items, seen_file_.values<std::uint32_t>("item"));
  GEMEL_ASSIGN_OR_RETURN(seen_offsets_, checked_offsets(seen_file_, manifest.num_users, items.size(), path));
  GEMEL_RETURN_IF_ERROR(check_below(items, manifest.num_items, path));
  if (const auto user = find_unsorted_row(seen_offsets_, items))
    return fail(ErrorCode::kCorrupt, path.string(), ": products of customer ", *user, " are not sorted");
  seen_items_ = {reinterpret_cast<const ItemIndex*>(items.data()), items.size()};  // an enum class and its underlying type share their form
  GEMEL_ASSIGN_OR_RETURN(eligible_, seen_file_.values<std::uint8_t>("eligible", {manifest.num_items}));
  return {};
}

std::vector<HistoryItem> CustomerState::history_before(UserIndex user, TimePoint at) const {
  const auto known = gemel::history_before(histories_.of(user), at);
  std::vector<HistoryItem> history(known.begin(), known.end());
  if (to_size(user) + 1 >= events_.offsets.size()) return history;
  for (auto i = static_cast<std::size_t>(events_.offsets[to_size(user)]);
       i < static_cast<std::size_t>(events_.offsets[to_size(user) + 1]) && time_of(events_.at_us[i]) < at; ++i)
    history.push_back({time_of(events_.at_us[i]), ItemIndex{events_.items[i]}, events_.weights[i], ActionIndex{events_.actions[i]}});
  return history;
}

std::span<const ItemIndex> CustomerState::seen(UserIndex user) const { return row_of(seen_offsets_, to_size(user), seen_items_); }

}  // namespace gemel
