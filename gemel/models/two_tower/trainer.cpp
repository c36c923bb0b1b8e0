#include "gemel/models/two_tower/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace gemel {
namespace {

constexpr std::size_t kRowsPerBlock = 256;

// "first purchases" of the training period: the customer had not had the product before.
bool is_repeat(std::span<const HistoryItem> history, ItemIndex item) {
  return std::ranges::any_of(history, [item](const HistoryItem& past) { return past.item == item; });
}

double age_weight(const TwoTowerConfig& config, TimePoint until, TimePoint at) {
  if (config.example_half_life_days <= 0) return 1;
  const double age_days = std::chrono::duration<double, std::ratio<86400>>(until - at).count();
  return config.example_weight_floor + std::exp2(-age_days / config.example_half_life_days);
}

}  // namespace

Trainer::Trainer(const TwoTowerConfig& config, const TrainView& view, const CandidateEncoder& candidates, const QueryEncoder& queries,
                 const TrendFeatures& trend, std::uint64_t seed)
    : config_(config),
      view_(view),
      candidates_(&candidates),
      queries_(&queries),
      seed_(seed),
      trend_(&trend),
      optimizer_(config.optimizer) {}

Result<Trainer> Trainer::make(const TwoTowerConfig& config, const TrainView& view, const CandidateEncoder& candidates,
                              const QueryEncoder& queries, const TrendFeatures& trend, std::uint64_t seed, TimePoint learn_from) {
  Trainer trainer(config, view, candidates, queries, trend, seed);
  trainer.config_.block_size = std::min(config.block_size, config.batch_size);
  if (trainer.reads_histories()) trainer.histories_ = Histories(*view.dataset, view.num_events);
  trainer.collect_examples();
  trainer.make_sampler();  // what competes does not depend on what is learnt from
  std::erase_if(trainer.examples_, [&](const Example& example) { return view.dataset->times()[example.event] < learn_from; });
  if (trainer.examples_.size() < 2)
    return fail(ErrorCode::kBadConfig, "models.two_tower: the training period has no two events to learn from");
  if (!config.popularity_half_life_days.empty()) {
    if (!has_days(view.dataset->time_kind()))
      return fail(ErrorCode::kBadConfig,
                  "models.two_tower.popularity_half_life_days: the prior needs the day of each event, but [events] has no time column; set "
                  "it to []");
    trainer.timeline_ = std::make_unique<PopularityTimeline>(view, config.popularity_half_life_days);
    trainer.group_timelines_ = trend.make_group_timelines(view);
  }
  if (trainer.config_.optimizer.schedule != Schedule::kConstant) {
    const std::size_t batch = config.batch_size - config.batch_size % trainer.config_.block_size;  // of whole blocks
    const std::size_t steps = (trainer.examples_.size() + batch - 1) / batch;
    trainer.config_.optimizer.total_steps = steps * config.epochs;
    trainer.optimizer_ = Optimizer(trainer.config_.optimizer);
  }
  return trainer;
}

bool Trainer::reads_histories() const {
  return config_.history.length > 0 || config_.first_only || queries_->personal_counts().num_values() > 0;
}

void Trainer::collect_examples() {
  const Dataset& dataset = *view_.dataset;
  for (std::size_t event = 0; event < view_.num_events; ++event) {
    const TimePoint at = dataset.times()[event];
    const double weight = dataset.action_weight(dataset.actions()[event]) * age_weight(config_, view_.until, at);
    if (!(weight > 0)) continue;
    if (config_.first_only && is_repeat(history_before(histories_.of(dataset.users()[event]), at), dataset.items()[event])) continue;
    examples_.push_back({static_cast<std::uint32_t>(event), static_cast<float>(weight)});
  }
}

