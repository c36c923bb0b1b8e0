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

// Slices in the order in which they stand side by side: all, the parts, by popularity, by history.
enum SlicePlace : std::size_t { kAll, kWithHistory, kWithoutHistory, kRepeats, kFirstPurchases, kNewProducts, kByPopularity };
constexpr std::size_t kByHistory = kByPopularity + kPopularityBuckets.size();

std::vector<Slice> empty_slices() {
  std::vector<Slice> slices;
  const auto add = [&](std::string_view name, std::string_view meaning) {
    slices.push_back({.name = std::string(name), .meaning = std::string(meaning), .users = {}, .values = {}});
  };
  add("all", "all queries");
  add("with_history", "queries of customers with a history");
  add("without_history", "queries of customers without one");
  add("repeats", "targets the customer had before");
  add("first_purchases", "targets new to the customer");
  add("new_products", "targets never seen before the cut");
  for (const Bucket& bucket : kPopularityBuckets) add(bucket.name, bucket.meaning);
  for (const Bucket& bucket : kHistoryBuckets) add(bucket.name, bucket.meaning);
  return slices;
}

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
  }

  // The answers to queries that follow each other.
  void add(std::span<const PlannedQuery> queries, std::span<const std::vector<ScoredItem>> answers, ThreadPool& pool) {
    std::vector<Judged> judged(queries.size());
    constexpr std::size_t kQueriesPerBlock = 32;
    pool.for_blocks(queries.size(), kQueriesPerBlock, [&](std::size_t begin, std::size_t end) {
      Scratch scratch;
      for (std::size_t i = begin; i < end; ++i) judged[i] = judge(queries[i], answers[i], scratch);
    });
    pool.run(list_counters_.size(), [&](std::size_t k) {
      for (std::size_t i = 0; i < queries.size(); ++i) list_counters_[k].add(answers[i], judged[i].diversities[k]);
    });
    pool.run(slices_.size(), [&](std::size_t place) {
      for (std::size_t i = 0; i < queries.size(); ++i) add_to_slice(place, queries[i].user, judged[i], slices_[place]);
    });
    for (std::size_t i = 0; i < queries.size(); ++i) add_to_week(queries[i], judged[i].figures.front());
  }

  void end_block() {
    for (ListCounter& counter : list_counters_) counter.end_block();
  }

  void finish(std::span<const std::uint8_t> eligible, Evaluation& evaluation) {
    const auto take = [&](std::size_t begin, std::size_t end) {
      const auto slices = std::span(slices_).subspan(begin, end - begin);
      return std::vector<Slice>(std::move_iterator(slices.begin()), std::move_iterator(slices.end()));
    };
    evaluation.all = std::move(slices_[kAll]);
    evaluation.parts = take(kAll + 1, kByPopularity);
    evaluation.by_popularity = take(kByPopularity, kByHistory);
    evaluation.by_history = take(kByHistory, slices_.size());
    for (auto& [number, week] : weeks_) {
      for (double& mean : week.means) mean /= static_cast<double>(week.num_queries);
      evaluation.weeks.push_back(std::move(week));
    }
    for (const ListCounter& counter : list_counters_) evaluation.lists.push_back(counter.finish(eligible));
  }

 private:
  using Diversities = std::array<std::optional<double>, kCutoffs.size()>;

  // Metrics against some of a query's targets, and the slices that they go into.
  struct Figures {
    std::uint32_t slices = 0;  // bit i: slice i
    std::size_t num_targets = 0;
    std::array<double, kNumMetrics> values{};
  };
  struct Judged {
    Diversities diversities;
    std::vector<Figures> figures;  // first those against all targets
  };
  struct Hit {
    std::uint32_t rank, slices;
  };
  struct Scratch {
    std::vector<ItemIndex> list;
    std::vector<std::uint32_t> slices_of_target, hit_ranks;
    std::vector<Hit> hits;  // by rank
    ItemAttributes::Scratch attributes;
  };
  static constexpr std::uint32_t bit(std::size_t slice) { return 1u << slice; }

  Diversities diversities_of(std::span<const ScoredItem> answer, Scratch& scratch) const {
    scratch.list.clear();
    for (const ScoredItem& scored : answer.first(std::min(ListCounter::kMostDiverse, answer.size()))) scratch.list.push_back(scored.item);
    Diversities diversities;
    const auto num_diverse = std::ranges::upper_bound(kCutoffs, ListCounter::kMostDiverse) - kCutoffs.begin();
    attributes_.diversities(scratch.list, std::span(kCutoffs).first(static_cast<std::size_t>(num_diverse)), scratch.attributes,
                            diversities);
    return diversities;
  }

  Judged judge(const PlannedQuery& query, std::span<const ScoredItem> answer, Scratch& scratch) const {
    Judged judged{.diversities = diversities_of(answer, scratch), .figures = {}};
    const auto targets = std::span(plan_.targets).subspan(query.targets_begin, query.targets_end - query.targets_begin);
    const auto history = history_before(all_events_.of(query.user), query.at);
    find_slices(targets, history, scratch.slices_of_target);
    scratch.hits.clear();
    for (std::size_t rank = 0; rank < answer.size(); ++rank) {
      const auto found = std::ranges::lower_bound(targets, answer[rank].item);
      if (found == targets.end() || *found != answer[rank].item) continue;
      scratch.hits.push_back(
          {static_cast<std::uint32_t>(rank), scratch.slices_of_target[static_cast<std::size_t>(found - targets.begin())]});
    }
    add_figures(kAll, scratch, judged);
    judged.figures.front().slices |=
        bit(history.empty() ? kWithoutHistory : kWithHistory) | bit(kByHistory + history_bucket(history.size()));
    for (std::size_t slice = kRepeats; slice < kByHistory; ++slice) add_figures(slice, scratch, judged);
    return judged;
  }

  // Of each target, all slices that count it.
  void find_slices(std::span<const ItemIndex> targets, std::span<const HistoryItem> history, std::vector<std::uint32_t>& slices) const {
    slices.clear();
    for (const ItemIndex target : targets) {
      const std::size_t bucket = bucket_of_item_[to_size(target)];
      const bool is_new = bucket + 1 == kPopularityBuckets.size();
      slices.push_back(bit(kAll) | bit(kFirstPurchases) | bit(kByPopularity + bucket) | (is_new ? bit(kNewProducts) : 0));
    }
    for (const HistoryItem& past : history) {
      const auto found = std::ranges::lower_bound(targets, past.item);
      if (found == targets.end() || *found != past.item) continue;
      std::uint32_t& of_target = slices[static_cast<std::size_t>(found - targets.begin())];
      of_target = (of_target & ~bit(kFirstPurchases)) | bit(kRepeats);
    }
  }

  // The query against its targets in the slice, where it has any.
  static void add_figures(std::size_t slice, Scratch& scratch, Judged& judged) {
    const auto is_in = [slice](std::uint32_t slices) { return (slices & bit(slice)) != 0; };
    const auto num_targets = static_cast<std::size_t>(std::ranges::count_if(scratch.slices_of_target, is_in));
    if (num_targets == 0) return;
    scratch.hit_ranks.clear();
    for (const Hit& hit : scratch.hits)
      if (is_in(hit.slices)) scratch.hit_ranks.push_back(hit.rank);
    Figures& figures = judged.figures.emplace_back(Figures{.slices = bit(slice), .num_targets = num_targets, .values = {}});
    score_ranking({scratch.hit_ranks, num_targets}, figures.values);
  }

  static void add_to_slice(std::size_t place, UserIndex user, const Judged& judged, Slice& slice) {
    for (const Figures& figures : judged.figures) {
      if ((figures.slices & bit(place)) == 0) continue;
      slice.values.insert(slice.values.end(), figures.values.begin(), figures.values.end());
      slice.users.push_back(user);
      slice.num_targets += figures.num_targets;
    }
  }

  void add_to_week(const PlannedQuery& query, const Figures& all) {
    const int number = static_cast<int>(std::chrono::floor<std::chrono::weeks>(query.at - plan_.cut).count());
    WeekResult& week = weeks_[number];
    week.week = number;
    week.means.resize(kNumMetrics);
    for (std::size_t metric = 0; metric < kNumMetrics; ++metric) week.means[metric] += all.values[metric];
    ++week.num_queries;
    week.num_targets += all.num_targets;
  }

  const Histories& all_events_;
  const QueryPlan& plan_;
  const ItemAttributes attributes_;
  std::vector<double> sales_;  // [num_items], events before the cut
  std::vector<ListCounter> list_counters_;
  std::vector<std::uint8_t> bucket_of_item_;  // [num_items], of kPopularityBuckets
  std::vector<Slice> slices_ = empty_slices();
  std::map<int, WeekResult> weeks_;
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
