#include "gemel/models/bpr/bpr.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "gemel/models/stratified_pairs.h"
#include "gemel/numerics/kernels.h"
#include "gemel/numerics/prefetch.h"
#include "gemel/numerics/safetensors.h"

namespace gemel {
namespace {

constexpr std::string_view kFileName = "bpr.safetensors";
constexpr double kInitialDeviation = 0.1;  // of a factor
constexpr std::size_t kHistoryLength = 100;  // the last events after the fit that a customer is moved by
constexpr int kStepsOfAnEvent = 10;
constexpr int kMaxDraws = 100;
constexpr std::size_t kPairsAhead = 8, kLinesAhead = 8;  // are fetched: they lie anywhere

float sigmoid(float x) { return 1 / (1 + std::exp(-x)); }

void set_random(std::span<float> row, std::uint64_t seed, std::uint64_t stream) {
  Rng rng(seed, stream);
  for (float& value : row) value = static_cast<float>(kInitialDeviation * rng.normal());
}

}  // namespace

Bpr::Bpr(Knobs knobs) : knobs_(knobs), popularity_(knobs.popularity) {}

Result<std::unique_ptr<Recommender>> Bpr::make(ConfigTable table) {
  Knobs knobs;
  knobs.embedding_dim = table.count("embedding_dim", knobs.embedding_dim, 1, 2048);
  knobs.epochs = table.count("epochs", knobs.epochs, 1, 10'000);
  knobs.learning_rate = table.number("learning_rate", knobs.learning_rate, 1e-6, 10);
  knobs.regularization = table.number("regularization", knobs.regularization, 0, 1);
  knobs.num_hard_negatives = table.count("num_hard_negatives", knobs.num_hard_negatives, 1, 1000);
  knobs.item_bias = table.flag("item_bias", knobs.item_bias);
  knobs.popularity.read(table);
  GEMEL_RETURN_IF_ERROR(table.finish());
  return std::unique_ptr<Recommender>(std::make_unique<Bpr>(knobs));
}

std::vector<std::string> Bpr::search_space() {
  std::vector<std::string> space;
  for (const bool item_bias : {true, false}) {
    for (const PopularityKnobs& popularity : PopularityMix::search_space())
      space.push_back(Bpr({.item_bias = item_bias, .popularity = popularity}).knobs());
  }
  return space;
}

TuningSpace Bpr::tuning_space() {
  return {log_integer("embedding_dim", 16, 256),    integer("epochs", 10, 100),
          log_uniform("learning_rate", 0.005, 0.2), log_uniform("regularization", 1e-4, 0.1),
          log_integer("num_hard_negatives", 1, 32), choice("item_bias", {"true", "false"}),
          uniform("popularity_weight", 0, 1),       log_uniform("popularity_half_life_days", 1, 180)};
}

std::string Bpr::knobs() const {
  return concat("embedding_dim = ", knobs_.embedding_dim, ", epochs = ", knobs_.epochs, ", learning_rate = ", knobs_.learning_rate,
                ", regularization = ", knobs_.regularization, ", num_hard_negatives = ", knobs_.num_hard_negatives,
                ", item_bias = ", knobs_.item_bias, ", ", knobs_.popularity.to_toml());
}

float Bpr::score(std::span<const float> user, std::uint32_t item) const {
  return kernels().dot(user.data(), item_factors_.row(item).data(), user.size()) + item_biases_[item];
}

std::optional<std::uint32_t> Bpr::draw_negative(std::span<const float> user, std::span<const std::uint32_t> row,
                                                std::span<const std::uint32_t> columns, Rng& rng) const {
  std::optional<std::uint32_t> best;
  float best_score = 0;
  std::size_t drawn = 0;
  for (int draw = 0; draw < kMaxDraws && drawn < knobs_.num_hard_negatives; ++draw) {
    const std::uint32_t column = columns[rng.below(columns.size())];
    if (std::ranges::binary_search(row, column)) continue;
    ++drawn;
    const float own = knobs_.num_hard_negatives == 1 ? 0 : score(user, column);
    if (best && own <= best_score) continue;
    best = column;
    best_score = own;
  }
  return best;
}

Result<void> Bpr::fit(const TrainView& view, const FitContext& context) {
  popularity_.fit(view);
  fitted_until_ = view.until;
  const InteractionRows users = items_of_users(view);
  const InteractionRows customers = transposed(users, view.dataset->num_items());
  user_factors_ = Matrix(users.size(), knobs_.embedding_dim);
  item_factors_ = Matrix(customers.size(), knobs_.embedding_dim);
  item_biases_.assign(customers.size(), 0);
  is_known_.assign(customers.size(), 0);
  for (std::size_t user = 0; user < users.size(); ++user) {
    if (!users.row(user).empty()) set_random(user_factors_.row(user), context.seed, 2 * user);
  }
  for (std::size_t item = 0; item < customers.size(); ++item) {
    is_known_[item] = !customers.row(item).empty();
    if (is_known_[item] != 0) set_random(item_factors_.row(item), context.seed, 2 * item + 1);
  }
  const auto rate = static_cast<float>(knobs_.learning_rate), decay = static_cast<float>(knobs_.regularization);
  StratifiedPairs pairs(users, customers.size());
  context.progress.begin("fit bpr", knobs_.epochs, "epochs");
  for (std::size_t epoch = 0; epoch < knobs_.epochs && !interrupted(); ++epoch) {
    pairs.epoch(context.seed, epoch, context.pool, [&](const StratifiedPairs::Block& block) {
      Rng rng(splitmix64(context.seed + epoch), block.number);
      for (std::size_t n = 0; n < block.pairs.size(); ++n) {
        const MatrixPair& pair = block.pairs[n];
        if (n + kPairsAhead < block.pairs.size()) {
          const MatrixPair& ahead = block.pairs[n + kPairsAhead];
          prefetch(std::as_const(user_factors_).row(ahead.row), kLinesAhead);
          prefetch(std::as_const(item_factors_).row(ahead.column), kLinesAhead);
          prefetch(users.row(ahead.row), kLinesAhead);
        }
        const auto user = user_factors_.row(pair.row);
        const auto negative = draw_negative(user, users.row(pair.row), block.columns, rng);
        if (!negative) continue;
        const float step = rate * sigmoid(score(user, *negative) - score(user, pair.column));
        kernels().pairwise_step(step, rate * decay, user.data(), item_factors_.row(pair.column).data(), item_factors_.row(*negative).data(),
                                user.size());
        if (!knobs_.item_bias) continue;
        item_biases_[pair.column] += step - rate * decay * item_biases_[pair.column];
        item_biases_[*negative] -= step + rate * decay * item_biases_[*negative];
      }
    });
    context.progress.advance(epoch + 1);
  }
  context.progress.end();
  if (interrupted()) return fail(ErrorCode::kInterrupted, "bpr: fit stopped");
  if (!std::all_of(item_factors_.data(), item_factors_.data() + item_factors_.size(), [](float x) { return std::isfinite(x); })) {
    return fail(ErrorCode::kDiverged, "bpr: learning_rate = ", knobs_.learning_rate, " is too large: the factors left the numbers");
  }
  prepare();
  return {};
}

void Bpr::prepare() {
  ranking_ = FactorRanking(item_factors_, item_biases_);
  known_.clear();
  for (std::uint32_t item = 0; item < is_known_.size(); ++item)
    if (is_known_[item] != 0) known_.push_back(item);
}

bool Bpr::take_fit(const Recommender& fitted, const TrainView& view) {
  const auto* other = dynamic_cast<const Bpr*>(&fitted);
  if (other == nullptr) return false;
  Knobs same = other->knobs_;  // but for what recommending alone reads
  same.popularity = knobs_.popularity;
  if (Bpr(same).knobs() != knobs()) return false;
  popularity_.fit(view);
  fitted_until_ = other->fitted_until_;
  user_factors_ = other->user_factors_;
  item_factors_ = other->item_factors_;
  item_biases_ = other->item_biases_;
  is_known_ = other->is_known_;
  prepare();
  return true;
}

void Bpr::advance(const Dataset& dataset, std::size_t num_events, TimePoint now) { popularity_.advance(dataset, num_events, now); }

bool Bpr::embed(const Query& query, std::span<float> user) const {
  std::fill(user.begin(), user.end(), 0.f);
  bool has_taste = false;
  if (query.user && to_size(*query.user) < user_factors_.rows()) {
    std::ranges::copy(user_factors_.row(to_size(*query.user)), user.begin());
    has_taste = std::ranges::any_of(user, [](float value) { return value != 0; });
  }
  std::vector<std::uint32_t> had, later;
  const auto history = query.history.last(std::min(kHistoryLength, query.history.size()));
  for (const HistoryItem& past : history) {
    const auto item = static_cast<std::uint32_t>(past.item);
    if (is_known_[item] == 0) continue;
    had.push_back(item);
    if (!has_taste || past.at >= fitted_until_) later.push_back(item);
  }
  if (later.empty() || known_.empty()) return has_taste;
  std::ranges::sort(had);
  const auto rate = static_cast<float>(knobs_.learning_rate), decay = static_cast<float>(knobs_.regularization);
  Rng rng(later.front(), later.size());  // the same history gives the same answer
  for (int round = 0; round < kStepsOfAnEvent; ++round) {
    for (const std::uint32_t item : later) {
      const auto negative = draw_negative(user, had, known_, rng);
      if (!negative) return true;
      const float step = rate * sigmoid(score(user, *negative) - score(user, item));
      kernels().scale(1 - rate * decay, user.data(), user.size());
      kernels().axpy(step, item_factors_.row(item).data(), user.data(), user.size());
      kernels().axpy(-step, item_factors_.row(*negative).data(), user.data(), user.size());
    }
  }
  return true;
}

void Bpr::recommend(std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible, ThreadPool& pool,
                    std::vector<std::vector<ScoredItem>>& out) const {
  const auto embed_all = [&](std::span<const Query> some, std::span<std::uint8_t> has_taste) {
    Matrix users(some.size(), item_factors_.cols());
    pool.for_blocks(some.size(), 16, [&](std::size_t begin, std::size_t end) {
      for (std::size_t q = begin; q < end; ++q) has_taste[q] = embed(some[q], users.row(q));
    });
    return users;
  };
  ranking_.recommend(queries, k, eligible, is_known_, popularity_, embed_all, pool, out);
}

Result<void> Bpr::save(const std::filesystem::path& directory) const {
  const std::int64_t until[] = {fitted_until_.time_since_epoch().count()};
  SafetensorsWriter writer;
  writer.add<std::int64_t>("fitted_until_us", until);
  writer.add("user_factors", user_factors_);
  writer.add("item_factors", item_factors_);
  writer.add<float>("item_biases", item_biases_);
  writer.add<std::uint8_t>("is_known", is_known_);
  GEMEL_RETURN_IF_ERROR(writer.write(directory / kFileName));
  return popularity_.save(directory);
}

Result<void> Bpr::load(const std::filesystem::path& directory) {
  GEMEL_RETURN_IF_ERROR(popularity_.load(directory));
  const std::size_t num_items = popularity_.num_items();
  GEMEL_ASSIGN_OR_RETURN(const SafetensorsFile file, SafetensorsFile::open(directory / kFileName));
  GEMEL_ASSIGN_OR_RETURN(const auto until, file.values<std::int64_t>("fitted_until_us", {1}));
  GEMEL_ASSIGN_OR_RETURN(const ConstMatrixView users, file.matrix("user_factors", kAnySize, knobs_.embedding_dim));
  GEMEL_ASSIGN_OR_RETURN(const ConstMatrixView items, file.matrix("item_factors", num_items, knobs_.embedding_dim));
  GEMEL_ASSIGN_OR_RETURN(const auto biases, file.values<float>("item_biases", {num_items}));
  GEMEL_ASSIGN_OR_RETURN(const auto is_known, file.values<std::uint8_t>("is_known", {num_items}));
  fitted_until_ = TimePoint(std::chrono::microseconds(until[0]));
  user_factors_ = Matrix(users);
  item_factors_ = Matrix(items);
  item_biases_.assign(biases.begin(), biases.end());
  is_known_.assign(is_known.begin(), is_known.end());
  prepare();
  return {};
}

}  // namespace gemel