void Trainer::make_sampler() {
  std::vector<double> counts(view_.dataset->num_items(), 0.0);
  std::vector<std::uint32_t> allowed;
  for (const Example& example : examples_) ++counts[to_size(view_.dataset->items()[example.event])];
  // Products without an event in the training period are no negatives: they would learn only that nobody wants them.
  for (std::uint32_t item = 0; item < counts.size(); ++item) {
    if (counts[item] > 0) allowed.push_back(item);
  }
  sampler_ = std::make_unique<NegativeSampler>(NegativeSamplingOptions{.kind = config_.loss,
                                                                       .num_uniform = config_.num_uniform,
                                                                       .mask_accidental_hits = config_.mask_accidental_hits,
                                                                       .logq_correction = config_.logq_correction},
                                               std::move(allowed), counts);
  if (config_.streaming_frequency && config_.logq_correction)
    frequency_ = std::make_unique<StreamingFrequency>(config_.frequency, counts.size());
  column_of_item_.assign(counts.size(), 0);
}

// As of when an example's counters stand: its day, or the start of the interval that it lies in. Intervals begin anew in each step, so that
// an event is now a day, now a week ahead of what is counted, as with the queries of a protocol.
Day Trainer::counted_until(TimePoint at, std::uint64_t step) const {
  const Day day = day_of(at);
  if (config_.counter_interval_days == 0) return day;
  const auto interval = static_cast<std::int64_t>(config_.counter_interval_days);
  const auto phase = static_cast<std::int64_t>(splitmix64(splitmix64(seed_ ^ 0x7068617365) ^ step) % config_.counter_interval_days);
  return day - std::chrono::days((((day.time_since_epoch().count() + phase) % interval) + interval) % interval);
}

void Trainer::look_up_prior(const std::vector<Query>& queries, std::uint64_t step, TrainingBatch& batch, ThreadPool& pool) {
  std::vector<Day> days;
  batch.group.resize(queries.size());
  for (std::size_t i = 0; i < queries.size(); ++i) {
    const Day day = counted_until(queries[i].at, step);
    if (days.empty() || days.back() != day) days.push_back(day);
    batch.group[i] = static_cast<std::uint32_t>(days.size() - 1);
  }
  const auto& items = batch.candidate_set.items;
  timeline_->log_shares(days, items, batch.log_shares, pool);
  if (trend_->num_inputs() == 0) return;
  const auto without_id = candidates_->without_id(items, {config_.id_dropout, seed_, step});
  trend_->of_days(*timeline_, group_timelines_, days, items, batch.log_shares, without_id, batch.trend_inputs, pool);
}

// What a customer had is no candidate for a first purchase, so it is none in training either.
void Trainer::mask_histories(const std::vector<Query>& queries, TrainingBatch& batch, ThreadPool& pool) {
  const std::size_t num_columns = batch.candidate_set.items.size();
  std::vector<std::vector<std::uint32_t>> columns(queries.size());
  pool.for_blocks(queries.size(), kRowsPerBlock, [&](std::size_t begin, std::size_t end) {
    std::vector<std::uint32_t> last_row(num_columns, UINT32_MAX);  // that masked the column: each is named once
    for (std::size_t row = begin; row < end; ++row) {
      for (const HistoryItem& past : queries[row].history) {
        const std::uint32_t column = column_of_item_[to_size(past.item)] - 1;
        if (column == UINT32_MAX || last_row[column] == row) continue;
        last_row[column] = static_cast<std::uint32_t>(row);
        columns[row].push_back(column);
      }
    }
  });
  batch.masked_offsets.assign(1, 0);
  batch.masked_columns.clear();
  for (const auto& row : columns) {
    batch.masked_columns.insert(batch.masked_columns.end(), row.begin(), row.end());
    batch.masked_offsets.push_back(static_cast<std::uint32_t>(batch.masked_columns.size()));
  }
}

