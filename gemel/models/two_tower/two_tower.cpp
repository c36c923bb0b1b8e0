#include "gemel/models/two_tower/two_tower.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iomanip>
#include <numeric>
#include <sstream>

#include "gemel/nn/l2_normalize.h"
#include "gemel/numerics/evenly_spread.h"
#include "gemel/numerics/kernels.h"

namespace gemel {
namespace {

constexpr std::size_t kQueriesAtOnce = 1024, kQueriesPerBlock = 64;
constexpr std::size_t kCandidatesAtOnce = 8192;
constexpr std::size_t kCalibrationQueries = 8192;  // plenty for a dozen numbers
constexpr std::size_t kIndexQueries = 1000, kIndexEvents = 100'000;  // asked to choose an index: customers of the last so many events

// curves.jsonl, flushed line by line: a run that is watched or cut off shows what it had.
class CurveFile {
 public:
  explicit CurveFile(std::filesystem::path path) : path_(std::move(path)) {}
  // The file begins with the first epoch: a run that never comes that far leaves none. A resumed one writes the lines of before again.
  Result<void> write(const std::vector<std::string>& lines) {
    if (path_.empty() || lines.empty()) return {};
    if (!file_.is_open()) {
      std::error_code code;  // opening tells
      if (path_.has_parent_path()) std::filesystem::create_directories(path_.parent_path(), code);
      file_.open(path_, std::ios::trunc);
    }
    for (; num_written_ < lines.size(); ++num_written_) file_ << lines[num_written_] << std::endl;
    if (!file_) return fail(ErrorCode::kIo, path_.string(), ": writing the curves failed");
    return {};
  }

