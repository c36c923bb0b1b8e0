#include "gemel/eval/evaluate.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>

#include "gemel/eval/buckets.h"
#include "gemel/eval/item_attributes.h"

namespace gemel {
namespace {

constexpr std::size_t kQueriesAtOnce = 1024;  // answers of so many queries are held, and Ctrl-C is looked at in between

// The slices of an evaluation as they grow.
class Judge {
 public:
  Judge(const Dataset& dataset, const Histories& all_events, const QueryPlan& plan)
      : all_events_(all_events), plan_(plan), attributes_(dataset.item_table()) {
    sales_.assign(dataset.num_items(), 0);
    const std::size_t before_cut = plan.blocks.empty() ? 0 : plan.blocks.front().num_known_events;
    for (const ItemIndex item : dataset.items().first(before_cut)) ++sales_[to_size(item)];
    for (const std::size_t k : kCutoffs) list_counters_.emplace_back(sales_, k);
    bucket_of_item_ = popularity_buckets(sales_);
    for (const Bucket& bucket : kPopularityBuckets) by_popularity_.push_back(slice_of(bucket));
    for (const Bucket& bucket : kHistoryBuckets) by_history_.push_back(slice_of(bucket));
  }

  // The answers to queries that follow each other.
  void add(std::span<const PlannedQuery> queries, std::span<const std::vector<ScoredItem>> answers, ThreadPool& pool) {
    std::vector<Diversities> diversities(queries.size());
    constexpr std::size_t kListsPerBlock = 32;
    pool.for_blocks(queries.size(), kListsPerBlock, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) diversities[i] = diversities_of(answers[i]);
    });
    for (std::size_t i = 0; i < queries.size(); ++i) add(queries[i], answers[i], diversities[i]);
  }

  void end_block() {
    for (ListCounter& counter : list_counters_) counter.end_block();
  }

  void finish(std::span<const std::uint8_t> eligible, Evaluation& evaluation) {
    evaluation.all = std::move(all_);
    for (Slice* part : {&with_history_, &without_history_, &repeats_, &first_purchases_, &new_products_}) {
      evaluation.parts.push_back(std::move(*part));
    }
    evaluation.by_popularity = std::move(by_popularity_);
    evaluation.by_history = std::move(by_history_);
    for (auto& [number, week] : weeks_) {
      for (double& mean : week.means) mean /= static_cast<double>(week.num_queries);
      evaluation.weeks.push_back(std::move(week));
    }
    for (const ListCounter& counter : list_counters_) evaluation.lists.push_back(counter.finish(eligible));
  }

 private:
  using Diversities = std::array<std::optional<double>, kCutoffs.size()>;

  Diversities diversities_of(std::span<const ScoredItem> answer) const {
    std::vector<ItemIndex> list;
    for (const ScoredItem& scored : answer.first(std::min(ListCounter::kMostDiverse, answer.size()))) list.push_back(scored.item);
    Diversities diversities;
    const auto num_diverse = std::ranges::upper_bound(kCutoffs, ListCounter::kMostDiverse) - kCutoffs.begin();
    attributes_.diversities(list, std::span(kCutoffs).first(static_cast<std::size_t>(num_diverse)), diversities);
    return diversities;
  }

  void add(const PlannedQuery& query, std::span<const ScoredItem> answer, const Diversities& diversities) {
    ranking_.clear();
    for (const ScoredItem& scored : answer) ranking_.push_back(scored.item);
    for (std::size_t k = 0; k < list_counters_.size(); ++k) list_counters_[k].add(answer, diversities[k]);

    const auto targets = std::span(plan_.targets).subspan(query.targets_begin, query.targets_end - query.targets_begin);
    const auto history = history_before(all_events_.of(query.user), query.at);
    split_targets(targets, history);
    add_to(all_, query, targets);
    add_to_week(query, targets.size());
    add_to(history.empty() ? without_history_ : with_history_, query, targets);
    add_to(repeats_, query, had_);
    add_to(first_purchases_, query, had_not_);
    add_to(new_products_, query, of_bucket_.back());
    for (std::size_t bucket = 0; bucket < by_popularity_.size(); ++bucket) add_to(by_popularity_[bucket], query, of_bucket_[bucket]);
    add_to(by_history_[history_bucket(history.size())], query, targets);
  }

  static Slice slice_of(const Bucket& bucket) {
    return {.name = std::string(bucket.name), .meaning = std::string(bucket.meaning), .users = {}, .values = {}};
  }

  void split_targets(std::span<const ItemIndex> targets, std::span<const HistoryItem> history) {
    is_repeat_.assign(targets.size(), 0);
    for (const HistoryItem& past : history) {
      const auto found = std::lower_bound(targets.begin(), targets.end(), past.item);
      if (found != targets.end() && *found == past.item) is_repeat_[static_cast<std::size_t>(found - targets.begin())] = 1;
    }
    had_.clear();
    had_not_.clear();
    for (auto& bucket : of_bucket_) bucket.clear();
    for (std::size_t i = 0; i < targets.size(); ++i) {
      of_bucket_[bucket_of_item_[to_size(targets[i])]].push_back(targets[i]);
      (is_repeat_[i] ? had_ : had_not_).push_back(targets[i]);
    }
  }