void Trainer::count_personal(const std::vector<Query>& queries, TrainingBatch& batch, ThreadPool& pool) {
  const PersonalCounts& counts = queries_->personal_counts();
  std::vector<PersonalCounts::Of> rows(queries.size());
  pool.for_blocks(queries.size(), kRowsPerBlock, [&](std::size_t begin, std::size_t end) {
    PersonalCounts::Scratch scratch;
    for (std::size_t row = begin; row < end; ++row)
      counts.count(queries[row].history, queries[row].at, column_of_item_, scratch, rows[row]);
  });
  batch.personal_offsets.assign(1, 0);
  for (const auto& row : rows)
    batch.personal_offsets.push_back(batch.personal_offsets.back() + static_cast<std::uint32_t>(row.items.size()));
  batch.personal_columns.resize(batch.personal_offsets.back());
  batch.personal_values.resize(batch.personal_offsets.back(), counts.num_values());
  pool.for_blocks(rows.size(), kRowsPerBlock, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      const std::size_t first = batch.personal_offsets[row];
      for (std::size_t i = 0; i < rows[row].items.size(); ++i) batch.personal_columns[first + i] = column_of_item_[rows[row].items[i]] - 1;
      std::ranges::copy(rows[row].values, batch.personal_values.data() + first * counts.num_values());
    }
  });
}

// The history of each example: what came before it and, where no event comes before another, all else that the customer had. `others` holds
// the latter.
void Trainer::find_histories(std::span<const std::uint32_t> examples, std::vector<Query>& queries, std::vector<HistoryItem>& others,
                             ThreadPool& pool) const {
  const Dataset& dataset = *view_.dataset;
  if (dataset.time_kind() != TimeKind::kNone) {
    return pool.for_blocks(queries.size(), kRowsPerBlock, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) queries[i].history = history_before(histories_.of(*queries[i].user), queries[i].at);
    });
  }
  std::vector<std::size_t> begins;
  for (std::size_t i = 0; i < queries.size(); ++i) {
    const auto all = histories_.of(*queries[i].user);
    begins.push_back(others.size());
    const ItemIndex asked = dataset.items()[examples_[examples[i]].event];
    const auto itself = std::ranges::find(all, asked, &HistoryItem::item);
    others.insert(others.end(), all.begin(), itself);
    others.insert(others.end(), itself + 1, all.end());
  }
  begins.push_back(others.size());
  for (std::size_t i = 0; i < queries.size(); ++i) queries[i].history = std::span(others).subspan(begins[i], begins[i + 1] - begins[i]);
}

void Trainer::make_batch(std::span<const std::uint32_t> examples, std::uint64_t step, TrainingBatch& batch, ThreadPool& pool) {
  const Dataset& dataset = *view_.dataset;
  std::vector<Query> queries(examples.size());
  std::vector<std::uint32_t> positives(examples.size());
  batch.row_weight.resize(examples.size());
  batch.rating.resize(examples.size());
  pool.for_blocks(examples.size(), kRowsPerBlock, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const Example& example = examples_[examples[i]];
      queries[i] = {.user = dataset.users()[example.event],
                    .action = dataset.actions()[example.event],
                    .weight = dataset.weights()[example.event],
                    .at = dataset.times()[example.event],
                    .history = {},
                    .excluded = {}};
      positives[i] = static_cast<std::uint32_t>(dataset.items()[example.event]);
      batch.row_weight[i] = example.weight;
      batch.rating[i] = dataset.weights()[example.event];
    }
  });
  std::vector<HistoryItem> others;
  if (reads_histories()) find_histories(examples, queries, others, pool);
  Rng rng(seed_, splitmix64(step));
  if (frequency_) frequency_->observe(step, positives);
  sampler_->sample(positives, rng, batch.candidate_set, frequency_.get());
  pool.run(2, [&](std::size_t tower) {
    if (tower == 0) return queries_->encode(queries, batch.queries);
    candidates_->encode(batch.candidate_set.items, {config_.id_dropout, seed_, step}, batch.candidates);
  });
  if (timeline_) look_up_prior(queries, step, batch, pool);
  const bool has_personal = queries_->personal_counts().num_values() > 0;
  if (!config_.first_only && !has_personal) return;
  const auto& items = batch.candidate_set.items;
  for (std::size_t c = 0; c < items.size(); ++c) column_of_item_[items[c]] = static_cast<std::uint32_t>(c + 1);
  if (config_.first_only) mask_histories(queries, batch, pool);
  if (has_personal) count_personal(queries, batch, pool);
  for (const std::uint32_t item : items) column_of_item_[item] = 0;
}

