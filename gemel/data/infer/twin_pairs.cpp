#include "gemel/data/infer/twin_pairs.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace gemel {
namespace {

constexpr std::uint64_t kMaxSteps = 200'000'000;  // about a second

auto key_of(const DayRow& row) { return std::tuple(row.user, row.day, row.item); }

// Distinct rows of the same (customer, day) stand together; [rows] where the ones of each row begin and end.
std::vector<std::pair<std::uint32_t, std::uint32_t>> days_of(const std::vector<DayRow>& rows) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> days(rows.size());
  for (std::uint32_t begin = 0, end = 0; begin < rows.size(); begin = end) {
    while (end < rows.size() && rows[end].user == rows[begin].user && rows[end].day == rows[begin].day) ++end;
    for (std::uint32_t row = begin; row < end; ++row) days[row] = {begin, end};
  }
  return days;
}

}  // namespace

std::optional<std::vector<std::pair<std::uint32_t, std::uint32_t>>> find_twin_pairs(std::vector<DayRow>& rows, std::size_t num_items,
                                                                                    const TwinsConfig& config) {
  std::ranges::sort(rows, {}, key_of);
  const auto same = [](const DayRow& a, const DayRow& b) { return key_of(a) == key_of(b); };
  rows.erase(std::unique(rows.begin(), rows.end(), same), rows.end());
  const auto days = days_of(rows);
  std::uint64_t num_steps = 0;
  for (const auto& [begin, end] : days) num_steps += end - begin;
  if (num_steps > kMaxSteps) return std::nullopt;

  std::vector<std::uint32_t> num_rows(num_items), by_item(rows.size()), shared(num_items), touched;
  for (const DayRow& row : rows) ++num_rows[row.item];
  std::iota(by_item.begin(), by_item.end(), 0u);
  std::ranges::stable_sort(by_item, {}, [&](std::uint32_t row) { return rows[row].item; });

  std::vector<std::pair<std::uint32_t, std::uint32_t>> twins;
  for (std::size_t begin = 0, end = 0; begin < by_item.size(); begin = end) {
    const std::uint32_t item = rows[by_item[begin]].item;
    end = begin + num_rows[item];
    if (num_rows[item] < static_cast<std::uint32_t>(config.min_shared)) continue;
    for (std::size_t i = begin; i < end; ++i)
      for (std::uint32_t row = days[by_item[i]].first; row < days[by_item[i]].second; ++row)
        if (shared[rows[row].item]++ == 0) touched.push_back(rows[row].item);
    for (const std::uint32_t other : touched) {
      const bool is_rarer = std::tuple(num_rows[item], item) < std::tuple(num_rows[other], other);  // each pair once, by its rarer one
      const bool are_twins =
          shared[other] >= static_cast<std::uint32_t>(config.min_shared) && shared[other] >= config.min_share * num_rows[item];
      if (is_rarer && are_twins) twins.emplace_back(std::min(item, other), std::max(item, other));
      shared[other] = 0;
    }
    touched.clear();
  }
  std::ranges::sort(twins);
  return twins;
}

}  // namespace gemel
