// One customer's year in the shop, drawn from the world. Thread safety: one user each; customers are independent of each other.
#pragma once

#include <vector>

#include "gemel/synth/choice.h"

namespace gemel::synth {

struct Event {
  Second at;
  std::uint32_t product;
  Action action;
};

// A view, its cart and its purchase follow each other within this time, and nothing of the customer's comes between.
inline constexpr Second kFunnelSeconds = 120;

class YearOfCustomer {
 public:
  explicit YearOfCustomer(const World& world) : world_(world), chooser_(world) {}
  // The same number gives the same events; strictly one after the other in time, at least one.
  void run(std::size_t customer_number, std::vector<Event>& out);

 private:
  void draw_visits(const Customer& customer, Rng& rng);
  // Returns when it is over.
  Second visit(const Customer& customer, Second begin, Rng& rng, std::vector<Event>& out);

  const World& world_;
  Chooser chooser_;
  PersonalState state_;
  std::vector<Second> visits_;
};

}  // namespace gemel::synth
