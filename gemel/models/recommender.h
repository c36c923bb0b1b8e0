// What every model can do. A fitted model is const and shared by all threads; only fit, advance and load change it.
//
// Point in time: fit sees a TrainView and nothing else. Later events reach a model only through advance (counters move forward,
// parameters stay) and through the histories inside the queries.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gemel/base/progress.h"
#include "gemel/base/result.h"
#include "gemel/data/histories.h"
#include "gemel/data/query_plan.h"
#include "gemel/data/split.h"
#include "gemel/index/index_report.h"
#include "gemel/models/checkpoint_store.h"
#include "gemel/models/explanation.h"
#include "gemel/numerics/matrix.h"
#include "gemel/numerics/thread_pool.h"

namespace gemel {

// Who, doing what, when, after what. Every model, the Retriever included, sees only this.
struct Query {
  std::optional<UserIndex> user;  // empty: a customer the Dataset does not know
  ActionIndex action{};
  float weight = 1;
  TimePoint at{};
  std::span<const HistoryItem> history;   // all before `at`, oldest first; models take the last N they were built for
  std::span<const ItemIndex> excluded;    // never recommended to this query; sorted
};

// The query that a protocol planned; borrows from both.
inline Query to_query(const PlannedQuery& planned, const QueryPlan& plan, const Histories& all_events) {
  return {.user = planned.user,
          .action = planned.action,
          .weight = planned.weight,
          .at = planned.at,
          .history = history_before(all_events.of(planned.user), planned.at),
          .excluded = std::span(plan.excluded).subspan(planned.excluded_begin, planned.excluded_end - planned.excluded_begin)};
}

struct ScoredItem {
  ItemIndex item;
  float score;
  bool operator==(const ScoredItem&) const = default;
};

class Recommender;

// What a fit may use for choices of its own, such as epochs and the weight of its popularity prior: the validation period, as the protocol
// asks about it. Its events lie after the TrainView.
struct Validation {
  const QueryPlan& plan;
  const Histories& histories;  // of all events up to the end of validation
  // NDCG@20 of the model as it stands, by the evaluation that judges everybody. It advances the model's counters to the end of the
  // plan; the fit puts them back.
  std::function<Result<double>(Recommender&)> score;
};

struct FitContext {
  ThreadPool& pool;
  ProgressSink& progress = no_progress();
  std::uint64_t seed = 1;
  const Validation* validation = nullptr;  // null: nothing to look at, the knobs decide
  // Curves of loss and accuracy are written here as they come, one JSON object a line; empty: nowhere.
  std::filesystem::path curves_path = {};
  // A long fit begins at the state that it finds here, and leaves its own from time to time and when it is interrupted; null: it does not.
  CheckpointStore* checkpoints = nullptr;
};

class Recommender {
 public:
  virtual ~Recommender() = default;
  virtual std::string_view name() const = 0;
  virtual std::string knobs() const = 0;  // the configuration in one line of TOML: `half_life_days = 3.0, ...`

  // Learns parameters from the view, and stands at view.until afterwards (as if advanced to it).
  // Errors: kInterrupted, kBadConfig (a knob does not fit the data), kDiverged (nothing was learnt; a fit that leaves the numbers later
  // stops at its last good state and warns).
  virtual Result<void> fit(const TrainView& view, const FitContext& context) = 0;
  // Learns from a view that has grown, and stands at its end. Where parameters can go on from what they are this is much cheaper than a
  // fit; otherwise it is one. Errors: as fit's.
  virtual Result<void> refit(const TrainView& view, const FitContext& context) { return fit(view, context); }
  // Where a fit on this view would learn what `fitted` learnt from it, since their knobs differ only in what recommending reads: takes that
  // over, stands at view.until, and returns true. Otherwise nothing changes.
  virtual bool take_fit(const Recommender& /*fitted*/, const TrainView& /*view*/) { return false; }
  // Takes the fit of an earlier model over, or else fits. `earlier`, which may be null, is gone before a fit begins: two of some models
  // need more memory than there is. Errors: as fit's.
  Result<void> fit_after(std::unique_ptr<Recommender> earlier, const TrainView& view, const FitContext& context) {
    if (earlier != nullptr && take_fit(*earlier, view)) return {};
    earlier.reset();
    return fit(view, context);
  }
  virtual std::vector<std::string> warnings() const { return {}; }  // what the last fit wants people to know

  // Lets the events [0, num_events) be known as of `now`: counters move forward; parameters do not change. Time only goes forward.
  virtual void advance(const Dataset& dataset, std::size_t num_events, TimePoint now) = 0;

  // The k best products for each query, best first, ties to the lower index; excluded ones and those that `eligible` (when not empty;
  // [num_items], 0 = no) forbids are left out. Fewer than k only when fewer are left. out[i] belongs to queries[i].
  virtual void recommend(std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible, ThreadPool& pool,
                         std::vector<std::vector<ScoredItem>>& out) const = 0;

  // Embeddings by which products resemble each other, [num_items, dim], rows of length 1; empty where a model has none.
  virtual ConstMatrixView item_embeddings() const { return {}; }

  // How products are searched; empty for models that search none.
  virtual std::optional<IndexReport> index_report() const { return {}; }

  // Where the scores that recommend, given the same `eligible`, has for these products come from. Error kBadInput: the model cannot tell.
  virtual Result<Explanations> explain(const Query& /*query*/, std::span<const ItemIndex> /*items*/,
                                       std::span<const std::uint8_t> /*eligible*/, ThreadPool& /*pool*/) const {
    return fail(ErrorCode::kBadInput, name(), " cannot tell what moved its scores");
  }

  // Files of its own inside `directory`, and back. Errors: kIo, kCorrupt.
  virtual Result<void> save(const std::filesystem::path& directory) const = 0;
  virtual Result<void> load(const std::filesystem::path& directory) = 0;
};

}  // namespace gemel
