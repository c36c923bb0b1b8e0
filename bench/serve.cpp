// What serve.py measures inside one process; each answer is checked, each command prints a line of JSON.
// bench_serve open DATASET BUNDLE CONFIG RUNS: seconds to open a Dataset, to fit the encoders of the two-tower CONFIG on it, to open a
// bundle. bench_serve answer BUNDLE CUSTOMERS SECONDS: microseconds of single requests to a warm Retriever for the customers of a file, one
// a line. bench_serve evaluate DATASET BUNDLE THREADS RUNS: seconds of judging a bundle on the test period, one query a customer.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "gemel/data/split.h"
#include "gemel/eval/compare.h"
#include "gemel/eval/evaluate.h"
#include "gemel/models/two_tower/encoders.h"
#include "gemel/retrieval/retriever.h"

namespace gemel {
namespace {

using Clock = std::chrono::steady_clock;
using Arguments = std::span<const char* const>;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

TrainView whole(const Dataset& dataset) { return {&dataset, dataset.num_events(), dataset.times().back() + std::chrono::microseconds(1)}; }

Result<void> open_all(Arguments arguments) {
  std::vector<double> dataset_seconds, fit_seconds, bundle_seconds;
  GEMEL_ASSIGN_OR_RETURN(const ConfigFile file, ConfigFile::open(arguments[2]));
  GEMEL_ASSIGN_OR_RETURN(const TwoTowerConfig config, TwoTowerConfig::read(file.root()));
  for (int run = std::atoi(arguments[3]); run > 0; --run) {
    auto start = Clock::now();
    GEMEL_ASSIGN_OR_RETURN(const Dataset dataset, Dataset::open(arguments[0]));
    dataset_seconds.push_back(seconds_since(start));
    start = Clock::now();
    GEMEL_ASSIGN_OR_RETURN(const auto candidates, CandidateEncoder::fit(config, whole(dataset)));
    GEMEL_ASSIGN_OR_RETURN(const auto queries, QueryEncoder::fit(config, whole(dataset), candidates.ids()));
    fit_seconds.push_back(seconds_since(start));
    start = Clock::now();
    GEMEL_ASSIGN_OR_RETURN(const Bundle bundle, Bundle::open(arguments[1]));
    bundle_seconds.push_back(seconds_since(start));
    const bool fits = candidates.ids().rows().size() == dataset.num_items() && bundle.manifest().num_users == dataset.num_users();
    if (!fits) return fail(ErrorCode::kCorrupt, "the Dataset, its encoders and the bundle differ in size");
  }
  fmt::print(R"({{"dataset": [{:.6f}], "fit": [{:.6f}], "bundle": [{:.6f}]}})", fmt::join(dataset_seconds, ", "),
             fmt::join(fit_seconds, ", "), fmt::join(bundle_seconds, ", "));
  fmt::print("\n");
  return {};
}

Result<void> check_answer(const Answer& answer, const Request& request) {
  const bool is_sorted = std::ranges::is_sorted(answer.products, std::greater(), &RecommendedProduct::score);
  const bool has_seen = std::ranges::any_of(answer.products, [](const auto& product) { return product.reason.times_had > 0; });
  if (answer.products.size() == request.k && is_sorted && !(request.exclude_seen && has_seen)) return {};
  return fail(ErrorCode::kCorrupt, "the answer for customer '", request.user, "' is wrong");
}

Result<void> time_answers(Arguments arguments) {
  GEMEL_ASSIGN_OR_RETURN(const Retriever retriever, Retriever::open(arguments[0]));
  std::ifstream file(arguments[1]);
  std::vector<std::string> customers;
  for (std::string line; std::getline(file, line);) customers.push_back(line);
  if (customers.empty()) return fail(ErrorCode::kBadInput, arguments[1], ": no customers");
  ThreadPool alone(1);
  const auto times = [&](bool exclude_seen) -> Result<std::string> {
    std::vector<double> times_us;
    const auto begin = Clock::now();
    for (std::size_t i = 0; i < customers.size() || seconds_since(begin) < std::atof(arguments[2]); ++i) {
      const Request request{.user = customers[i % customers.size()], .k = 20, .exclude_seen = exclude_seen};
      const auto start = Clock::now();
      GEMEL_ASSIGN_OR_RETURN(const Answer answer, retriever.answer(request, alone));
      times_us.push_back(1e6 * seconds_since(start));
      GEMEL_RETURN_IF_ERROR(check_answer(answer, request));
    }
    std::ranges::sort(times_us);
    return fmt::format("[{:.2f}, {:.2f}]", times_us[times_us.size() / 2], times_us[times_us.size() * 99 / 100]);
  };
  GEMEL_ASSIGN_OR_RETURN(const std::string plain, times(false));
  GEMEL_ASSIGN_OR_RETURN(const std::string filtered, times(true));
  fmt::print(R"({{"plain": {}, "filtered": {}}})", plain, filtered);
  fmt::print("\n");
  return {};
}

// Asks for the same lists as the evaluation, a query at a time judged in the plainest way: the share with a target among the first 20.
Result<double> hit_rate(const Recommender& model, const Dataset& dataset, const Histories& histories, const QueryPlan& plan,
                        ThreadPool& pool) {
  const auto eligible = eligible_items(dataset, plan.protocol, plan.blocks.front().num_known_events);
  std::vector<Query> queries;
  for (const PlannedQuery& planned : plan.queries) queries.push_back(to_query(planned, plan, histories));
  std::vector<std::vector<ScoredItem>> lists;
  model.recommend(queries, kMaxCutoff, eligible, pool, lists);
  std::size_t hits = 0;
  for (std::size_t q = 0; q < lists.size(); ++q) {
    const auto targets =
        std::span(plan.targets).subspan(plan.queries[q].targets_begin, plan.queries[q].targets_end - plan.queries[q].targets_begin);
    hits += std::ranges::any_of(std::span(lists[q]).first(20), [&](ScoredItem item) { return std::ranges::count(targets, item.item) > 0; });
  }
  return static_cast<double>(hits) / static_cast<double>(lists.size());
}

Result<void> time_evaluation(Arguments arguments) {
  GEMEL_ASSIGN_OR_RETURN(const Dataset dataset, Dataset::open(arguments[0]));
  GEMEL_ASSIGN_OR_RETURN(Retriever retriever, Retriever::open(arguments[1]));
  ThreadPool pool(static_cast<std::size_t>(std::atoi(arguments[2])));
  GEMEL_ASSIGN_OR_RETURN(const Split split, make_split(dataset, dataset.config().split));
  const Histories histories = histories_for(dataset, Protocol::kFrozen, split.test_begin, split.end);
  GEMEL_ASSIGN_OR_RETURN(const QueryPlan plan, make_query_plan(dataset, histories, Protocol::kFrozen, Repeats::kKeep, split.test_begin,
                                                               split.end, split.test_from));
  std::vector<double> recommending, judging, intervals;
  for (int run = std::atoi(arguments[3]); run > 0; --run) {
    auto start = Clock::now();
    GEMEL_ASSIGN_OR_RETURN(Evaluation evaluation, evaluate(retriever, dataset, histories, plan, pool, no_progress()));
    judging.push_back(seconds_since(start));
    const double found = evaluation.all.mean(find_metric("hit_rate_at_20"));
    start = Clock::now();
    std::vector<Contender> one;
    one.push_back({.evaluation = std::move(evaluation)});
    compare(std::move(one), /*seed=*/1, pool);
    intervals.push_back(seconds_since(start));
    start = Clock::now();
    GEMEL_ASSIGN_OR_RETURN(const double expected, hit_rate(retriever, dataset, histories, plan, pool));
    recommending.push_back(seconds_since(start));
    if (std::abs(found - expected) > 1e-9) return fail(ErrorCode::kCorrupt, "hit_rate_at_20: ", found, ", counted plainly ", expected);
  }
  fmt::print(R"({{"customers": {}, "recommending": [{:.4f}], "judging": [{:.4f}], "intervals": [{:.4f}]}})", plan.queries.size(),
             fmt::join(recommending, ", "), fmt::join(judging, ", "), fmt::join(intervals, ", "));
  fmt::print("\n");
  return {};
}

Result<void> run(std::string_view command, Arguments arguments) {
  if (command == "open" && arguments.size() == 4) return open_all(arguments);
  if (command == "answer" && arguments.size() == 3) return time_answers(arguments);
  if (command == "evaluate" && arguments.size() == 4) return time_evaluation(arguments);
  return fail(ErrorCode::kBadConfig,
              "usage: bench_serve open DATASET BUNDLE CONFIG RUNS | answer BUNDLE CUSTOMERS SECONDS | "
              "evaluate DATASET BUNDLE THREADS RUNS");
}

}  // namespace
}  // namespace gemel

int main(int argc, char** argv) {
  const auto done = argc < 2 ? gemel::run("", {}) : gemel::run(argv[1], {argv + 2, static_cast<std::size_t>(argc - 2)});
  if (done) return 0;
  fmt::print(stderr, "{}\n", done.error().message);
  return 3;
}
