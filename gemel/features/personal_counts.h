// How often and how lately a customer had each product, point in time: the personal prior of the two-tower. Where people buy the same again
// and again nothing says more, and no embedding of a history can hold it.
// A value is log(1 + count / 0.1), the count being the sum over the customer's events with the product before the query, of one action, of
// 2^(-age / half_life), ages in whole days. There is one value for each action whose weight in shop.toml is above 0 and each half-life.
// Thread safety: const after construction; a Scratch for each thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gemel/data/ids.h"

namespace gemel {

class PersonalCounts {
 public:
  PersonalCounts() = default;
  // half_life_days > 0 each (kNoDecay allowed). is_counted [actions].
  PersonalCounts(std::vector<double> half_life_days, std::vector<std::uint8_t> is_counted, std::size_t num_items);

  std::size_t num_values() const { return num_counted_ * half_life_days_.size(); }
  const std::vector<std::uint8_t>& is_counted() const { return is_counted_; }

  // What one query's history says, product by product.
  struct Of {
    std::vector<std::uint32_t> items;  // distinct, in the order of their first event
    std::vector<float> values;  // [items, num_values]: by action, then half-life
    std::span<const float> values_of(std::size_t i) const {
      const std::size_t width = items.empty() ? 0 : values.size() / items.size();
      return std::span(values).subspan(i * width, width);
    }
  };
  class Scratch {
    friend class PersonalCounts;
    std::vector<std::uint32_t> place_of_item_;  // place in Of::items + 1; all 0 between calls
  };

  // `wanted` [num_items]: products with a 0 are left out; empty: all are wanted.
  void count(std::span<const HistoryItem> history, TimePoint at, std::span<const std::uint32_t> wanted, Scratch& scratch, Of& out) const;

 private:
  float decay(std::size_t half_life, std::int64_t age_days) const;

  std::vector<double> half_life_days_;
  std::vector<std::uint8_t> is_counted_;  // [actions]
  std::vector<std::uint32_t> first_value_;  // [actions]
  std::size_t num_counted_ = 0, num_items_ = 0;
  std::vector<std::vector<float>> decay_of_age_;  // [half_lives][days of age]
};

}  // namespace gemel
