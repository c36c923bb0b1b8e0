// Products that had most of their events on one day.
#include <algorithm>
#include <set>

#include "gemel/base/toml_text.h"
#include "gemel/data/day.h"
#include "gemel/data/health/checks.h"
#include "gemel/data/health/wording.h"

namespace gemel::health {
namespace {

using std::chrono::days;

constexpr std::size_t kEnoughEvents = 30;
constexpr days kLongSold{30};       // between its first and last event
constexpr double kBurst = 0.5;      // of its events on one day
constexpr double kWarningShare = 0.01;  // of all events, on these products

struct Burst {
  std::size_t item, num_events, on_day, customers;
  Day day;
};

std::optional<Burst> find_burst(const ShopFacts& facts, std::size_t item) {
  const auto events = facts.by_item.of(item);
  if (events.size() < kEnoughEvents || facts.day(events.back()) - facts.day(events.front()) < kLongSold) return std::nullopt;
  Burst burst{item, events.size(), 0, 0, {}};
  for (std::size_t begin = 0, end = 0; begin < events.size(); begin = end) {
    while (end < events.size() && facts.day(events[end]) == facts.day(events[begin])) ++end;
    if (end - begin <= burst.on_day) continue;
    burst.on_day = end - begin;
    burst.day = facts.day(events[begin]);
    std::set<UserIndex> customers;
    for (std::size_t i = begin; i < end; ++i) customers.insert(facts.dataset.users()[events[i]]);
    burst.customers = customers.size();
  }
  if (ratio(burst.on_day, burst.num_events) < kBurst) return std::nullopt;
  return burst;
}

}  // namespace

void check_bursts(const ShopFacts& facts, Section& section) {
  std::vector<Burst> bursts;
  std::size_t events = 0;
  for (std::size_t item = 0; item < facts.by_item.size(); ++item) {
    if (const auto burst = find_burst(facts, item)) {
      bursts.push_back(*burst);
      events += burst->num_events;
    }
  }
  if (bursts.empty()) {
    section.lines.push_back(concat("No product of ", kEnoughEvents, " or more events had half of them on one day."));
    return;
  }
  std::ranges::stable_sort(bursts, std::greater(), &Burst::on_day);
  Table table{"bursts", {"product", "day", "events_that_day", "customers_that_day", "of_all_its_events"}};
  for (const Burst& burst : bursts)
    table.rows.push_back({facts.product(burst.item), gemel::to_text(burst.day), Cell::count(burst.on_day), Cell::count(burst.customers),
                          Cell::share(ratio(burst.on_day, burst.num_events))});
  const double share = facts.share_of_events(events);
  const Burst& worst = bursts.front();
  section.findings.push_back(
      {share >= kWarningShare ? Severity::kWarning : Severity::kNote,
       concat(counted(bursts.size(), "product"), " had half or more of their events on a single day, though sold for a month or longer; ",
              facts.product(worst.item), " ", grouped(worst.on_day), " of ", grouped(worst.num_events), " on ", gemel::to_text(worst.day)),
       "a campaign, free samples, an import or a robot: for days after it recent popularity puts such a product before everybody",
       concat("if nobody chose it, leave that day's events of it out: exclude = [{ item = ",
              toml_text(facts.dataset.item_table().ids[worst.item]), ", day = ", toml_text(gemel::to_text(worst.day)),
              " }]; else nothing: the decay of popularity forgets it"),
       "events.exclude"});
  section.tables.push_back(std::move(table));
}

}  // namespace gemel::health