// Where blocks begin (shifted anew each epoch, so that neighbours change), and the order in which they are taken.
std::vector<std::uint32_t> Trainer::block_order(std::size_t epoch, std::vector<std::uint32_t>& starts) const {
  Rng rng(seed_, 0x65706f6368 + epoch);
  starts.assign(1, 0);
  for (std::size_t start = 1 + rng.below(config_.block_size); start < examples_.size(); start += config_.block_size)
    starts.push_back(static_cast<std::uint32_t>(start));
  std::vector<std::uint32_t> order(starts.size());
  for (std::uint32_t block = 0; block < order.size(); ++block) order[block] = block;
  starts.push_back(static_cast<std::uint32_t>(examples_.size()));
  rng.shuffle(std::span(order));
  return order;
}

Result<EpochCurve> Trainer::run_epoch(EpochPosition& at, Network& network, ThreadPool& pool, ProgressSink& progress,
                                      const AfterStep& after_step) {
  std::vector<std::uint32_t> starts;
  const std::vector<std::uint32_t> order = block_order(at.epoch, starts);
  if (at.next_block > order.size() || at.num_done > examples_.size())
    return fail(ErrorCode::kCorrupt, "checkpoint: block ", at.next_block, " and ", at.num_done, " examples of an epoch of ", order.size(),
                " and ", examples_.size());
  const auto began = std::chrono::steady_clock::now();
  const std::size_t done_before = at.num_done;
  progress.begin(concat("epoch ", at.epoch), examples_.size() - done_before, "examples");
  TrainingBatch batch;
  Network::Gradients gradients;
  std::vector<std::uint32_t> examples;
  while (at.next_block < order.size()) {
    examples.clear();
    for (; at.next_block < order.size() && (examples.empty() || examples.size() + config_.block_size <= config_.batch_size);
         ++at.next_block) {
      const std::uint32_t block = order[at.next_block];
      for (std::uint32_t example = starts[block]; example < starts[block + 1]; ++example) examples.push_back(example);
    }
    std::ranges::sort(examples);
    make_batch(examples, at.step, batch, pool);
    const SoftmaxResult result = network.compute_gradients(batch, at.step, gradients, pool);
    if (!std::isfinite(result.loss)) {
      progress.end();
      return fail(ErrorCode::kDiverged, "training diverged in epoch ", at.epoch, ", step ", at.step, ": the loss is ", result.loss,
                  "; a smaller learning_rate (now ", config_.optimizer.learning_rate, ") or normalize = true usually helps");
    }
    optimizer_.begin_step(at.step++);
    network.apply(gradients, optimizer_, pool);
    at.loss += result.loss;
    at.weight += result.weight;
    at.num_correct += result.num_correct;
    at.num_done += examples.size();
    progress.advance(at.num_done - done_before);
    const bool stopping = interrupted();
    if (after_step) after_step(stopping);
    if (stopping) {
      progress.end();
      return fail(ErrorCode::kInterrupted, "interrupted in epoch ", at.epoch);
    }
  }
  progress.end();
  if (!network.is_finite())
    return fail(ErrorCode::kDiverged, "training diverged in epoch ", at.epoch,
                ": weights are no longer numbers; try a smaller learning_rate (now ", config_.optimizer.learning_rate, ")");
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const auto done = static_cast<double>(at.num_done);
  return EpochCurve{at.loss / at.weight, static_cast<double>(at.num_correct) / done,
                    static_cast<double>(at.num_done - done_before) / seconds};
}

}  // namespace gemel
