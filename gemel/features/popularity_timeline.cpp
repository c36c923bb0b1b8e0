#include "gemel/features/popularity_timeline.h"

#include <algorithm>
#include <cmath>

#include "gemel/data/decayed_counts.h"

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
std::vector<Sale> daily_sales(const TrainView& view) {
  const Dataset& dataset = *view.dataset;
  std::vector<Sale> sales;
  for (std::size_t event = 0; event < view.num_events; ++event) {
    const ActionIndex action = dataset.actions()[event];
    if (!dataset.is_target(action)) continue;
    sales.push_back(
        {static_cast<std::uint32_t>(dataset.items()[event]), day_number(day_of(dataset.times()[event])), dataset.action_weight(action)});
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

}  // namespace

PopularityTimeline::PopularityTimeline(const TrainView& view, std::vector<double> half_life_days)
    : half_life_days_(std::move(half_life_days)), num_items_(view.dataset->num_items()) {
  const std::vector<Sale> sales = daily_sales(view);
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

  for (const double half_life : half_life_days_) {
    auto& entries = entries_.emplace_back(sales.size());
    for (std::size_t i = 0; i < sales.size(); ++i) {
      double count = sales[i].weight;
      if (i > 0 && sales[i - 1].item == sales[i].item) count += entries[i - 1].count * decay(sales[i].day - sales[i - 1].day, half_life);
      entries[i] = {sales[i].day, static_cast<float>(count)};
    }
    auto& totals = totals_.emplace_back(num_days, 0.0);
    for (std::size_t day = 1; day < num_days; ++day) totals[day] = (totals[day - 1] + sold[day - 1]) * decay(1, half_life);
  }
}

double PopularityTimeline::total(std::size_t half_life, std::int32_t day) const {
  const auto& totals = totals_[half_life];
  if (day <= first_day_) return 0;
  const auto index = static_cast<std::size_t>(day - first_day_);
  if (index < totals.size()) return totals[index];
  return totals.back() * decay(static_cast<double>(index - totals.size() + 1), half_life_days_[half_life]);
}

void PopularityTimeline::log_shares(std::size_t half_life, std::span<const Day> days, std::span<const std::uint32_t> items,
                                    MatrixView out) const {
  GEMEL_CHECK(out.rows == days.size() && out.cols == items.size());
  const auto floor = static_cast<float>(0.1 / static_cast<double>(num_items_));
  const auto& entries = entries_[half_life];
  const double rate = std::isinf(half_life_days_[half_life]) ? 0 : -1 / half_life_days_[half_life];
  std::vector<std::int32_t> numbers(days.size());
  std::vector<double> inverse_totals(days.size());  // double: after a year without sales a half-life of a day leaves 2^-365
  for (std::size_t r = 0; r < days.size(); ++r) {
    numbers[r] = day_number(days[r]);
    const double all = total(half_life, numbers[r]);
    inverse_totals[r] = all > kFadedTotal ? 1 / all : 0;
  }
  // Days ascend and so do a product's entries: one walk along both.
  for (std::size_t c = 0; c < items.size(); ++c) {
    auto entry = entries.begin() + offsets_[items[c]];
    const auto end = entries.begin() + offsets_[items[c] + 1];
    const auto begin = entry;
    for (std::size_t r = 0; r < days.size(); ++r) {
      entry = std::lower_bound(entry, end, numbers[r], [](const Entry& e, std::int32_t day) { return e.day < day; });
      double share = 0;
      if (entry != begin) {
        const Entry& last = *(entry - 1);
        // Decayed from the end of its day's count, taken at that day's start, to the start of this day.
        share = last.count * std::exp2(rate * (numbers[r] - last.day)) * inverse_totals[r];
      }
      out.data[r * out.cols + c] = static_cast<float>(share) + floor;
    }
  }
  for (std::size_t i = 0; i < out.size(); ++i) out.data[i] = std::log(out.data[i]);
}

}  // namespace gemel