  void add_to(Slice& slice, const PlannedQuery& query, std::span<const ItemIndex> targets) {
    if (targets.empty()) return;
    find_hit_ranks(ranking_, targets, hit_ranks_);
    const std::size_t at = slice.values.size();
    slice.values.resize(at + kNumMetrics);
    score_ranking({hit_ranks_, targets.size()}, std::span(slice.values).subspan(at));
    slice.users.push_back(query.user);
    slice.num_targets += targets.size();
  }

  void add_to_week(const PlannedQuery& query, std::size_t num_targets) {
    const int number = static_cast<int>(std::chrono::floor<std::chrono::weeks>(query.at - plan_.cut).count());
    WeekResult& week = weeks_[number];
    week.week = number;
    week.means.resize(kNumMetrics);
    const auto values = std::span(all_.values).last(kNumMetrics);  // this query's, just added
    for (std::size_t metric = 0; metric < kNumMetrics; ++metric) week.means[metric] += values[metric];
    ++week.num_queries;
    week.num_targets += num_targets;
  }

  const Histories& all_events_;
  const QueryPlan& plan_;
  const ItemAttributes attributes_;
  std::vector<double> sales_;  // [num_items], events before the cut
  std::vector<ListCounter> list_counters_;
  Slice all_{.name = "all", .meaning = "all queries", .users = {}, .values = {}};
  Slice with_history_{.name = "with_history", .meaning = "queries of customers with a history", .users = {}, .values = {}};
  Slice without_history_{.name = "without_history", .meaning = "queries of customers without one", .users = {}, .values = {}};
  Slice repeats_{.name = "repeats", .meaning = "targets the customer had before", .users = {}, .values = {}};
  Slice first_purchases_{.name = "first_purchases", .meaning = "targets new to the customer", .users = {}, .values = {}};
  Slice new_products_{.name = "new_products", .meaning = "targets never seen before the cut", .users = {}, .values = {}};
  std::vector<std::uint8_t> bucket_of_item_;  // [num_items], of kPopularityBuckets
  std::vector<Slice> by_popularity_, by_history_;
  std::map<int, WeekResult> weeks_;
  // Scratch of one query.
  std::vector<ItemIndex> ranking_, had_, had_not_;
  std::array<std::vector<ItemIndex>, kPopularityBuckets.size()> of_bucket_;
  std::vector<std::uint8_t> is_repeat_;
  std::vector<std::uint32_t> hit_ranks_;
};

}  // namespace

double Slice::mean(std::size_t metric) const {
  double sum = 0;
  for (std::size_t query = 0; query < num_queries(); ++query) sum += values[query * kNumMetrics + metric];
  return users.empty() ? 0 : sum / static_cast<double>(num_queries());
}

const Slice& Evaluation::part(std::string_view name) const {
  if (name == all.name) return all;
  const auto found = std::find_if(parts.begin(), parts.end(), [name](const Slice& slice) { return slice.name == name; });
  GEMEL_CHECK(found != parts.end(), name);
  return *found;
}

Result<Evaluation> evaluate(Recommender& model, const Dataset& dataset, const Histories& all_events, const QueryPlan& plan,
                            ThreadPool& pool, ProgressSink& progress, const EvaluateExtras& extras) {
  const auto start = std::chrono::steady_clock::now();
  Judge judge(dataset, all_events, plan);
  std::vector<Query> queries;
  std::vector<std::vector<ScoredItem>> answers;
  std::vector<std::uint8_t> eligible;
  std::vector<std::vector<ScoredItem>> watched_answers;
  progress.begin(concat("evaluate ", model.name()), plan.queries.size(), "queries");
  for (const QueryBlock& block : plan.blocks) {
    if (extras.retrain != nullptr && &block != &plan.blocks.front()) {
      GEMEL_RETURN_IF_ERROR(model.refit({&dataset, block.num_known_events, block.now}, *extras.retrain));
    } else {
      model.advance(dataset, block.num_known_events, block.now);
    }
    eligible = eligible_items(dataset, plan.protocol, block.num_known_events);
    for (std::size_t begin = block.queries_begin; begin < block.queries_end; begin += kQueriesAtOnce) {
      if (interrupted()) return fail(ErrorCode::kInterrupted, "evaluation stopped");
      const auto asked = std::span(plan.queries).subspan(begin, std::min(kQueriesAtOnce, block.queries_end - begin));
      queries.clear();
      for (const PlannedQuery& planned : asked) queries.push_back(to_query(planned, plan, all_events));
      model.recommend(queries, kMaxCutoff, eligible, pool, answers);
      judge.add(asked, answers, pool);
      while (watched_answers.size() < extras.watched.size() && extras.watched[watched_answers.size()] < begin + asked.size()) {
        watched_answers.push_back(answers[extras.watched[watched_answers.size()] - begin]);
      }
      progress.advance(begin + asked.size());
    }
    judge.end_block();
  }
  progress.end();

  Evaluation evaluation;
  evaluation.model = model.name();
  evaluation.knobs = model.knobs();
  evaluation.protocol = plan.protocol;
  evaluation.repeats = plan.repeats;
  evaluation.retrained = extras.retrain != nullptr;
  evaluation.customers_without_targets = plan.customers_without_targets;
  evaluation.dropped_targets = plan.dropped_targets;
  judge.finish(eligible, evaluation);
  evaluation.watched = std::move(watched_answers);
  evaluation.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return evaluation;
}

}  // namespace gemel
