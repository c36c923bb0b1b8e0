#include "gemel/tune/tuner.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <optional>
#include <set>

#include "gemel/eval/compare.h"
#include "gemel/eval/evaluate.h"
#include "gemel/tune/tpe.h"

namespace gemel::tune {
namespace {

constexpr std::string_view kEpochs = "epochs";

double score_of(const Attempt& attempt) { return attempt.error.empty() ? attempt.ndcg_at_20 : -HUGE_VAL; }

// A setting of the search and what it reached so far.
struct Setting {
  std::size_t trial;
  UnitPoint point;
  Knobs knobs;
  double score = 0;  // on the highest rung it came to
};

class Search {
 public:
  Search(const ModelEntry& entry, const Knobs& fixed, const Dataset& dataset, const Split& split, const TuneOptions& options,
         ThreadPool& pool, ProgressSink& progress)
      : entry_(entry), fixed_(fixed), dataset_(dataset), split_(split), options_(options), pool_(pool), progress_(progress) {}

  Result<Tuning> run() {
    GEMEL_RETURN_IF_ERROR(prepare());
    GEMEL_ASSIGN_OR_RETURN(const Attempt own, attempt(0, kLastRung, fixed_));
    if (!own.error.empty()) return fail(ErrorCode::kBadConfig, own.error);
    for (std::size_t trial = 1; trial <= options_.num_trials && !tuning_.space.empty() && !is_out_of_time(); trial += kBracket) {
      GEMEL_RETURN_IF_ERROR(bracket(trial, std::min(kBracket, options_.num_trials - trial + 1)));
    }
    GEMEL_RETURN_IF_ERROR(take_over_others());
    choose();
    return std::move(tuning_);
  }

 private:
  Result<void> prepare() {
    tuning_.model = entry_.name;
    if (split_.validation_begin == split_.test_begin)
      return fail(ErrorCode::kBadConfig, "tune: the split has no validation part to judge settings on");
    const TuningSpace space_of_model = entry_.tuning_space();
    tuning_.by_epochs = std::ranges::find(space_of_model, kEpochs, &TuningDimension::key) != space_of_model.end();
    tuning_.space = without_fixed(space_of_model, fixed_);
    histories_ = histories_for(dataset_, options_.protocol, split_.validation_begin, split_.test_begin);
    GEMEL_ASSIGN_OR_RETURN(const QueryPlan plan, make_query_plan(dataset_, histories_, options_.protocol, options_.repeats,
                                                                 split_.validation_begin, split_.test_begin, split_.validation_from));
    for (const double share : kRungs) plans_.push_back(tuning_.by_epochs ? plan : sample_customers(plan, share));
    std::string space;
    for (const TuningDimension& dimension : tuning_.space)
      space += concat(dimension.key, " ", static_cast<int>(dimension.kind), " ", dimension.low, " ", dimension.high, " ",
                      fmt::format("{}", fmt::join(dimension.choices, "|")), dimension.where_key,
                      fmt::format("{}", fmt::join(dimension.where_values, "|")), "; ");
    GEMEL_ASSIGN_OR_RETURN(log_,
                           TrialLog::open(options_.trials_path, {{"model", std::string(entry_.name)},
                                                                 {"data", dataset_.fingerprint()},
                                                                 {"validation", concat(split_.validation_begin, " to ", split_.test_begin)},
                                                                 {"protocol", std::string(to_text(options_.protocol))},
                                                                 {"repeats", std::string(to_text(options_.repeats))},
                                                                 {"seed", concat(options_.seed)},
                                                                 {"fixed", in_one_line(fixed_)},
                                                                 {"space", space}}));
    return {};
  }

  Result<void> bracket(std::size_t first, std::size_t size) {
    std::vector<Setting> alive;
    for (std::size_t trial = first; trial < first + size; ++trial) {
      Rng rng(options_.seed, trial);
      Setting setting{trial, propose(tuning_.space, best_known_observations(), rng), {}};
      setting.knobs = knobs_at(tuning_.space, setting.point, fixed_);
      alive.push_back(std::move(setting));
    }
    for (std::size_t rung = 0; rung <= kLastRung; ++rung) {
      for (Setting& setting : alive) {
        if (is_out_of_time()) return {};
        GEMEL_ASSIGN_OR_RETURN(const Attempt made, attempt(setting.trial, rung, setting.knobs));
        setting.score = score_of(made);
        observations_[rung].push_back({setting.point, setting.score});
      }
      std::ranges::stable_sort(alive, std::greater{}, &Setting::score);
      alive.resize((alive.size() + 2) / 3);
      std::erase_if(alive, [](const Setting& setting) { return setting.score == -HUGE_VAL; });
    }
    return {};
  }

  // Of the highest rung that has enough of them (Falkner, Klein, Hutter, ICML 2018, section 3.2).
  std::span<const Observation> best_known_observations() const {
    for (std::size_t rung = kLastRung; rung > 0; --rung)
      if (observations_[rung].size() >= kRandomFirst) return observations_[rung];
    return observations_[0];
  }

  Result<Attempt> attempt(std::size_t trial, std::size_t rung, const Knobs& knobs) {
    const std::string text = in_one_line(knobs);
    GEMEL_ASSIGN_OR_RETURN(std::optional<Attempt> made, log_->find(trial, rung, text));
    if (!made) {
      made = Attempt{.trial = trial, .rung = rung, .knobs = text};
      const auto start = std::chrono::steady_clock::now();
      const auto figures = fit_and_judge(rung, knobs, *made);
      made->seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      if (!figures) {
        const ErrorCode code = figures.error().code;
        if (code != ErrorCode::kBadConfig && code != ErrorCode::kDiverged) return Failure{figures.error()};
        made->error = figures.error().message;  // of these knobs; others may do
      }
      GEMEL_RETURN_IF_ERROR(log_->append(*made));
      progress_.note(note_of(*made));
    }
    add(*made, knobs);
    return *made;
  }

