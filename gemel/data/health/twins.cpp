// Products that share their customers: one product listed under two ids.
#include <algorithm>
#include <set>

#include "gemel/data/health/checks.h"
#include "gemel/data/health/wording.h"
#include "gemel/data/twin_pairs.h"

namespace gemel::health {
namespace {

constexpr double kSeriousShare = 0.01, kWarningShare = 0.001;  // of the events, on the rarer ones of pairs that are not doubtful
constexpr std::size_t kFewCustomers = 3;  // fewer that had both: may be a habit of theirs
constexpr std::size_t kMoreFrequent = 5;  // a twin with more than so many times the rows goes with everything

std::vector<DayRow> day_rows(const Dataset& dataset) {
  std::vector<DayRow> rows(dataset.num_events());
  for (std::size_t event = 0; event < rows.size(); ++event)
    rows[event] = {static_cast<std::uint32_t>(dataset.users()[event]),
                   static_cast<std::int32_t>(day_of(dataset.times()[event]).time_since_epoch().count()),
                   static_cast<std::uint32_t>(dataset.items()[event])};
  return rows;
}

// Customers with both products at any time.
std::size_t customers_of_both(const ShopFacts& facts, const TwinPair& pair) {
  std::set<UserIndex> of_rarer, both;
  for (const std::uint32_t event : facts.by_item.of(pair.rarer)) of_rarer.insert(facts.dataset.users()[event]);
  for (const std::uint32_t event : facts.by_item.of(pair.other))
    if (of_rarer.contains(facts.dataset.users()[event])) both.insert(facts.dataset.users()[event]);
  return both.size();
}

}  // namespace

void check_twins(const ShopFacts& facts, Section& section) {
  const TwinsConfig& config = facts.dataset.config().items.twins;
  std::vector<TwinPair> pairs = find_twin_pairs(day_rows(facts.dataset), facts.dataset.num_items(), config);
  std::ranges::stable_sort(pairs, std::greater(), &TwinPair::num_shared);
  Table table{"pairs", {"product", "twin", "rows", "of_twin", "shared", "share", "customers"}};
  std::set<std::uint32_t> copies;  // the rarer ones of pairs that are not doubtful
  std::size_t events = 0, doubtful = 0;
  for (const TwinPair& pair : pairs) {
    const std::size_t customers = customers_of_both(facts, pair);
    if (customers < kFewCustomers || pair.num_other > kMoreFrequent * pair.num_rarer) ++doubtful;
    else if (copies.insert(pair.rarer).second) events += facts.by_item.of(pair.rarer).size();
    table.rows.push_back({facts.product(pair.rarer), facts.product(pair.other), Cell::count(pair.num_rarer), Cell::count(pair.num_other),
                          Cell::count(pair.num_shared), Cell::share(ratio(pair.num_shared, pair.num_rarer)), Cell::count(customers)});
  }
  if (pairs.empty()) {
    section.lines.push_back(concat("No two products share ", config.min_shared, " (customer, day) rows that are ",
                                   percent(config.min_share), " of the rarer one's."));
    return;
  }
  section.tables.push_back(std::move(table));
  const double share = facts.share_of_events(events);
  const std::string doubt = doubtful == 0 ? ""
                                          : concat("; ", grouped(doubtful), doubtful == 1 ? " of the pairs is" : " of the pairs are",
                                                   " doubtful, known by one or two customers or with a much more frequent product");
  section.findings.push_back(
      {share >= kSeriousShare   ? Severity::kSerious
       : share >= kWarningShare ? Severity::kWarning
                                : Severity::kNote,
       concat(counted(pairs.size(), "pair"), " of products ", pairs.size() == 1 ? "shares" : "share", " at least ",
              percent(config.min_share), " of the rarer one's (customer, day) rows; what merging takes away holds ", percent(share),
              " of the events", doubt),
       "one product, or two sizes of one, listed under two ids with the same events: a model is praised for recommending the copy of what "
       "the customer just had, and shows it to them",
       2 * doubtful > pairs.size()
           ? "look at the pairs that are not doubtful; merging would join all of them, unless min_shared or min_share is raised"
           : "look at the pairs; if they are one product, merge them: twins = { merge = true }, then ingest again",
       "items.twins"});
}

}  // namespace gemel::health
