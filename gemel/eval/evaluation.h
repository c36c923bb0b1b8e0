// What an evaluation of one model found. Every average comes with its count.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "gemel/data/query_plan.h"
#include "gemel/eval/list_statistics.h"
#include "gemel/eval/metrics.h"
#include "gemel/models/recommender.h"

namespace gemel {

// Metrics of some of the queries, or of all queries against some of their targets. Queries that it leaves without a target are not in it.
struct Slice {
  std::string name;
  std::string meaning;           // for people
  std::vector<UserIndex> users;  // [num_queries] whose query it is
  std::vector<double> values;    // [num_queries, kNumMetrics]
  std::size_t num_targets = 0;

  std::size_t num_queries() const { return users.size(); }
  double mean(std::size_t metric) const;  // 0 when there are no queries
};

// Means of the queries of one week after the cut.
struct WeekResult {
  int week = 0;  // 0: the first seven days after the cut
  std::size_t num_queries = 0, num_targets = 0;
  std::vector<double> means;  // [kNumMetrics]
};

struct Evaluation {
  std::string model, knobs;
  Protocol protocol{};
  Repeats repeats{};
  bool retrained = false;  // refitted before each block
  Slice all;
  // with_history, without_history: who asks. repeats, first_purchases: targets the customer had or had not had before the query.
  // new_products: targets never seen before the cut. All are judged in the same rankings as `all`.
  std::vector<Slice> parts;
  std::vector<Slice> by_popularity;    // targets in each of kPopularityBuckets
  std::vector<Slice> by_history;       // queries in each of kHistoryBuckets
  std::vector<WeekResult> weeks;       // those with queries
  std::vector<ListStatistics> lists;   // at each of kCutoffs
  std::size_t customers_without_targets = 0, dropped_targets = 0;  // as counted by the plan
  double seconds = 0;                  // advancing, asking and scoring
  std::vector<std::vector<ScoredItem>> watched;  // the answers to the queries that the caller wanted to see

  const Slice& part(std::string_view name) const;
};

}  // namespace gemel