  void add(const Attempt& made, const Knobs& knobs) {
    tuning_.seconds += made.seconds;
    tuning_.attempts.push_back(made);
    tuning_.knobs.push_back(knobs);
  }

  // A bracket that was smaller or larger in an earlier run may have led other settings to the whole budget: what they reached counts.
  Result<void> take_over_others() {
    std::set<std::size_t> asked;
    for (const Attempt& made : tuning_.attempts)
      if (made.rung == kLastRung) asked.insert(made.trial);
    for (const Attempt& made : log_->on_rung(kLastRung)) {
      if (asked.contains(made.trial)) continue;
      const auto knobs = parse_knobs(made.knobs);
      if (!knobs)
        return fail(ErrorCode::kCorrupt, options_.trials_path.string(), ": trial ", made.trial, ": expected knobs, found ", made.knobs);
      add(made, *knobs);
    }
    return {};
  }

  std::string note_of(const Attempt& made) const {
    const std::string outcome =
        made.error.empty() ? fmt::format("NDCG@20 {:.4f}, recall@20 {:.4f}", made.ndcg_at_20, made.recall_at_20) : made.error;
    return fmt::format("{} trial {} of {}, {:.0f} % of the budget: {}, {}", entry_.name, made.trial, options_.num_trials,
                       100 * kRungs[made.rung], outcome, made.trial == 0 ? "the model's own knobs" : made.knobs);
  }

  Result<void> fit_and_judge(std::size_t rung, Knobs knobs, Attempt& made) {
    if (tuning_.by_epochs && knobs.contains(std::string(kEpochs))) {
      const double epochs = std::strtod(knobs.at(std::string(kEpochs)).c_str(), nullptr);
      knobs[std::string(kEpochs)] = concat(static_cast<long long>(std::max(1.0, std::round(kRungs[rung] * epochs))));
    }
    GEMEL_ASSIGN_OR_RETURN(const auto model, make_model(entry_.name, in_one_line(knobs)));
    const QueryPlan& plan = plans_[rung];
    const std::size_t ndcg = find_metric(kDecidingMetric), recall = find_metric(kSecondMetric);
    const auto score = [&](Recommender& asked) -> Result<double> {
      GEMEL_ASSIGN_OR_RETURN(const Evaluation evaluation, evaluate(asked, dataset_, histories_, plan, pool_, no_progress()));
      return evaluation.all.mean(ndcg);
    };
    const Validation validation{.plan = plan, .histories = histories_, .score = score};
    const FitContext context{
        .pool = pool_, .progress = progress_, .seed = options_.seed, .validation = &validation, .curves_path = {}, .checkpoints = nullptr};
    GEMEL_RETURN_IF_ERROR(model->fit(split_.train(dataset_), context));
    GEMEL_ASSIGN_OR_RETURN(const Evaluation evaluation, evaluate(*model, dataset_, histories_, plan, pool_, progress_));
    made.ndcg_at_20 = evaluation.all.mean(ndcg);
    made.recall_at_20 = evaluation.all.mean(recall);
    return {};
  }

  bool is_out_of_time() {
    tuning_.out_of_time |= options_.minutes > 0 && tuning_.seconds >= 60 * options_.minutes;
    return tuning_.out_of_time;
  }

  void choose() {
    for (std::size_t each = 0; each < tuning_.attempts.size(); ++each) {
      const Attempt& made = tuning_.attempts[each];
      if (made.rung == kLastRung && score_of(made) > score_of(tuning_.attempts[tuning_.best])) tuning_.best = each;
    }
  }

  const ModelEntry& entry_;
  const Knobs& fixed_;
  const Dataset& dataset_;
  const Split& split_;
  const TuneOptions& options_;
  ThreadPool& pool_;
  ProgressSink& progress_;
  Histories histories_;
  std::vector<QueryPlan> plans_;  // [rungs]
  std::optional<TrialLog> log_;
  std::array<std::vector<Observation>, std::size(kRungs)> observations_;
  Tuning tuning_;
};

}  // namespace

QueryPlan sample_customers(const QueryPlan& plan, double share) {
  if (share >= 1) return plan;
  QueryPlan sample = plan;
  sample.queries.clear();
  sample.blocks.clear();
  for (QueryBlock block : plan.blocks) {
    const auto begin = static_cast<std::uint32_t>(sample.queries.size());
    for (std::uint32_t query = block.queries_begin; query < block.queries_end; ++query) {
      const std::uint64_t hash = splitmix64(to_size(plan.queries[query].user));
      if (static_cast<double>(hash >> 11) * 0x1.0p-53 < share) sample.queries.push_back(plan.queries[query]);
    }
    block.queries_begin = begin;
    block.queries_end = static_cast<std::uint32_t>(sample.queries.size());
    sample.blocks.push_back(block);  // empty ones too: counters move through them all the same
  }
  return sample.queries.empty() ? plan : sample;
}

Result<Tuning> tune(const ModelEntry& entry, const Knobs& fixed, const Dataset& dataset, const Split& split, const TuneOptions& options,
                    ThreadPool& pool, ProgressSink& progress) {
  if (entry.tuning_space == nullptr) return fail(ErrorCode::kBadConfig, "tune: ", entry.name, " has no knobs worth a search");
  return Search(entry, fixed, dataset, split, options, pool, progress).run();
}

}  // namespace gemel::tune
