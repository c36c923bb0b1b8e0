#include "gemel/models/ials/ials.h"

#include <algorithm>
#include <cmath>

#include "gemel/models/half_life.h"
#include "gemel/numerics/kernels.h"
#include "gemel/numerics/rng.h"
#include "gemel/numerics/safetensors.h"

namespace gemel {
namespace {

constexpr std::string_view kFileName = "ials.safetensors";
constexpr double kInitialDeviation = 0.1;  // of a dot product's factors, over sqrt(dim): Rendle et al., section 4

// Random rows for the products that have any customer; zeros for the others and where the width is filled up.
Matrix initial_factors(const InteractionRows& customers, std::size_t dim, std::uint64_t seed) {
  Matrix factors(customers.size(), FixedSide::width_of(dim));
  const double deviation = kInitialDeviation / std::sqrt(static_cast<double>(dim));
  for (std::size_t item = 0; item < customers.size(); ++item) {
    if (customers.row(item).empty()) continue;
    Rng rng(seed, item);
    for (std::size_t d = 0; d < dim; ++d) factors(item, d) = static_cast<float>(deviation * rng.normal());
  }
  return factors;
}

}  // namespace

Ials::Ials(Knobs knobs) : knobs_(knobs), popularity_(knobs.popularity) {}

Result<std::unique_ptr<Recommender>> Ials::make(ConfigTable table) {
  Knobs knobs;
  knobs.embedding_dim = table.count("embedding_dim", knobs.embedding_dim, 1, 2048);
  knobs.epochs = table.count("epochs", knobs.epochs, 1, 1000);
  knobs.loss.unobserved_weight = table.number("unobserved_weight", knobs.loss.unobserved_weight, 1e-6);
  knobs.loss.regularization = table.number("regularization", knobs.loss.regularization, 1e-9);
  knobs.loss.exponent = table.number("regularization_exponent", knobs.loss.exponent, 0, 2);
  knobs.cg_steps = table.count("cg_steps", knobs.cg_steps, 0, 100);
  knobs.value = read_interaction_value(table, knobs.value);
  knobs.half_life_days = read_half_life(table, "half_life_days", knobs.half_life_days);
  knobs.history.read(table);
  knobs.popularity.read(table);
  GEMEL_RETURN_IF_ERROR(table.finish());
  return std::unique_ptr<Recommender>(std::make_unique<Ials>(knobs));
}

std::vector<std::string> Ials::search_space() {
  std::vector<std::string> space;
  for (const double unobserved : {0.1, 0.03, 0.01}) {
    for (const PopularityKnobs& popularity : PopularityMix::search_space()) {
      space.push_back(Ials({.loss = {.unobserved_weight = unobserved}, .popularity = popularity}).knobs());
    }
  }
  return space;
}

TuningSpace Ials::tuning_space() {
  return {log_integer("embedding_dim", 16, 256),
          integer("epochs", 8, 32),
          log_uniform("unobserved_weight", 1e-3, 1),
          log_uniform("regularization", 1e-4, 0.1),
          uniform("regularization_exponent", 0.5, 1),
          choice("value", {"\"once\"", "\"count\"", "\"action_weight\""}),
          choice("half_life_days", {"\"none\"", "90", "365"}),
          log_uniform("history_half_life_days", 3, 1000),
          log_uniform("history_half_life_events", 0.5, 300),
          uniform("popularity_weight", 0, 1),
          log_uniform("popularity_half_life_days", 1, 180)};
}

std::string Ials::knobs() const {
  return concat("embedding_dim = ", knobs_.embedding_dim, ", epochs = ", knobs_.epochs,
                ", unobserved_weight = ", knobs_.loss.unobserved_weight, ", regularization = ", knobs_.loss.regularization,
                ", regularization_exponent = ", knobs_.loss.exponent, ", cg_steps = ", knobs_.cg_steps, ", value = ", to_toml(knobs_.value),
                ", half_life_days = ", half_life_to_toml(knobs_.half_life_days), ", ", knobs_.history.to_toml(), ", ",
                knobs_.popularity.to_toml());
}

Result<void> Ials::fit(const TrainView& view, const FitContext& context) {
  popularity_.fit(view);
  action_weights_ = action_weights(*view.dataset);
  const InteractionRows users = items_of_users(view, rule());
  const InteractionRows customers = transposed(users, view.dataset->num_items());
  Matrix item_factors = initial_factors(customers, knobs_.embedding_dim, context.seed);
  Matrix user_factors(users.size(), item_factors.cols());
  std::vector<double> item_turn, user_turn;
  // Solves one side with the other held, which is left in the basis it was turned into.
  const auto alternate = [&](Matrix& held, std::vector<double>& turn, const InteractionRows& pairs, Matrix& solved) {
    FixedSide side(std::move(held), knobs_.loss, turn, context.pool);
    if (knobs_.cg_steps > 0) side.turn(solved, context.pool);
    side.improve(pairs, knobs_.cg_steps, solved, context.pool);
    held = side.release();
  };
  context.progress.begin("fit ials", knobs_.epochs, "epochs");
  for (std::size_t epoch = 0; epoch < knobs_.epochs && !interrupted(); ++epoch) {
    alternate(item_factors, item_turn, users, user_factors);
    alternate(user_factors, user_turn, customers, item_factors);
    context.progress.advance(epoch + 1);
  }
  context.progress.end();
  if (interrupted()) return fail(ErrorCode::kInterrupted, "ials: fit stopped");
  set_items(FixedSide(std::move(item_factors), knobs_.loss, item_turn, context.pool));
  return {};
}

void Ials::set_items(FixedSide items) {
  items_ = std::move(items);
  const Matrix& factors = items_.factors();
  ranking_ = FactorRanking(factors);
  is_known_.assign(factors.rows(), 0);
  for (std::size_t item = 0; item < factors.rows(); ++item) {
    is_known_[item] = kernels().sum_squares(factors.row(item).data(), factors.cols()) > 0;
  }
}

bool Ials::take_fit(const Recommender& fitted, const TrainView& view) {
  const auto* other = dynamic_cast<const Ials*>(&fitted);
  if (other == nullptr) return false;
  Knobs same = other->knobs_;  // but for what recommending alone reads
  same.history = knobs_.history;
  same.popularity = knobs_.popularity;
  if (Ials(same).knobs() != knobs()) return false;
  popularity_.fit(view);
  action_weights_ = other->action_weights_;
  set_items(other->items_);
  return true;
}

void Ials::advance(const Dataset& dataset, std::size_t num_events, TimePoint now) { popularity_.advance(dataset, num_events, now); }

Matrix Ials::solve_queries(std::span<const Query> queries, ThreadPool& pool) const {
  InteractionRows all, known;
  for (const Query& query : queries) {
    append_history(query, knobs_.history, rule(), all);
  }
  for (std::size_t q = 0; q < queries.size(); ++q) {
    for (std::size_t n = 0; n < all.row(q).size(); ++n) {
      if (is_known_[all.row(q)[n]] == 0) continue;
      known.columns.push_back(all.row(q)[n]);
      known.values.push_back(all.values_of(q)[n]);
    }
    known.offsets.push_back(known.columns.size());
  }
  Matrix solved(queries.size(), items_.factors().cols());
  items_.solve(known, solved, pool);
  return solved;
}

void Ials::recommend(std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible, ThreadPool& pool,
                     std::vector<std::vector<ScoredItem>>& out) const {
  const auto solve_some = [&](std::span<const Query> some, std::span<std::uint8_t> has_taste) {
    Matrix solved = solve_queries(some, pool);
    for (std::size_t q = 0; q < some.size(); ++q) has_taste[q] = std::ranges::any_of(solved.row(q), [](float value) { return value != 0; });
    return solved;
  };
  ranking_.recommend(queries, k, eligible, is_known_, popularity_, solve_some, pool, out);
}

Result<void> Ials::save(const std::filesystem::path& directory) const {
  SafetensorsWriter writer;
  writer.add<double>("action_weights", action_weights_);
  writer.add("item_factors", items_.factors());
  writer.add<float>("spectrum", items_.spectrum());
  GEMEL_RETURN_IF_ERROR(writer.write(directory / kFileName));
  return popularity_.save(directory);
}

Result<void> Ials::load(const std::filesystem::path& directory) {
  GEMEL_RETURN_IF_ERROR(popularity_.load(directory));
  GEMEL_ASSIGN_OR_RETURN(const SafetensorsFile file, SafetensorsFile::open(directory / kFileName));
  GEMEL_ASSIGN_OR_RETURN(const auto action_weights, file.values<double>("action_weights"));
  const std::size_t width = FixedSide::width_of(knobs_.embedding_dim);
  GEMEL_ASSIGN_OR_RETURN(const ConstMatrixView factors, file.matrix("item_factors", popularity_.num_items(), width));
  GEMEL_ASSIGN_OR_RETURN(const auto spectrum, file.values<float>("spectrum", {width}));
  const auto is_finite = [](float value) { return std::isfinite(value); };
  if (!std::ranges::all_of(spectrum, is_finite) || !std::all_of(factors.data, factors.data + factors.size(), is_finite)) {
    return fail(ErrorCode::kCorrupt, (directory / kFileName).string(), ": expected finite factors, found others");
  }
  action_weights_.assign(action_weights.begin(), action_weights.end());
  set_items(FixedSide(Matrix(factors), {spectrum.begin(), spectrum.end()}, knobs_.loss));
  return {};
}

}  // namespace gemel
