// Runs epochs over the training examples: blocks of neighbouring times are shuffled, a batch takes a few of them, so that it spans
// few days and the popularity prior of each is looked up once.
// Thread safety: one caller. Same seed, same bytes, for any number of threads.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "gemel/base/progress.h"
#include "gemel/data/histories.h"
#include "gemel/features/popularity_timeline.h"
#include "gemel/models/two_tower/encoders.h"
#include "gemel/models/two_tower/network.h"

namespace gemel {

// What an epoch did, as the curves show it.
struct EpochCurve {
  double loss = 0;         // mean over examples, by weight, nats
  double accuracy = 0;     // share of examples whose positive had the highest logit
  double examples_per_second = 0;
};

// Where training stands between two steps, and what the curve of the epoch has summed up so far.
struct EpochPosition {
  std::size_t epoch = 1;
  std::uint64_t step = 0;        // of the whole fit
  std::size_t next_block = 0;    // of the epoch's order
  std::size_t num_done = 0, num_correct = 0;  // examples
  double loss = 0, weight = 0;

  EpochPosition next_epoch() const { return {.epoch = epoch + 1, .step = step}; }
};

class Trainer {
 public:
  // After a step; `stopping`: the run was interrupted and ends here.
  using AfterStep = std::function<void(bool stopping)>;

  // All borrowed for the trainer's life; trend: without inputs where there is no trend head. Examples are the events of the view at
  // or after `learn_from`. Error kBadConfig: no example to learn from.
  static Result<Trainer> make(const TwoTowerConfig& config, const TrainView& view, const CandidateEncoder& candidates,
                              const QueryEncoder& queries, const TrendFeatures& trend, std::uint64_t seed,
                              TimePoint learn_from = TimePoint::min());

  std::size_t num_examples() const { return examples_.size(); }
  // The rest of the pass that `at` stands in; `at` moves along, to the end of the epoch. Errors: kInterrupted; kDiverged names epoch and
  // step with a hint, and the network is not to be used; kCorrupt: `at` lies in no epoch of these examples.
  Result<EpochCurve> run_epoch(EpochPosition& at, Network& network, ThreadPool& pool, ProgressSink& progress, const AfterStep& after_step);

  // State beside the network's that steps change; null: none.
  StreamingFrequency* frequency() { return frequency_.get(); }

  // The batch of these examples (indices ascending), for run_epoch and the tests.
  void make_batch(std::span<const std::uint32_t> examples, std::uint64_t step, TrainingBatch& batch, ThreadPool& pool);

 private:
  struct Example {
    std::uint32_t event;
    float weight;
  };
  Trainer(const TwoTowerConfig& config, const TrainView& view, const CandidateEncoder& candidates, const QueryEncoder& queries,
          const TrendFeatures& trend, std::uint64_t seed);
  bool reads_histories() const;
  void collect_examples();
  void make_sampler();
  std::vector<std::uint32_t> block_order(std::size_t epoch, std::vector<std::uint32_t>& starts) const;
  void find_histories(std::span<const std::uint32_t> examples, std::vector<Query>& queries, std::vector<HistoryItem>& others,
                      ThreadPool& pool) const;
  Day counted_until(TimePoint at, std::uint64_t step) const;
  void look_up_prior(const std::vector<Query>& queries, std::uint64_t step, TrainingBatch& batch, ThreadPool& pool);
  void mask_histories(const std::vector<Query>& queries, TrainingBatch& batch, ThreadPool& pool);
  void count_personal(const std::vector<Query>& queries, TrainingBatch& batch, ThreadPool& pool);

  TwoTowerConfig config_;
  TrainView view_;
  const CandidateEncoder* candidates_;
  const QueryEncoder* queries_;
  std::uint64_t seed_;
  Histories histories_;  // empty where nothing reads them
  std::vector<Example> examples_;  // in the Dataset's order: by time
  std::unique_ptr<NegativeSampler> sampler_;
  std::unique_ptr<StreamingFrequency> frequency_;  // null: exact counts
  std::unique_ptr<PopularityTimeline> timeline_;  // null without a prior
  const TrendFeatures* trend_;
  std::vector<PopularityTimeline> group_timelines_;
  Optimizer optimizer_;
  std::vector<std::uint32_t> column_of_item_;  // scratch of make_batch: column + 1, all 0 between calls
};

}  // namespace gemel
