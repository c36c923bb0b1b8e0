#include "gemel/data/twin_pairs.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <tuple>

namespace gemel {
namespace {

// Distinct rows, and where the basket (customer and day) of each row begins and ends.
struct Baskets {
  std::vector<DayRow> rows;           // by customer, day, product
  std::vector<std::uint32_t> begins;  // [baskets + 1] into rows
};

Baskets make_baskets(std::vector<DayRow> rows) {
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  Baskets baskets{std::move(rows), {}};
  const auto& all = baskets.rows;
  for (std::uint32_t row = 0; row < all.size(); ++row)
    if (row == 0 || std::tie(all[row].user, all[row].day) != std::tie(all[row - 1].user, all[row - 1].day)) baskets.begins.push_back(row);
  baskets.begins.push_back(static_cast<std::uint32_t>(all.size()));
  return baskets;
}

// The baskets of each product in CSR form, small ones first: most products are given up before a large one has to be looked through.
struct BasketsOfItems {
  std::vector<std::uint32_t> offsets, baskets;
  std::span<const std::uint32_t> of(std::uint32_t item) const {
    return std::span(baskets).subspan(offsets[item], offsets[item + 1] - offsets[item]);
  }
};

BasketsOfItems invert(const Baskets& baskets, std::size_t num_items) {
  BasketsOfItems inverted{std::vector<std::uint32_t>(num_items + 1, 0), std::vector<std::uint32_t>(baskets.rows.size())};
  for (const DayRow& row : baskets.rows) ++inverted.offsets[row.item + 1];
  for (std::size_t item = 0; item < num_items; ++item) inverted.offsets[item + 1] += inverted.offsets[item];
  std::vector<std::uint32_t> next(inverted.offsets.begin(), inverted.offsets.end() - 1);
  std::vector<std::uint32_t> order(baskets.begins.size() - 1);
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::stable_sort(order, {}, [&](std::uint32_t basket) { return baskets.begins[basket + 1] - baskets.begins[basket]; });
  for (const std::uint32_t basket : order)
    for (std::uint32_t row = baskets.begins[basket]; row < baskets.begins[basket + 1]; ++row)
      inverted.baskets[next[baskets.rows[row].item]++] = basket;
  return inverted;
}

// Counts what shares baskets with one product after the other.
class SharedRows {
 public:
  SharedRows(const Baskets& baskets, std::size_t num_items) : baskets_(baskets), counts_(num_items, 0) {}

  // Whether any product shares at least `needed` of these baskets with `item`; found() and count() tell which.
  bool count(std::uint32_t item, std::span<const std::uint32_t> own, std::size_t needed) {
    for (const std::uint32_t other : found_) counts_[other] = 0;
    found_.clear();
    std::size_t most = 0;
    for (std::size_t i = 0; i < own.size(); ++i) {
      if (most + (own.size() - i) < needed) return false;
      for (std::uint32_t row = baskets_.begins[own[i]]; row < baskets_.begins[own[i] + 1]; ++row) {
        const std::uint32_t other = baskets_.rows[row].item;
        if (other == item) continue;
        if (counts_[other]++ == 0) found_.push_back(other);
        most = std::max<std::size_t>(most, counts_[other]);
      }
    }
    return most >= needed;
  }
  const std::vector<std::uint32_t>& found() const { return found_; }
  std::uint32_t count(std::uint32_t other) const { return counts_[other]; }

 private:
  const Baskets& baskets_;
  std::vector<std::uint32_t> counts_;  // [num_items]
  std::vector<std::uint32_t> found_;   // with a count above 0
};

}  // namespace

std::vector<TwinPair> find_twin_pairs(std::vector<DayRow> rows, std::size_t num_items, const TwinsConfig& config) {
  const Baskets baskets = make_baskets(std::move(rows));
  const BasketsOfItems of_items = invert(baskets, num_items);
  SharedRows shared(baskets, num_items);
  std::vector<TwinPair> pairs;
  for (std::uint32_t item = 0; item < num_items; ++item) {
    const auto own = of_items.of(item);
    const auto by_share = static_cast<std::size_t>(std::ceil(config.min_share * static_cast<double>(own.size())));
    const std::size_t needed = std::max(static_cast<std::size_t>(config.min_shared), by_share);
    if (!shared.count(item, own, needed)) continue;
    for (const std::uint32_t other : shared.found()) {
      const std::size_t num_other = of_items.of(other).size();
      const bool is_rarer = std::tuple(own.size(), item) < std::tuple(num_other, other);
      if (is_rarer && are_twins(shared.count(other), own.size(), config))
        pairs.push_back({item, other, shared.count(other), static_cast<std::uint32_t>(own.size()), static_cast<std::uint32_t>(num_other)});
    }
  }
  std::ranges::sort(pairs, {}, [](const TwinPair& pair) { return std::tuple(pair.rarer, pair.other); });
  return pairs;
}

}  // namespace gemel
