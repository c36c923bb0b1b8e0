// Events by week: gaps, broken exports, days cut off, where the mass of the events lies.
#include <algorithm>
#include <array>

#include "gemel/data/day.h"
#include "gemel/data/health/checks.h"
#include "gemel/data/health/wording.h"

namespace gemel::health {
namespace {

using std::chrono::days;

constexpr std::size_t kNeighbours = 4;          // weeks to either side
constexpr double kEnoughEvents = 30;            // in the median week around, and
constexpr double kOfMeanWeek = 0.2;             // of the mean week: below either, weeks say little
constexpr double kBroken = 0.25, kPeak = 4;     // of that median
constexpr double kCutOff = 0.5, kEnoughADay = 20;  // of the median day around
constexpr int kDaysAround = 28;
constexpr double kThin = 0.05;                  // of the events in the first half of the period
constexpr std::size_t kChartWidth = 88;

// Weeks begin on Monday; 1970-01-01 was a Thursday.
std::int64_t week_of(Day day) { return (day.time_since_epoch().count() + 3 + 7 * 1'000'000) / 7 - 1'000'000; }
Day monday_of(std::int64_t week) { return Day(days(week * 7 - 3)); }

struct Weeks {
  std::int64_t first = 0;
  std::vector<std::uint32_t> events, days;  // [weeks], [days from `first_day`]
  Day first_day{}, last_day{};
};

Weeks count_weeks(const ShopFacts& facts) {
  const auto times = facts.dataset.times();
  const auto [first, last] = std::ranges::minmax(times);
  Weeks weeks{week_of(day_of(first)), {}, {}, day_of(first), day_of(last)};
  weeks.events.resize(static_cast<std::size_t>(week_of(weeks.last_day) - weeks.first) + 1);
  weeks.days.resize(static_cast<std::size_t>((weeks.last_day - weeks.first_day).count()) + 1);
  for (const TimePoint at : times) {
    ++weeks.events[static_cast<std::size_t>(week_of(day_of(at)) - weeks.first)];
    ++weeks.days[static_cast<std::size_t>((day_of(at) - weeks.first_day).count())];
  }
  return weeks;
}

double median(std::vector<std::uint32_t> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Of the weeks around this one; the first and the last, which may be partial, count for nobody.
double median_around(const Weeks& weeks, std::size_t week) {
  std::vector<std::uint32_t> around;
  const std::size_t begin = week > kNeighbours ? week - kNeighbours : 1;
  for (std::size_t other = begin; other + 1 < weeks.events.size() && other <= week + kNeighbours; ++other)
    if (other != week) around.push_back(weeks.events[other]);
  return median(std::move(around));
}

// A block for each few weeks, as high as their mean is.
std::string chart(const Weeks& weeks, std::size_t& weeks_a_mark) {
  constexpr std::array<std::string_view, 9> kMarks{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const std::size_t size = weeks.events.size();
  weeks_a_mark = (size + kChartWidth - 1) / kChartWidth;
  std::vector<double> means;
  for (std::size_t begin = 0; begin < size; begin += weeks_a_mark) {
    const std::size_t end = std::min(size, begin + weeks_a_mark);
    double sum = 0;
    for (std::size_t week = begin; week < end; ++week) sum += weeks.events[week];
    means.push_back(sum / static_cast<double>(end - begin));
  }
  const double highest = std::ranges::max(means);
  std::string text;
  for (const double mean : means) text += kMarks[mean == 0 ? 0 : static_cast<std::size_t>(1 + 7 * mean / highest)];
  return text;
}

std::string week_text(const Weeks& weeks, std::size_t week, double around) {
  return concat("week of ", gemel::to_text(monday_of(weeks.first + static_cast<std::int64_t>(week))), ": ", grouped(weeks.events[week]),
                " where ", grouped(static_cast<std::uint64_t>(around)), " are usual");
}

void judge_weeks(const ShopFacts& facts, const Weeks& weeks, Section& section) {
  std::vector<std::string> broken, peaks;
  bool is_judged_by = false;
  const double mean_week = ratio(facts.dataset.num_events(), weeks.events.size());
  for (std::size_t week = 1; week + 1 < weeks.events.size(); ++week) {
    const double around = median_around(weeks, week);
    if (around < std::max(kEnoughEvents, kOfMeanWeek * mean_week)) continue;
    if (weeks.events[week] < kBroken * around) {
      broken.push_back(week_text(weeks, week, around));
      const TimePoint end = TimePoint(monday_of(weeks.first + static_cast<std::int64_t>(week) + 1));
      is_judged_by |= facts.split && end > facts.split->validation_from;
    }
    if (weeks.events[week] > kPeak * around) peaks.push_back(week_text(weeks, week, around));
  }
  if (!broken.empty())
    section.findings.push_back(
        {is_judged_by ? Severity::kSerious : Severity::kWarning,
         concat(counted(broken.size(), "week"), " with less than ", percent(kBroken), " of the events around (", listed(broken, 3), ")"),
         is_judged_by ? "part of the export is missing in the period that models are chosen and judged by"
                      : "part of the export is missing: counters and histories have a hole there",
         "export these weeks again, then ingest", "events.path"});
  if (!peaks.empty())
    section.findings.push_back(
        {Severity::kNote,
         concat(counted(peaks.size(), "week"), " with more than ", kPeak, " times the events around (", listed(peaks, 3), ")"),
         "a sale, a campaign or an import: recent popularity follows it for some half-lives",
         "nothing if it was real; else see where these rows come from", ""});
}

// A first or last day with much less than the days beside it was cut off in its middle.
void judge_edge(const Weeks& weeks, bool is_last, Section& section) {
  const std::size_t size = weeks.days.size();
  if (size < 8) return;
  const std::size_t edge = is_last ? size - 1 : 0;
  std::vector<std::uint32_t> around;
  for (std::size_t i = 1; i < size && i <= kDaysAround; ++i) around.push_back(weeks.days[is_last ? size - 1 - i : i]);
  const double usual = median(around);
  if (usual < kEnoughADay || weeks.days[edge] >= kCutOff * usual) return;
  section.findings.push_back(
      {Severity::kNote,
       concat("the ", is_last ? "last" : "first", " day, ", gemel::to_text(is_last ? weeks.last_day : weeks.first_day), ", has ",
              counted(weeks.days[edge], "event"), " where ", grouped(static_cast<std::uint64_t>(usual)), " are usual"),
       is_last
           ? "the export was made before the day was over, or its times are of another zone than UTC: the last week of the test is short "
             "of events"
           : "the export begins within the day, which does no harm",
       is_last ? concat("end the export at midnight UTC, or leave the day out: ", exclude_line("day", {gemel::to_text(weeks.last_day)}))
               : "nothing",
       is_last ? "events.exclude" : ""});
}

void judge_mass(const Weeks& weeks, std::size_t num_events, Section& section) {
  std::size_t early = 0;
  for (std::size_t day = 0; day < weeks.days.size() / 2; ++day) early += weeks.days[day];
  const double share = ratio(early, num_events);
  if (weeks.days.size() < 60 || share >= kThin) return;
  section.findings.push_back({Severity::kNote,
                              concat("the first half of the period, up to ", gemel::to_text(weeks.first_day + days(weeks.days.size() / 2)),
                                     ", holds ", percent(share), " of the events"),
                              "old events are few and of another shop than today's; they cost little and teach little",
                              "keep them, with a half-life that lets them fade", "models.two_tower.example_half_life_days"});
}

}  // namespace

void check_weeks(const ShopFacts& facts, Section& section) {
  const Weeks weeks = count_weeks(facts);
  std::size_t weeks_a_mark = 1;
  const std::string marks = chart(weeks, weeks_a_mark);
  section.lines.push_back(concat(gemel::to_text(weeks.first_day), " to ", gemel::to_text(weeks.last_day), ", ",
                                 counted(weeks.events.size(), "week"), " from Monday to Sunday, at most ",
                                 grouped(std::ranges::max(weeks.events)), " events in one; a mark is ", counted(weeks_a_mark, "week"),
                                 ":"));
  section.lines.push_back(marks);
  Table table{"weeks", {"monday", "events"}};
  table.shown_rows = 0;
  for (std::size_t week = 0; week < weeks.events.size(); ++week)
    table.rows.push_back({gemel::to_text(monday_of(weeks.first + static_cast<std::int64_t>(week))), Cell::count(weeks.events[week])});
  section.tables.push_back(std::move(table));
  judge_weeks(facts, weeks, section);
  judge_edge(weeks, /*is_last=*/false, section);
  judge_edge(weeks, /*is_last=*/true, section);
  judge_mass(weeks, facts.dataset.num_events(), section);
}

}  // namespace gemel::health