 private:
  std::filesystem::path path_;
  std::ofstream file_;
  std::size_t num_written_ = 0;
};

std::string curve_line(std::size_t epoch, const EpochCurve& curve, const Network& network, std::optional<double> validation) {
  return concat("{\"epoch\": ", epoch, ", \"loss\": ", curve.loss, ", \"accuracy\": ", curve.accuracy, ", \"scale\": ", network.scale(),
                ", \"examples_per_second\": ", curve.examples_per_second,
                validation ? concat(", \"validation_ndcg_at_20\": ", *validation) : "", "}");
}

std::string epoch_note(std::size_t epoch, const EpochCurve& curve, std::optional<double> validation) {
  std::ostringstream note;
  note << std::fixed << std::setprecision(4) << "epoch " << epoch << ": loss " << curve.loss << ", accuracy " << curve.accuracy;
  if (validation) note << ", validation NDCG@20 " << *validation;
  return note.str();
}

// What needs days is refused where [events] has no time column.
Result<void> check_time(const TwoTowerConfig& config, TimeKind kind) {
  if (has_days(kind)) return {};
  const auto refuse = [](std::string_view key, std::string_view needs, std::string_view instead) {
    return fail(ErrorCode::kBadConfig, "models.two_tower.", key, ": needs ", needs, " of each event, and events.time names no column; set ",
                instead);
  };
  constexpr std::string_view kWithoutDays = "popularity_half_life_days = [] and time = []";
  if (!config.popularity_half_life_days.empty()) return refuse("popularity_half_life_days", "the day", kWithoutDays);
  if (config.counter_interval_days > 0) return refuse("counter_interval_days", "the day", "counter_interval_days = 0");
  if (std::ranges::any_of(config.personal_half_life_days, [](double days) { return days != kNoDecay; }))
    return refuse("personal_half_life_days", "the day", "personal_half_life_days = [inf]");
  if (!config.time.empty()) return refuse("time", "the day", kWithoutDays);
  return {};
}

}  // namespace

Result<std::unique_ptr<Recommender>> TwoTower::make(ConfigTable table) {
  GEMEL_ASSIGN_OR_RETURN(TwoTowerConfig config, TwoTowerConfig::read(std::move(table)));
  return std::unique_ptr<Recommender>(std::make_unique<TwoTower>(std::move(config)));
}

// The towers end at the same width whatever layers each takes.
TuningSpace TwoTower::tuning_space() {
  const std::vector<std::string> layers{R"(["64 linear"])", R"(["128 relu", "64 linear"])", R"(["256 gelu", "128 gelu", "64 linear"])"};
  return {choice("epochs", {"8"}),
          log_uniform("learning_rate", 3e-4, 1e-2),
          choice("batch_size", {"1024", "2048", "4096"}),
          choice("embedding_dim", {"32", "64", "128"}),
          choice("query_layers", layers),
          choice("candidate_layers", layers),
          uniform("dropout", 0, 0.6),
          uniform("id_dropout", 0, 0.3),
          log_integer("history.length", 5, 100),
          log_uniform("history.half_life_days", 5, 365),
          log_uniform("history.half_life_events", 1, 100),
          log_uniform("example_half_life_days", 30, 1000),
          choice("popularity_half_life_days", {"[1, 3, 10, 60]", "[2, 7, 30]", "[3, 14, 60]", "[7, 30, 180]"})};
}

std::string TwoTower::knobs() const {
  const ConfigFile nothing = ConfigFile::parse("", "defaults").value();
  std::istringstream lines(config_.to_toml()), defaults(TwoTowerConfig::read(nothing.root()).value().to_toml());
  std::string changed;
  for (std::string line, usual; std::getline(lines, line) && std::getline(defaults, usual);) {
    if (line != usual) changed += (changed.empty() ? "" : ", ") + line;
  }
  return changed;
}

Result<void> TwoTower::fit(const TrainView& view, const FitContext& context) {
  GEMEL_RETURN_IF_ERROR(check_time(config_, view.dataset->time_kind()));
  GEMEL_ASSIGN_OR_RETURN(candidate_encoder_, CandidateEncoder::fit(config_, view));
  GEMEL_ASSIGN_OR_RETURN(query_encoder_, QueryEncoder::fit(config_, view, candidate_encoder_.ids()));
  GEMEL_ASSIGN_OR_RETURN(const TrendFeatures trend, Counters::make_trend(config_, candidate_encoder_, view.dataset->num_items()));
  GEMEL_ASSIGN_OR_RETURN(Trainer trainer, Trainer::make(config_, view, candidate_encoder_, query_encoder_, trend, context.seed));
  spec_ = make_network_spec(candidate_encoder_, query_encoder_, trend);
  counters_ = new_counters(trend);
  network_ = Network(config_, spec_, context.seed);
  GEMEL_RETURN_IF_ERROR(train(trainer, view, context));
  embed_all_candidates(context.pool);
  stand_at(view);
  return choose_index(view, context);
}

Result<void> TwoTower::refit(const TrainView& view, const FitContext& context) {
  if (candidate_encoder_.ids().rows().size() != view.dataset->num_items())
    return fail(ErrorCode::kBadInput, "models.two_tower: was fitted on another catalogue; expected ",
                candidate_encoder_.ids().rows().size(), " products, found ", view.dataset->num_items());
  candidate_encoder_.extend(view);
  query_encoder_.extend(view, candidate_encoder_.ids());
  GEMEL_ASSIGN_OR_RETURN(const TrendFeatures trend, Counters::make_trend(config_, candidate_encoder_, view.dataset->num_items()));
  const std::uint64_t seed = splitmix64(context.seed ^ view.num_events);  // another order and other dropout each time
  const std::chrono::duration<double, std::ratio<86400>> days(config_.refit_days);
  const TimePoint from = view.until - std::chrono::duration_cast<TimePoint::duration>(days);
  auto trainer = Trainer::make(config_, view, candidate_encoder_, query_encoder_, trend, seed, from);
  grow_network_spec(candidate_encoder_, query_encoder_, spec_);
  network_.grow(spec_, seed);
  counters_ = new_counters(trend);
  if (trainer) GEMEL_RETURN_IF_ERROR(learn_on(*trainer, context));  // a week without events teaches nothing
  embed_all_candidates(context.pool);
  stand_at(view);
  return choose_index(view, context);
}

Result<void> TwoTower::learn_on(Trainer& trainer, const FitContext& context) {
  warnings_.clear();
  Network before = network_;
  EpochPosition position;
  const auto curve = trainer.run_epoch(position, network_, context.pool, context.progress, {});
  if (curve) return {};
  network_ = std::move(before);
  if (curve.error().code != ErrorCode::kDiverged) return with_context(curve.error(), "models.two_tower");
  warnings_.push_back(concat("models.two_tower: ", curve.error().message, "; the state before is kept"));
  return {};
}

Result<void> TwoTower::train(Trainer& trainer, const TrainView& view, const FitContext& context) {
  warnings_.clear();
  TrainingRun run;
  run.average = WeightAverage(config_.average_decay);
  GEMEL_RETURN_IF_ERROR(resume(trainer, run, context));
  CurveFile curves(context.curves_path);
  GEMEL_RETURN_IF_ERROR(curves.write(run.curves));
  const auto stops_early = [&] { return context.validation && run.position.epoch > run.best.epoch + config_.patience; };
  while (run.position.epoch <= config_.epochs && !stops_early()) {
    const std::size_t epoch = run.position.epoch;
    if (run.position.next_block == 0) run.last_good = network_;
    const auto after_step = [&](bool stopping) {
      run.average.observe(network_, run.position.step - 1, context.pool);
      if (context.checkpoints && (stopping || context.checkpoints->is_due())) checkpoint(trainer, run, context);
    };
    const auto curve = trainer.run_epoch(run.position, network_, context.pool, context.progress, after_step);
    if (!curve) {
      const Error& error = curve.error();
      if (error.code != ErrorCode::kDiverged || epoch == 1) return with_context(error, "models.two_tower");
      network_ = run.last_good;
      run.average.stop();
      config_.epochs = epoch - 1;
      warnings_.push_back(concat("models.two_tower: ", error.message, "; the state after epoch ", epoch - 1, " is kept"));
      break;
    }
    std::optional<double> validation;
    if (context.validation) {
      run.average.swap(network_);
      const auto judged = judge(view, context);
      if (judged && *judged > run.best.score) run.best = {*judged, epoch, network_, calibration_in_use()};
      run.average.swap(network_);
      if (!judged && judged.error().code == ErrorCode::kInterrupted) checkpoint(trainer, run, context);
      GEMEL_ASSIGN_OR_RETURN(validation, judged);
    }
    run.calibration = calibration_in_use();
    run.curves.push_back(curve_line(epoch, *curve, network_, validation));
    GEMEL_RETURN_IF_ERROR(curves.write(run.curves));
    context.progress.note(epoch_note(epoch, *curve, validation));
    run.position = run.position.next_epoch();
    checkpoint(trainer, run, context);
  }
  run.average.swap(network_);
  finish(context, std::move(run.best));
  return {};
}

// Begins where an earlier run stopped, or at the start.
Result<void> TwoTower::resume(Trainer& trainer, TrainingRun& run, const FitContext& context) {
  const auto state = context.checkpoints ? context.checkpoints->state() : std::nullopt;
  if (state) {
    const auto loaded = load_training(*state, run, network_, trainer.frequency());
    if (!loaded) return with_context(loaded.error(), state->string());
    context.progress.note(concat("resumed in epoch ", run.position.epoch, ", after step ", run.position.step));
  }
  use(run.calibration);
  return {};
}

// A disk that is full costs a checkpoint, not the training: the one before stays, and it is said.
void TwoTower::checkpoint(Trainer& trainer, const TrainingRun& run, const FitContext& context) const {
  if (!context.checkpoints) return;
  const auto saved = context.checkpoints->save(
      [&](const std::filesystem::path& folder) { return save_training(folder, run, network_, trainer.frequency()); });
  if (!saved) context.progress.warn(concat("no checkpoint was written: ", saved.error().message));
}

void TwoTower::finish(const FitContext& context, BestEpoch best) {
  if (!context.validation || best.epoch == 0) return use(current_calibration());
  network_ = std::move(best.network);
  config_.epochs = best.epoch;
  use(best.calibration);
  if (chooses_calibration()) {  // kept for the refit; without calibration the refit serves what it learns itself
    config_.popularity_weights = weights_;
    config_.tower_gates = gates_;
    config_.personal_weights = personal_weights_;
  }
}

void TwoTower::use(const Calibration& calibration) {
  weights_ = calibration.popularity_weights;
  gates_ = calibration.tower_gates;
  personal_weights_ = calibration.personal_weights;
}

// Weights and gates that shop.toml or an earlier fit decided on; otherwise the weights the training learnt, and open gates.
Calibration TwoTower::current_calibration() const {
  const auto trained = network_.prior_weights();
  Calibration calibration;
  calibration.popularity_weights = config_.popularity_weights;
  if (config_.popularity_weights.empty() && config_.trend.units == 0) calibration.popularity_weights.assign(trained.begin(), trained.end());
  if (config_.popularity_weights.empty() && config_.trend.units > 0) {  // the learned bias alone, which holds the trained prior
    calibration.popularity_weights.assign(config_.num_counters(), 0.0);
    calibration.popularity_weights[config_.learned_bias()] = 1;
  }
  const auto personal = network_.personal_weights();
  calibration.personal_weights =
      config_.personal_weights.empty() ? std::vector<double>(personal.begin(), personal.end()) : config_.personal_weights;
  calibration.tower_gates = config_.tower_gates.empty() ? std::vector<double>(kNumGates, 1.0) : config_.tower_gates;
  return calibration;
}

bool TwoTower::chooses_calibration() const {
  return config_.calibrate && config_.popularity_weights.empty() && config_.tower_gates.empty() && config_.personal_weights.empty() &&
         !config_.popularity_half_life_days.empty();
}

// Calibrates on the validation period, then asks the common evaluation.
Result<double> TwoTower::judge(const TrainView& view, const FitContext& context) {
  embed_all_candidates(context.pool);
  use(chooses_calibration() ? calibrate_on(view, *context.validation, context.pool) : current_calibration());
  stand_at(view);
  auto score = context.validation->score(*this);
  stand_at(view);
  return score;
}

Calibration TwoTower::calibrate_on(const TrainView& view, const Validation& validation, ThreadPool& pool) const {
  const QueryPlan& plan = validation.plan;
  if (plan.queries.empty()) return current_calibration();
  std::vector<Matrix> log_shares;
  std::vector<std::vector<std::uint8_t>> eligible;
  Counters counters = new_counters(counters_.trend());
  for (const QueryBlock& block : plan.blocks) {
    if (!counters.is_empty()) counters.roll(*view.dataset, block.num_known_events, day_of(block.now));
    counters.rows(network_, pool, log_shares.emplace_back());
    eligible.push_back(eligible_items(*view.dataset, plan.protocol, block.num_known_events));
  }
  const std::vector<std::uint32_t> picked = evenly_spread(plan.queries.size(), kCalibrationQueries);
  std::vector<Query> queries;
  std::vector<std::uint8_t> gates;
  for (const std::uint32_t query : picked) {
    queries.push_back(to_query(plan.queries[query], plan, validation.histories));
    gates.push_back(static_cast<std::uint8_t>(gate_of(queries.back().history.size())));
  }
  const Matrix embeddings = embed(queries, pool);
  std::optional<Calibration> start;  // the epoch before found about the same
  if (!weights_.empty()) start = calibration_in_use();
  const auto trained = network_.personal_weights();
  const std::vector<PersonalCounts::Of> personal = count_personal(queries, pool);
  return calibrate({.plan = plan,
                    .queries = picked,
                    .query_embeddings = embeddings,
                    .gates = gates,
                    .candidate_embeddings = candidate_embeddings_,
                    .scale = network_.scale(),
                    .log_shares = log_shares,
                    .eligible = eligible,
                    .personal = personal,
                    .trained_personal_weights = {trained.begin(), trained.end()},
                    .learned_bias = config_.trend.units > 0 ? std::optional(config_.learned_bias()) : std::nullopt},
                   start, pool);
}

std::vector<PersonalCounts::Of> TwoTower::count_personal(std::span<const Query> queries, ThreadPool& pool) const {
  const PersonalCounts& counts = query_encoder_.personal_counts();
  std::vector<PersonalCounts::Of> all(queries.size());
  if (counts.num_values() == 0) return all;
  pool.for_blocks(queries.size(), kQueriesPerBlock, [&](std::size_t begin, std::size_t end) {
    PersonalCounts::Scratch scratch;
    for (std::size_t q = begin; q < end; ++q) counts.count(queries[q].history, queries[q].at, {}, scratch, all[q]);
  });
  return all;
}

Matrix TwoTower::embed(std::span<const Query> queries, ThreadPool& pool) const {
  Matrix all(queries.size(), network_.query_tower().output_dim());
  TowerInput input;
  Tower::Activations activations;
  for (std::size_t begin = 0; begin < queries.size(); begin += kQueriesAtOnce) {
    const auto some = queries.subspan(begin, std::min(kQueriesAtOnce, queries.size() - begin));
    query_encoder_.encode(some, input);
    network_.embed_queries(input, activations, pool);
    std::copy_n(activations.embeddings.data(), activations.embeddings.size(), all.row(begin).data());
  }
  return all;
}

void TwoTower::embed_all_candidates(ThreadPool& pool) {
  const std::size_t num_items = candidate_encoder_.ids().rows().size();
  candidate_embeddings_.resize(num_items, network_.candidate_tower().output_dim());
  std::vector<std::uint32_t> items(num_items);
  std::iota(items.begin(), items.end(), 0u);
  TowerInput input;
  Tower::Activations activations;
  for (std::size_t begin = 0; begin < num_items; begin += kCandidatesAtOnce) {
    candidate_encoder_.encode(std::span(items).subspan(begin, std::min(kCandidatesAtOnce, num_items - begin)), {}, input);
    network_.embed_candidates(input, activations, pool);
    std::copy_n(activations.embeddings.data(), activations.embeddings.size(), candidate_embeddings_.row(begin).data());
  }
  index_ = CandidateIndex(candidate_embeddings_);
  keep_directions(pool);
}

void TwoTower::keep_directions(ThreadPool& pool) {
  candidate_directions_ = candidate_embeddings_;
  std::vector<float> norms(candidate_directions_.rows());
  l2_normalize_forward(candidate_directions_, candidate_directions_, norms, pool);
}

Counters TwoTower::new_counters(TrendFeatures trend) const {
  const IdRows& ids = candidate_encoder_.ids();
  return {DecayedCounts(config_.popularity_half_life_days, ids.rows().size()), std::move(trend), ids};
}

void TwoTower::stand_at(const TrainView& view) {
  counters_ = new_counters(counters_.trend());
  if (!counters_.is_empty()) counters_.roll(*view.dataset, view.num_events, day_of(view.until));
  set_bias();
}

void TwoTower::set_bias() {
  counters_.bias(network_, weights_, item_bias_);
  arranged_bias_ = index_.arrange_bias(item_bias_);
}

void TwoTower::advance(const Dataset& dataset, std::size_t num_events, TimePoint now) {
  if (counters_.is_empty()) return;
  counters_.roll(dataset, num_events, day_of(now));
  set_bias();
}

// Queries as the index is asked them.
struct TwoTower::Asked {
  Matrix embeddings;
  std::vector<PersonalCounts::Of> personal;
  std::vector<std::vector<std::uint32_t>> scored_apart;  // excluded from the search, with what is excluded anyway
  std::vector<std::span<const std::uint32_t>> excluded;
};

TwoTower::Asked TwoTower::ask(std::span<const Query> queries, ThreadPool& pool) const {
  Asked asked{embed(queries, pool), count_personal(queries, pool), std::vector<std::vector<std::uint32_t>>(queries.size()),
              std::vector<std::span<const std::uint32_t>>(queries.size())};
  pool.for_blocks(queries.size(), kQueriesPerBlock, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const auto factor = static_cast<float>(network_.scale() * gates_[gate_of(queries[i].history.size())]);
      kernels().scale(factor, asked.embeddings.row(i).data(), asked.embeddings.cols());
      asked.excluded[i] = as_rows(queries[i].excluded);
      if (asked.personal[i].items.empty()) continue;
      std::vector<std::uint32_t>& apart = asked.scored_apart[i];
      apart = asked.personal[i].items;
      apart.insert(apart.end(), asked.excluded[i].begin(), asked.excluded[i].end());
      std::ranges::sort(apart);
      asked.excluded[i] = apart;
    }
  });
  return asked;
}

