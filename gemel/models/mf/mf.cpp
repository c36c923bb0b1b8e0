#include "gemel/models/mf/mf.h"

#include <algorithm>

#include "gemel/numerics/kernels.h"
#include "gemel/numerics/safetensors.h"

namespace gemel {
namespace {

constexpr std::string_view kFileName = "mf.safetensors";
constexpr double kMinRidge = 1e-6;  // so that few scores without regularisation still have one solution

}  // namespace

Mf::Mf(Knobs knobs) : knobs_(knobs), popularity_(knobs.popularity) {}

Result<std::unique_ptr<Recommender>> Mf::make(ConfigTable table) {
  Knobs knobs;
  FactorizationKnobs& inner = knobs.factorization;
  inner.embedding_dim = table.count("embedding_dim", inner.embedding_dim, 1, 512);
  inner.epochs = table.count("epochs", inner.epochs, 1, 100'000);
  inner.learning_rate = table.number("learning_rate", inner.learning_rate, 1e-6, 10);
  inner.regularization = table.number("regularization", inner.regularization, 0, 10);
  inner.biases = table.flag("biases", inner.biases);
  knobs.value = read_interaction_value(table, knobs.value);
  knobs.popularity.read(table);
  GEMEL_RETURN_IF_ERROR(table.finish());
  return std::unique_ptr<Recommender>(std::make_unique<Mf>(knobs));
}

std::vector<std::string> Mf::search_space() {
  std::vector<std::string> space;
  for (const PopularityKnobs& popularity : PopularityMix::search_space()) space.push_back(Mf({.popularity = popularity}).knobs());
  return space;
}

TuningSpace Mf::tuning_space() {
  return {log_integer("embedding_dim", 4, 128),
          integer("epochs", 10, 100),
          log_uniform("learning_rate", 0.002, 0.1),
          log_uniform("regularization", 1e-3, 0.3),
          choice("value", {"\"last_weight\"", "\"action_weight\"", "\"count\""}),
          uniform("popularity_weight", 0, 1),
          log_uniform("popularity_half_life_days", 1, 180)};
}

std::string Mf::knobs() const {
  const FactorizationKnobs& inner = knobs_.factorization;
  return concat("embedding_dim = ", inner.embedding_dim, ", epochs = ", inner.epochs, ", learning_rate = ", inner.learning_rate,
                ", regularization = ", inner.regularization, ", biases = ", inner.biases, ", value = ", to_toml(knobs_.value), ", ",
                knobs_.popularity.to_toml());
}

Result<void> Mf::fit(const TrainView& view, const FitContext& context) {
  popularity_.fit(view);
  warnings_.clear();
  action_weights_ = action_weights(*view.dataset);
  const InteractionRows scores = items_of_users(view, {.value = knobs_.value, .action_weights = action_weights_});
  GEMEL_ASSIGN_OR_RETURN(Factorization found,
                         factorize(scores, view.dataset->num_items(), knobs_.factorization, context.seed, context.pool, context.progress));
  mean_ = found.mean;
  item_factors_ = std::move(found.item_factors);
  item_biases_ = std::move(found.item_biases);
  is_known_.assign(item_biases_.size(), 0);
  const auto [low, high] = std::ranges::minmax_element(scores.values);
  if (scores.values.empty() || *low == *high) {
    warnings_.push_back(concat("mf: every score of value = ", to_toml(knobs_.value), " is the same: nothing to learn, popularity answers"));
  } else {
    for (const std::uint32_t item : scores.columns) is_known_[item] = 1;
  }
  ranking_ = FactorRanking(item_factors_, item_biases_);
  return {};
}

bool Mf::take_fit(const Recommender& fitted, const TrainView& view) {
  const auto* other = dynamic_cast<const Mf*>(&fitted);
  if (other == nullptr) return false;
  Knobs same = other->knobs_;  // but for what recommending alone reads
  same.popularity = knobs_.popularity;
  if (Mf(same).knobs() != knobs()) return false;
  popularity_.fit(view);
  warnings_ = {};  // said once
  action_weights_ = other->action_weights_;
  mean_ = other->mean_;
  item_factors_ = other->item_factors_;
  item_biases_ = other->item_biases_;
  is_known_ = other->is_known_;
  ranking_ = FactorRanking(item_factors_, item_biases_);
  return true;
}

void Mf::advance(const Dataset& dataset, std::size_t num_events, TimePoint now) { popularity_.advance(dataset, num_events, now); }

bool Mf::solve(const Query& query, std::span<float> factors) const {
  // One column more than factors for the customer's own bias, then zeros up to what the kernels want.
  const std::size_t dim = factors.size(), width = (dim + 1 + 15) / 16 * 16;
  InteractionRows history;
  append_history(query.history, query.at, {.value = knobs_.value, .action_weights = action_weights_}, history);
  std::vector<float> rows, ones, right(width), system(width * width);
  for (std::size_t n = 0; n < history.columns.size(); ++n) {
    const std::uint32_t item = history.columns[n];
    if (is_known_[item] == 0) continue;
    const auto error = static_cast<float>(history.values[n] - mean_ - item_biases_[item]);
    rows.insert(rows.end(), item_factors_.row(item).begin(), item_factors_.row(item).end());
    rows.resize(rows.size() + width - dim, 0);
    if (knobs_.factorization.biases) rows[rows.size() - width + dim] = 1;
    kernels().axpy(error, &rows[rows.size() - width], right.data(), width);
    ones.push_back(1);
  }
  if (ones.empty()) return false;
  const double ridge = std::max(kMinRidge, knobs_.factorization.regularization * static_cast<double>(ones.size()));
  for (std::size_t d = 0; d < width; ++d) system[d * width + d] = static_cast<float>(ridge);
  kernels().add_outer_products(rows.data(), ones.data(), ones.size(), system.data(), width);
  if (!kernels().cholesky_solve(system.data(), right.data(), width)) return false;
  std::copy_n(right.begin(), dim, factors.begin());
  return true;
}

void Mf::recommend(std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible, ThreadPool& pool,
                   std::vector<std::vector<ScoredItem>>& out) const {
  const auto embed_all = [&](std::span<const Query> some, std::span<std::uint8_t> has_taste) {
    Matrix users(some.size(), item_factors_.cols());
    pool.for_blocks(some.size(), 16, [&](std::size_t begin, std::size_t end) {
      for (std::size_t q = begin; q < end; ++q) has_taste[q] = solve(some[q], users.row(q));
    });
    return users;
  };
  ranking_.recommend(queries, k, eligible, is_known_, popularity_, embed_all, pool, out);
}

Result<void> Mf::save(const std::filesystem::path& directory) const {
  const double mean[] = {mean_};
  SafetensorsWriter writer;
  writer.add<double>("action_weights", action_weights_);
  writer.add<double>("mean", mean);
  writer.add("item_factors", item_factors_);
  writer.add<float>("item_biases", item_biases_);
  writer.add<std::uint8_t>("is_known", is_known_);
  GEMEL_RETURN_IF_ERROR(writer.write(directory / kFileName));
  return popularity_.save(directory);
}

Result<void> Mf::load(const std::filesystem::path& directory) {
  GEMEL_RETURN_IF_ERROR(popularity_.load(directory));
  const std::size_t num_items = popularity_.num_items();
  GEMEL_ASSIGN_OR_RETURN(const SafetensorsFile file, SafetensorsFile::open(directory / kFileName));
  GEMEL_ASSIGN_OR_RETURN(const auto action_weights, file.values<double>("action_weights"));
  GEMEL_ASSIGN_OR_RETURN(const auto mean, file.values<double>("mean", {1}));
  GEMEL_ASSIGN_OR_RETURN(const ConstMatrixView items, file.matrix("item_factors", num_items, knobs_.factorization.embedding_dim));
  GEMEL_ASSIGN_OR_RETURN(const auto biases, file.values<float>("item_biases", {num_items}));
  GEMEL_ASSIGN_OR_RETURN(const auto is_known, file.values<std::uint8_t>("is_known", {num_items}));
  action_weights_.assign(action_weights.begin(), action_weights.end());
  mean_ = mean[0];
  item_factors_ = Matrix(items);
  item_biases_.assign(biases.begin(), biases.end());
  is_known_.assign(is_known.begin(), is_known.end());
  ranking_ = FactorRanking(item_factors_, item_biases_);
  return {};
}

}  // namespace gemel
