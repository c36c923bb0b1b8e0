// Whether the order of a customer's events is real: events of one timestamp have none.
#include <algorithm>
#include <unordered_map>

#include "gemel/data/day.h"
#include "gemel/data/health/checks.h"
#include "gemel/data/health/wording.h"

namespace gemel::health {
namespace {

constexpr double kManyTies = 0.2;         // of the events share customer and timestamp with another
constexpr double kOneMoment = 0.5;        // of the customers with several events have them all at one timestamp
constexpr double kMassMoment = 0.01;      // of all events lie at one timestamp finer than a day
constexpr std::size_t kMassEvents = 100;
constexpr double kMidnights = 0.1;        // of the events lie at midnight sharp, where 1 in 86,400 would

struct Ties {
  std::size_t events = 0, customers = 0, one_moment = 0, several = 0;
};

Ties count_ties(const ShopFacts& facts) {
  Ties ties;
  const auto times = facts.dataset.times();
  for (std::size_t user = 0; user < facts.by_user.size(); ++user) {
    const auto events = facts.by_user.of(user);
    std::size_t tied = 0;
    for (std::size_t i = 0; i < events.size(); ++i) {
      const bool like_last = i > 0 && times[events[i]] == times[events[i - 1]];
      const bool like_next = i + 1 < events.size() && times[events[i]] == times[events[i + 1]];
      tied += like_last || like_next;
    }
    ties.events += tied;
    ties.customers += tied > 0;
    if (events.size() < 2) continue;
    ++ties.several;
    ties.one_moment += times[events.front()] == times[events.back()];
  }
  return ties;
}

void judge_ties(const ShopFacts& facts, const Ties& ties, Section& section) {
  const double share = facts.share_of_events(ties.events), at_once = ratio(ties.one_moment, ties.several);
  const std::string_view what = facts.dataset.time_kind() == TimeKind::kDays ? "day" : "timestamp";
  if (share >= kManyTies)
    section.findings.push_back({Severity::kNote,
                                concat(percent(share), " of the events share customer and ", what, " with another, ",
                                       grouped(ties.customers), " customers in all"),
                                "their order is not real. gemel uses none: what a customer did at a moment is no history of that moment. "
                                "Tools that take the order "
                                "of rows for time find the rest of a basket and call it a forecast",
                                what == "day" ? "export the time of day if the shop knows it" : "nothing, if these are baskets",
                                "events.time"});
  if (at_once >= kOneMoment && ties.several >= 100)
    section.findings.push_back(
        {Severity::kWarning,
         concat(percent(at_once), " of the customers with several events, ", grouped(ties.one_moment), ", have them all at one ", what),
         "they have no history when they are asked about, so that hardly anything personal can be learnt",
         "see whether the time is that of the event, not of the export, and whether customers keep their id", "events.time"});
}

// Where times are finer than a day, a moment that many events share is a clock that was not running.
void judge_clock(const ShopFacts& facts, Section& section) {
  std::unordered_map<std::int64_t, std::uint32_t> counts;
  std::size_t midnights = 0;
  for (const TimePoint at : facts.dataset.times()) {
    ++counts[at.time_since_epoch().count()];
    midnights += at == TimePoint(day_of(at));
  }
  std::int64_t moment = 0;
  std::uint32_t most = 0;
  for (const auto& [at, count] : counts)
    if (count > most || (count == most && at < moment)) std::tie(moment, most) = std::tuple(at, count);
  const Day day = day_of(TimePoint(std::chrono::microseconds(moment)));
  if (most >= kMassEvents && facts.share_of_events(most) >= kMassMoment)
    section.findings.push_back(
        {Severity::kWarning,
         concat(grouped(most), " events, ", percent(facts.share_of_events(most)), ", lie at one timestamp, on ", gemel::to_text(day)),
         "the time of an import or of a missing value, not of events: they stand in the wrong place of every history",
         "leave these rows out, or export the time at which they happened", "events.time"});
  if (facts.share_of_events(midnights) >= kMidnights)
    section.findings.push_back(
        {Severity::kWarning,
         concat(percent(facts.share_of_events(midnights)), " of the events, ", grouped(midnights), ", lie at midnight sharp"),
         "some rows have only a day: they come before all others of that day, and the history of these lacks or holds them wrongly",
         "export one kind of time for all rows", "events.time"});
}

}  // namespace

void check_moments(const ShopFacts& facts, Section& section) {
  const Ties ties = count_ties(facts);
  section.tables.push_back(
      {"ties",
       {"what", "number", "share"},
       {{"events that share customer and moment with another", Cell::count(ties.events), Cell::share(facts.share_of_events(ties.events))},
        {"customers with such events", Cell::count(ties.customers), Cell::share(ratio(ties.customers, facts.by_user.size()))},
        {"customers of several events, all at one moment", Cell::count(ties.one_moment),
         Cell::share(ratio(ties.one_moment, ties.several))}}});
  judge_ties(facts, ties, section);
  if (facts.dataset.time_kind() == TimeKind::kSeconds) judge_clock(facts, section);
}

}  // namespace gemel::health