// By what customers would be asked for at the end of the view.
Result<void> TwoTower::choose_index(const TrainView& view, const FitContext& context) {
  if (!CandidateIndex::is_wanted(config_.index, candidate_embeddings_.rows())) return {};
  context.progress.begin("choose an index", candidate_embeddings_.rows(), "products");
  const Histories histories(*view.dataset, view.num_events);
  const std::size_t num_recent = std::min(kIndexEvents, view.num_events);
  std::vector<Query> queries;
  for (const std::uint32_t place : evenly_spread(num_recent, kIndexQueries)) {
    const std::size_t event = view.num_events - num_recent + place;
    const UserIndex user = view.dataset->users()[event];
    queries.push_back({.user = user,
                       .action = view.dataset->actions()[event],
                       .at = view.until,
                       .history = history_before(histories.of(user), view.until),
                       .excluded = {}});
  }
  const Asked asked = ask(queries, context.pool);
  const std::vector<std::uint8_t> eligible = eligible_items(*view.dataset, Protocol::kRollingWeek, view.num_events);
  index_ = CandidateIndex(config_.index,
                          {.queries = asked.embeddings,
                           .candidate_bias = item_bias_,
                           .eligible = eligible,
                           .excluded = asked.excluded,
                           .candidates = candidate_embeddings_},
                          context.pool);
  context.progress.end();
  if (interrupted()) return fail(ErrorCode::kInterrupted, "models.two_tower: interrupted while an index was made");
  set_bias();
  return {};
}

