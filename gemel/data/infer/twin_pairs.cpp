#include "gemel/data/infer/twin_pairs.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

namespace gemel {
namespace {

constexpr std::uint64_t kMaxPairs = 30'000'000;  // looked at: some seconds, and some hundred MB where all differ

auto key_of(const DayRow& row) { return std::tuple(row.user, row.day, row.item); }

// Calls `take` with the rows of each (customer, day).
template <class Take>
void for_each_day(const std::vector<DayRow>& rows, Take&& take) {
  for (std::size_t begin = 0, end = 0; begin < rows.size(); begin = end) {
    while (end < rows.size() && rows[end].user == rows[begin].user && rows[end].day == rows[begin].day) ++end;
    take(begin, end);
  }
}

}  // namespace

std::optional<std::vector<std::pair<std::uint32_t, std::uint32_t>>> find_twin_pairs(std::vector<DayRow>& rows, std::size_t num_items,
                                                                                    const TwinsConfig& config) {
  std::ranges::sort(rows, {}, key_of);
  const auto same = [](const DayRow& a, const DayRow& b) { return key_of(a) == key_of(b); };
  rows.erase(std::unique(rows.begin(), rows.end(), same), rows.end());
  std::uint64_t num_pairs = 0;
  for_each_day(rows, [&](std::size_t begin, std::size_t end) { num_pairs += (end - begin) * (end - begin - 1) / 2; });
  if (num_pairs > kMaxPairs) return std::nullopt;

  std::vector<std::uint32_t> num_rows(num_items);
  for (const DayRow& row : rows) ++num_rows[row.item];
  std::unordered_map<std::uint64_t, std::uint32_t> shared;  // lower item << 32 | higher item
  for_each_day(rows, [&](std::size_t begin, std::size_t end) {
    for (std::size_t a = begin; a < end; ++a)
      for (std::size_t b = a + 1; b < end; ++b) ++shared[std::uint64_t{rows[a].item} << 32 | rows[b].item];
  });
  std::vector<std::pair<std::uint32_t, std::uint32_t>> twins;
  for (const auto& [key, num_shared] : shared) {
    const auto low = static_cast<std::uint32_t>(key >> 32), high = static_cast<std::uint32_t>(key);
    const double rarer = std::min(num_rows[low], num_rows[high]);
    if (num_shared >= static_cast<std::uint32_t>(config.min_shared) && num_shared >= config.min_share * rarer)
      twins.emplace_back(low, high);
  }
  std::ranges::sort(twins);
  return twins;
}

}  // namespace gemel
