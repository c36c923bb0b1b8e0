#include "gemel/synth/year.h"

#include <algorithm>
#include <cmath>

namespace gemel::synth {
namespace {

constexpr Second kBetweenVisits = 1800;
constexpr Second kClosing = 86'400 - 900;  // no further view in the last quarter of an hour of a day

Second draw_seconds(Second min, Second max, Rng& rng) {
  return min + static_cast<Second>(rng.below(static_cast<std::uint64_t>(max - min + 1)));
}

// Means up to hundreds: as many arrivals, each an exponential time after the last, as fit into the time `mean`.
std::size_t draw_count(double mean, Rng& rng) {
  std::size_t count = 0;
  for (double left = mean + std::log(1 - rng.uniform()); left > 0; left += std::log(1 - rng.uniform())) ++count;
  return count;
}

}  // namespace

void YearOfCustomer::run(std::size_t customer_number, std::vector<Event>& out) {
  out.clear();
  const Customer customer = world_.customer(customer_number);
  Rng rng = stream_of(world_.options().seed, Draws::kVisits, customer_number);
  draw_visits(customer, rng);
  state_.clear();
  Second free_from = 0;
  for (const Second begin : visits_) {
    if (begin < free_from) continue;  // still there, or just gone
    free_from = visit(customer, begin, rng, out) + kBetweenVisits;
  }
}

void YearOfCustomer::draw_visits(const Customer& customer, Rng& rng) {
  const Calendar& calendar = world_.calendar();
  visits_.assign(1, calendar.draw(0, rng));
  const std::size_t from = customer.joined_before ? 0 : day_of_second(visits_.front());
  const std::size_t more = draw_count(customer.visits_per_year * calendar.share_from(from), rng);
  for (std::size_t i = 0; i < more; ++i) visits_.push_back(calendar.draw(from, rng));
  std::sort(visits_.begin(), visits_.end());
}

Second YearOfCustomer::visit(const Customer& customer, Second begin, Rng& rng, std::vector<Event>& out) {
  Second now = begin;
  const auto act = [&](std::size_t product, Action action) {
    out.push_back({now, static_cast<std::uint32_t>(product), action});
    state_.add(product, action, now);
  };
  for (int views = 1;; ++views) {
    const Choice choice = chooser_.draw(customer, state_, now, rng);
    act(choice.product, Action::kView);
    if (rng.uniform() < cart_chance(choice.motive)) {
      now += draw_seconds(5, 90, rng);
      act(choice.product, Action::kCart);
      if (rng.uniform() < buy_chance(customer, world_.catalogue().products[choice.product])) {
        now += draw_seconds(15, kFunnelSeconds, rng);
        act(choice.product, Action::kPurchase);
      }
    }
    if (views == kMaxViews || now % kSecondsADay > kClosing || rng.uniform() >= kMoreViews) return now;
    now += draw_seconds(10, 180, rng);
  }
}

}  // namespace gemel::synth