void TwoTower::recommend(std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible, ThreadPool& pool,
                         std::vector<std::vector<ScoredItem>>& out) const {
  out.assign(queries.size(), {});
  std::vector<std::vector<ScoredIndex>> found;
  for (std::size_t begin = 0; begin < queries.size(); begin += kQueriesAtOnce) {
    const auto some = queries.subspan(begin, std::min(kQueriesAtOnce, queries.size() - begin));
    const Asked asked = ask(some, pool);
    index_.search({.queries = asked.embeddings,
                   .candidate_bias = item_bias_,
                   .eligible = eligible,
                   .excluded = asked.excluded,
                   .k = k,
                   .candidates = candidate_embeddings_,
                   .arranged_bias = arranged_bias_},
                  pool, found);
    pool.for_blocks(some.size(), kQueriesPerBlock, [&](std::size_t first, std::size_t end) {
      for (std::size_t i = first; i < end; ++i) {
        add_personal(asked.personal[i], some[i], asked.embeddings.row(i), eligible, k, found[i]);
        std::vector<ScoredItem>& answer = out[begin + i];
        answer.reserve(found[i].size());
        for (const ScoredIndex& hit : found[i]) answer.push_back({ItemIndex{hit.index}, hit.score});
      }
    });
  }
}

// What the customer had, scored with their own counts, among what the search found without it.
void TwoTower::add_personal(const PersonalCounts::Of& personal, const Query& query, std::span<const float> embedding,
                            std::span<const std::uint8_t> eligible, std::size_t k, std::vector<ScoredIndex>& found) const {
  if (personal.items.empty()) return;
  TopK best(k);
  for (const ScoredIndex& hit : found) best.offer(hit.index, hit.score);
  for (std::size_t i = 0; i < personal.items.size(); ++i) {
    const std::uint32_t item = personal.items[i];
    if ((!eligible.empty() && eligible[item] == 0) || std::ranges::binary_search(query.excluded, ItemIndex{item})) continue;
    float score = kernels().dot(embedding.data(), candidate_embeddings_.row(item).data(), embedding.size());
    if (!item_bias_.empty()) score += item_bias_[item];
    const auto values = personal.values_of(i);
    for (std::size_t p = 0; p < values.size(); ++p) score += static_cast<float>(personal_weights_[p]) * values[p];
    best.offer(item, score);
  }
  best.take(found);
}

}  // namespace gemel
