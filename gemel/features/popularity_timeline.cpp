#include "gemel/features/popularity_timeline.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gemel/data/decayed_counts.h"
#include "gemel/numerics/kernels.h"

namespace gemel {
namespace {

std::int32_t day_number(Day day) { return static_cast<std::int32_t>(day.time_since_epoch().count()); }

double decay(double days, double half_life) { return std::isinf(half_life) ? 1 : std::exp2(-days / half_life); }

struct Sale {
  std::uint32_t item;
  std::int32_t day;
  double weight;
};

// Sales of the view by product and day, those of one day added up.
std::vector<Sale> daily_sales(const TrainView& view, std::span<const std::uint32_t> group_of_item) {
  const Dataset& dataset = *view.dataset;
  std::vector<Sale> sales;
  for (std::size_t event = 0; event < view.num_events; ++event) {
    const ActionIndex action = dataset.actions()[event];
    if (!dataset.is_target(action)) continue;
    const auto item = static_cast<std::uint32_t>(dataset.items()[event]);
    sales.push_back(
        {group_of_item.empty() ? item : group_of_item[item], day_number(day_of(dataset.times()[event])), dataset.action_weight(action)});
  }
  std::stable_sort(sales.begin(), sales.end(),
                   [](const Sale& a, const Sale& b) { return std::pair(a.item, a.day) < std::pair(b.item, b.day); });
  std::size_t kept = 0;
  for (const Sale& sale : sales) {
    if (kept > 0 && sales[kept - 1].item == sale.item && sales[kept - 1].day == sale.day) {
      sales[kept - 1].weight += sale.weight;
    } else {
      sales[kept++] = sale;
    }
  }
  sales.resize(kept);
  return sales;
}

// As std::lower_bound, in steps that double: quick where it lies near.
template <class Iterator>
Iterator find_from(Iterator begin, Iterator end, std::int32_t day) {
  std::ptrdiff_t step = 1;
  while (end - begin > step && begin[step] < day) {
    begin += step;
    step *= 2;
  }
  return std::lower_bound(begin, end - begin > step ? begin + step : end, day);
}

}  // namespace

PopularityTimeline::PopularityTimeline(const TrainView& view, std::vector<double> half_life_days)
    : PopularityTimeline(view, std::move(half_life_days), {}, view.dataset->num_items()) {}

PopularityTimeline::PopularityTimeline(const TrainView& view, std::vector<double> half_life_days,
                                       std::span<const std::uint32_t> group_of_item, std::size_t num_groups)
    : half_life_days_(std::move(half_life_days)), num_items_(num_groups) {
  const std::vector<Sale> sales = daily_sales(view, group_of_item);
  offsets_.assign(num_items_ + 1, 0);
  for (const Sale& sale : sales) ++offsets_[sale.item + 1];
  for (std::size_t item = 0; item < num_items_; ++item) offsets_[item + 1] += offsets_[item];
  std::int32_t last_day = 0;
  if (!sales.empty()) {
    const auto [first, last] = std::minmax_element(sales.begin(), sales.end(), [](const Sale& a, const Sale& b) { return a.day < b.day; });
    first_day_ = first->day;
    last_day = last->day;
  }
  const auto num_days = static_cast<std::size_t>(last_day - first_day_ + 2);  // up to the day after the last sale
  std::vector<double> sold(num_days, 0.0);
  for (const Sale& sale : sales) sold[static_cast<std::size_t>(sale.day - first_day_)] += sale.weight;

  for (const Sale& sale : sales) entry_days_.push_back(sale.day);
  for (const double half_life : half_life_days_) {
    auto& log2_counts = log2_counts_.emplace_back();
    double count = 0;
    for (std::size_t i = 0; i < sales.size(); ++i) {
      const bool continues = i > 0 && sales[i - 1].item == sales[i].item;
      count = sales[i].weight + (continues ? count * decay(sales[i].day - sales[i - 1].day, half_life) : 0);
      log2_counts.push_back(static_cast<float>(std::log2(count)));
    }
    auto& totals = totals_.emplace_back(num_days, 0.0);
    for (std::size_t day = 1; day < num_days; ++day) totals[day] = (totals[day - 1] + sold[day - 1]) * decay(1, half_life);
  }
}

std::int32_t PopularityTimeline::first_day(std::uint32_t item) const {
  return offsets_[item] == offsets_[item + 1] ? DecayedCounts::kNeverSold : entry_days_[offsets_[item]];
}

double PopularityTimeline::total(std::size_t half_life, std::int32_t day) const {
  const auto& totals = totals_[half_life];
  if (day <= first_day_) return 0;
  const auto index = static_cast<std::size_t>(day - first_day_);
  if (index < totals.size()) return totals[index];
  return totals.back() * decay(static_cast<double>(index - totals.size() + 1), half_life_days_[half_life]);
}

void PopularityTimeline::log_shares(std::span<const Day> days, std::span<const std::uint32_t> items, std::vector<Matrix>& out,
                                    ThreadPool& pool) const {
  constexpr std::size_t kItemsPerBlock = 256;
  constexpr std::uint32_t kNoEntry = UINT32_MAX;
  constexpr float kNothing = -std::numeric_limits<float>::infinity();
  const std::size_t num_days = days.size(), num_half_lives = half_life_days_.size();
  const auto floor = static_cast<float>(0.1 / static_cast<double>(num_items_));
  out.resize(num_half_lives);
  for (Matrix& shares : out) shares.resize(num_days, items.size());
  std::vector<std::int32_t> day_numbers;
  for (const Day day : days) day_numbers.push_back(day_number(day));
  Matrix log2_totals(num_half_lives, num_days);  // infinite where nothing is left: the share is 0
  for (std::size_t h = 0; h < num_half_lives; ++h)
    for (std::size_t r = 0; r < num_days; ++r) {
      const double all = total(h, day_numbers[r]);
      log2_totals(h, r) = all > kFadedTotal ? static_cast<float>(std::log2(all)) : -kNothing;
    }

  pool.for_blocks(items.size(), kItemsPerBlock, [&](std::size_t begin, std::size_t end) {
    // The last entry before each day. Days ascend and so do a product's entries: one walk along both.
    std::vector<std::uint32_t> last(num_days * kItemsPerBlock, kNoEntry);
    for (std::size_t c = begin; c < end; ++c) {
      const auto first = entry_days_.begin() + offsets_[items[c]], stop = entry_days_.begin() + offsets_[items[c] + 1];
      auto entry = first;
      for (std::size_t r = 0; r < num_days; ++r) {
        entry = find_from(entry, stop, day_numbers[r]);
        if (entry != first) last[r * kItemsPerBlock + c - begin] = static_cast<std::uint32_t>(entry - entry_days_.begin() - 1);
      }
    }
    for (std::size_t h = 0; h < num_half_lives; ++h) {
      const auto rate = static_cast<float>(std::isinf(half_life_days_[h]) ? 0 : -1 / half_life_days_[h]);
      for (std::size_t r = 0; r < num_days; ++r) {
        float* log2_share = out[h].row(r).data() + begin;
        for (std::size_t c = 0; c < end - begin; ++c) {
          const std::uint32_t entry = last[r * kItemsPerBlock + c];
          // Decayed from the start of the entry's day to the start of this one.
          log2_share[c] = entry == kNoEntry
                              ? kNothing
                              : log2_counts_[h][entry] + rate * static_cast<float>(day_numbers[r] - entry_days_[entry]) - log2_totals(h, r);
        }
        kernels().log_exp2_plus(floor, log2_share, end - begin);
      }
    }
  });
}

}  // namespace gemel
