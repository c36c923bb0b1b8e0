#include "gemel/synth/personal_state.h"

#include <algorithm>
#include <cmath>

namespace gemel::synth {
namespace {

double days_between(Second earlier, Second later) { return static_cast<double>(later - earlier) / kSecondsADay; }

double interest_of(double strength, Second last, Second at) {
  return last < 0 ? 0 : strength * std::exp2(-days_between(last, at) / kInterestHalfLifeDays);
}

}  // namespace

void PersonalState::add(std::size_t product, Action action, Second at) {
  auto past = std::ranges::find(past_, static_cast<std::uint32_t>(product), &Past::product);
  if (past == past_.end()) past = past_.insert(past, {.product = static_cast<std::uint32_t>(product)});
  switch (action) {
    case Action::kView: past->viewed = at; break;
    case Action::kCart: past->carted = at; break;
    case Action::kPurchase:
      ++past->num_purchases;
      past->bought = at;
      past->viewed = past->carted = -1;
      break;
  }
}

double PersonalState::pulls(const World& world, const Customer& customer, Second at, std::vector<Pull>& out) const {
  out.clear();
  double total = 0;
  const std::size_t day = day_of_second(at);
  for (const Past& past : past_) {
    if (!world.demand().is_for_sale(past.product, day)) continue;
    Pull pull{past.product, 0, std::max(interest_of(kViewInterest, past.viewed, at), interest_of(kCartInterest, past.carted, at))};
    const double duration = world.catalogue().products[past.product].duration_days;
    if (past.num_purchases > 0 && duration > 0 && at > past.bought) {
      const double habit = std::min(kMaxHabit, 1 + kHabitStep * (past.num_purchases - 1));
      const double away = std::log(days_between(past.bought, at) / duration) / kNeedSpread;
      pull.need = customer.loyalty * kNeed * habit * std::exp(-away * away / 2);
    }
    total += pull.need + pull.interest;
    out.push_back(pull);
  }
  return total;
}

}  // namespace gemel::synth
