// What a customer's own past does to the next choice: products that run out, products in mind. Built from events one by one, by the
// simulation as they happen and by the oracle from a query's history, so that both know the same.
// Thread safety: one user.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "gemel/synth/world.h"

namespace gemel::synth {

enum class Action : std::uint8_t { kView, kCart, kPurchase };
inline constexpr std::string_view kActionNames[] = {"view", "cart", "purchase"};

// A product that pulls of itself; world.h tells how strongly.
struct Pull {
  std::uint32_t product;
  double need, interest;
};

class PersonalState {
 public:
  void clear() { past_.clear(); }
  void add(std::size_t product, Action action, Second at);  // not before the events that were added
  // Of the products that are for sale at that moment, which is not before the last event. Returns the sum of all.
  double pulls(const World& world, const Customer& customer, Second at, std::vector<Pull>& out) const;

 private:
  struct Past {
    std::uint32_t product;
    std::uint32_t num_purchases = 0;
    Second bought = 0;              // the last time; means something when num_purchases > 0
    Second viewed = -1, carted = -1;  // the last time since it was bought; -1: not
  };
  std::vector<Past> past_;  // by first event
};

}  // namespace gemel::synth
