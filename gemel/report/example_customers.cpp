#include "gemel/report/example_customers.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "gemel/eval/buckets.h"
#include "gemel/numerics/rng.h"

namespace gemel::report {
namespace {

constexpr std::array<std::size_t, kHistoryBuckets.size()> kWanted = {1, 1, 0, 1, 2, 2};  // of each bucket of history lengths

}  // namespace

std::vector<std::uint32_t> draw_examples(const QueryPlan& plan, const Histories& all_events, std::uint64_t seed) {
  std::vector<std::uint32_t> order(plan.queries.size()), drawn;
  std::iota(order.begin(), order.end(), 0u);
  Rng(seed, 0x6578616d706c65).shuffle(std::span(order));
  std::array<std::size_t, kHistoryBuckets.size()> missing = kWanted;
  std::vector<UserIndex> customers;  // each is shown once
  for (const std::uint32_t query : order) {
    const PlannedQuery& planned = plan.queries[query];
    const std::size_t bucket = history_bucket(history_before(all_events.of(planned.user), planned.at).size());
    if (missing[bucket] == 0 || std::ranges::find(customers, planned.user) != customers.end()) continue;
    --missing[bucket];
    customers.push_back(planned.user);
    drawn.push_back(query);
  }
  std::ranges::sort(drawn);
  return drawn;
}

}  // namespace gemel::report
