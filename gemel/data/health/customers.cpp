// Customers whose events no human makes: too many in a minute or on a day, perfectly regular, one product over and over.
#include <algorithm>
#include <cmath>

#include "gemel/data/day.h"
#include "gemel/data/health/checks.h"
#include "gemel/data/health/wording.h"

namespace gemel::health {
namespace {

using std::chrono::minutes;

// Events of one moment are one act (a basket), so that what counts in a minute is different moments.
constexpr std::size_t kMomentsAMinute = 30;
constexpr std::size_t kEventsADay = 50;      // and kTimesUsual times what 99 in 100 customer-days hold
constexpr std::size_t kTimesUsual = 20;
constexpr std::size_t kRegularGaps = 20;     // at least so many gaps, all alike
constexpr double kRegular = 0.05;            // deviation of the gaps over their mean
constexpr std::size_t kOneProduct = 50;      // at least so many events, of which
constexpr double kOneProductShare = 0.95;    // are of one product
constexpr double kSeriousShare = 0.1, kWarningShare = 0.005;  // of the events

struct Robot {
  std::size_t user;
  std::size_t num_events;
  std::string evidence;
};

// The events of one customer, oldest first.
struct Visit {
  std::vector<TimePoint> moments;  // distinct
  std::vector<std::uint32_t> items;  // sorted
  std::size_t busiest_day = 0;     // events on it
  Day day{};
};

Visit look_at(const ShopFacts& facts, std::size_t user) {
  Visit visit;
  std::size_t on_day = 0;
  for (const std::uint32_t event : facts.by_user.of(user)) {
    const TimePoint at = facts.dataset.times()[event];
    on_day = !visit.moments.empty() && day_of(visit.moments.back()) == day_of(at) ? on_day + 1 : 1;
    if (on_day > visit.busiest_day) {
      visit.busiest_day = on_day;
      visit.day = day_of(at);
    }
    if (visit.moments.empty() || visit.moments.back() != at) visit.moments.push_back(at);
    visit.items.push_back(static_cast<std::uint32_t>(facts.dataset.items()[event]));
  }
  std::ranges::sort(visit.items);
  return visit;
}

std::size_t most_in_a_minute(const std::vector<TimePoint>& moments) {
  std::size_t most = 0;
  for (std::size_t first = 0, last = 0; last < moments.size(); ++last) {
    while (moments[last] - moments[first] >= minutes(1)) ++first;
    most = std::max(most, last - first + 1);
  }
  return most;
}

// Standard deviation of the gaps over their mean, and the mean in days.
std::pair<double, double> regularity(const std::vector<TimePoint>& moments) {
  double sum = 0, squares = 0;
  const auto gaps = static_cast<double>(moments.size() - 1);
  for (std::size_t i = 1; i < moments.size(); ++i) {
    const double gap = std::chrono::duration<double, std::ratio<86400>>(moments[i] - moments[i - 1]).count();
    sum += gap;
    squares += gap * gap;
  }
  const double mean = sum / gaps;
  return {std::sqrt(std::max(0.0, squares / gaps - mean * mean)) / mean, mean};
}

// (product, events) of the customer's most frequent product.
std::pair<std::uint32_t, std::size_t> favourite(const std::vector<std::uint32_t>& items) {
  std::pair<std::uint32_t, std::size_t> best{0, 0};
  for (std::size_t begin = 0, end = 0; begin < items.size(); begin = end) {
    while (end < items.size() && items[end] == items[begin]) ++end;
    if (end - begin > best.second) best = {items[begin], end - begin};
  }
  return best;
}

// What 99 in 100 (customer, day) pairs stay within.
std::size_t usual_day(const ShopFacts& facts) {
  std::vector<std::size_t> counts;
  for (std::size_t user = 0; user < facts.by_user.size(); ++user) {
    Day last{};
    for (const std::uint32_t event : facts.by_user.of(user)) {
      if (counts.empty() || facts.day(event) != last || event == facts.by_user.of(user).front()) counts.push_back(0);
      last = facts.day(event);
      ++counts.back();
    }
  }
  if (counts.empty()) return 0;
  const auto at = counts.begin() + static_cast<std::ptrdiff_t>(counts.size() * 99 / 100);
  std::nth_element(counts.begin(), at, counts.end());
  return *at;
}

std::string gap_text(double days) {
  if (days >= 1) return concat(short_number(days), days == 1 ? " day" : " days");
  if (days * 24 >= 1) return concat(short_number(days * 24), " hours");
  return concat(short_number(days * 86400), " seconds");
}

struct Robots {
  std::vector<Robot> fast, busy, regular, single;
};

void sort_out(const ShopFacts& facts, std::size_t user, std::size_t many_a_day, Robots& robots) {
  const std::size_t num_events = facts.by_user.of(user).size();
  if (num_events <= kRegularGaps) return;  // too few for any of the rules
  const Visit visit = look_at(facts, user);
  if (facts.dataset.time_kind() == TimeKind::kSeconds) {
    if (const std::size_t most = most_in_a_minute(visit.moments); most >= kMomentsAMinute)
      robots.fast.push_back({user, num_events, concat(grouped(most), " moments within a minute")});
  }
  if (visit.busiest_day >= many_a_day)
    robots.busy.push_back({user, num_events, concat(grouped(visit.busiest_day), " events on ", gemel::to_text(visit.day))});
  if (visit.moments.size() > kRegularGaps) {
    const auto [deviation, mean_days] = regularity(visit.moments);
    if (deviation <= kRegular)
      robots.regular.push_back(
          {user, num_events,
           concat("every ", gap_text(mean_days), ", ", counted(visit.moments.size() - 1, "time"), ", deviation ", percent(deviation))});
  }
  const auto [product, times] = favourite(visit.items);
  if (times >= kOneProduct && ratio(times, num_events) >= kOneProductShare)
    robots.single.push_back({user, num_events, concat(grouped(times), " events of ", facts.product(product))});
}

void tell(const ShopFacts& facts, std::string_view kind, const std::string& rule, std::vector<Robot> robots, Table& table,
          Section& section) {
  if (robots.empty()) return;
  std::ranges::stable_sort(robots, std::greater(), &Robot::num_events);
  std::size_t events = 0;
  std::vector<std::string> examples, ids;
  for (const Robot& robot : robots) {
    events += robot.num_events;
    ids.push_back(facts.customer(robot.user));
    examples.push_back(concat(facts.customer(robot.user), ": ", robot.evidence));
    table.rows.push_back({facts.customer(robot.user), kind, Cell::count(robot.num_events), robot.evidence});
  }
  const double share = facts.share_of_events(events);
  section.findings.push_back(
      {share >= kSeriousShare   ? Severity::kSerious
       : share >= kWarningShare ? Severity::kWarning
                                : Severity::kNote,
       concat(counted(robots.size(), "customer"), " ", rule, ", with ", percent(share), " of the events (", listed(examples, 2), ")"),
       "robots, tills or tests: popularity and what goes with what follow them instead of people, and they are judged as customers",
       concat("if no person is behind them, leave them out: ", exclude_line("user", ids)), "events.exclude"});
}

void add_concentration(const ShopFacts& facts, Section& section) {
  std::vector<std::size_t> counts;
  for (std::size_t user = 0; user < facts.by_user.size(); ++user)
    if (!facts.by_user.of(user).empty()) counts.push_back(facts.by_user.of(user).size());
  std::ranges::sort(counts, std::greater());
  const std::size_t top = (counts.size() + 99) / 100;
  std::size_t events = 0;
  for (std::size_t i = 0; i < top; ++i) events += counts[i];
  section.lines.push_back(concat("The busiest 1 % of the customers (", grouped(top), ") made ", percent(facts.share_of_events(events)),
                                 " of the events; the median customer has ", counted(counts[counts.size() / 2], "event"), ", the busiest ",
                                 grouped(counts.front()), "."));
}

}  // namespace

void check_customers(const ShopFacts& facts, Section& section) {
  add_concentration(facts, section);
  const std::size_t many_a_day = std::max(kEventsADay, kTimesUsual * usual_day(facts));
  Robots robots;
  for (std::size_t user = 0; user < facts.by_user.size(); ++user) sort_out(facts, user, many_a_day, robots);
  Table table{"robots", {"customer", "kind", "events", "evidence"}};
  tell(facts, "fast", concat("acted at ", kMomentsAMinute, " or more moments within a minute"), robots.fast, table, section);
  tell(facts, "busy", concat("had ", grouped(many_a_day), " or more events on one day"), robots.busy, table, section);
  tell(facts, "regular", "acted at perfectly regular times", robots.regular, table, section);
  tell(facts, "one product", concat("had ", kOneProduct, " or more events of nearly always the same product"), robots.single, table,
       section);
  if (!table.rows.empty()) section.tables.push_back(std::move(table));
}

}  // namespace gemel::health
