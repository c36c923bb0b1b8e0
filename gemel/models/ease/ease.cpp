#include "gemel/models/ease/ease.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gemel/base/memory.h"
#include "gemel/models/half_life.h"
#include "gemel/numerics/cholesky.h"
#include "gemel/numerics/kernels.h"
#include "gemel/numerics/safetensors.h"

namespace gemel {
namespace {

constexpr std::string_view kFileName = "ease.safetensors";
constexpr std::uint32_t kNoRow = static_cast<std::uint32_t>(-1);
constexpr double kGb = 1e9;

// gram = transposed(X) X + regularization I, the lower triangle, over the products that have any customer.
void fill_gram(const InteractionRows& users, const InteractionRows& customers, std::span<const std::uint32_t> items,
               std::span<const std::uint32_t> rows, float regularization, MatrixView gram, ThreadPool& pool) {
  pool.for_blocks(items.size(), 16, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end && !interrupted(); ++row) {
      const auto out = gram.row(row);
      std::fill(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(row), 0.f);
      out[row] = regularization;
      const auto item_users = customers.row(items[row]);
      for (std::size_t n = 0; n < item_users.size(); ++n) {
        const float own = customers.values_of(items[row])[n];
        const auto others = users.row(item_users[n]);
        const auto values = users.values_of(item_users[n]);
        for (std::size_t m = 0; m < others.size() && others[m] <= items[row]; ++m) out[rows[others[m]]] += own * values[m];
      }
    }
  });
}

// P becomes B: column j divided by -P(j, j), zeros on the diagonal.
void divide_by_diagonal(MatrixView p, ThreadPool& pool) {
  std::vector<float> factors(p.rows);
  for (std::size_t j = 0; j < p.rows; ++j) factors[j] = -1 / p.row(j)[j];
  pool.for_blocks(p.rows, 64, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      for (std::size_t j = 0; j < p.cols; ++j) p.row(i)[j] *= factors[j];
      p.row(i)[i] = 0;
    }
  });
}

}  // namespace

Ease::Ease(Knobs knobs) : knobs_(knobs), popularity_(knobs.popularity) {}

Result<std::unique_ptr<Recommender>> Ease::make(ConfigTable table) {
  Knobs knobs;
  knobs.regularization = table.number("regularization", knobs.regularization, 1e-3);
  knobs.value = read_interaction_value(table, knobs.value);
  knobs.half_life_days = read_half_life(table, "half_life_days", knobs.half_life_days);
  knobs.history.read(table);
  knobs.max_memory_gb = table.number("max_memory_gb", knobs.max_memory_gb, 0);
  knobs.popularity.read(table);
  GEMEL_RETURN_IF_ERROR(table.finish());
  return std::unique_ptr<Recommender>(std::make_unique<Ease>(knobs));
}

std::vector<std::string> Ease::search_space() {
  std::vector<std::string> space;
  for (const double regularization : {100., 500.}) {
    for (const PopularityKnobs& popularity : PopularityMix::search_space()) {
      space.push_back(Ease({.regularization = regularization, .popularity = popularity}).knobs());
    }
  }
  return space;
}

TuningSpace Ease::tuning_space() {
  return {log_uniform("regularization", 1, 5000),
          choice("value", {"\"once\"", "\"count\"", "\"action_weight\""}),
          choice("half_life_days", {"\"none\"", "90", "365"}),
          log_uniform("history_half_life_days", 3, 1000),
          log_uniform("history_half_life_events", 0.5, 300),
          uniform("popularity_weight", 0, 1),
          log_uniform("popularity_half_life_days", 1, 180)};
}

std::string Ease::knobs() const {
  return concat("regularization = ", knobs_.regularization, ", value = ", to_toml(knobs_.value),
                ", half_life_days = ", half_life_to_toml(knobs_.half_life_days), ", ", knobs_.history.to_toml(),
                ", max_memory_gb = ", knobs_.max_memory_gb, ", ", knobs_.popularity.to_toml());
}

Result<void> Ease::check_memory() const {
  const double needed_gb = 4. * static_cast<double>(items_.size()) * static_cast<double>(items_.size()) / kGb;
  const auto available = available_memory_bytes();
  const double limit_gb = knobs_.max_memory_gb > 0 ? knobs_.max_memory_gb : available ? static_cast<double>(*available) / kGb : needed_gb;
  if (needed_gb <= limit_gb) return {};
  return fail(
      ErrorCode::kBadConfig, "ease: a weight for every two of ", items_.size(), " products sold needs ",
      fmt::format("{:.3g} GB of memory; {} is {:.3g} GB", needed_gb, knobs_.max_memory_gb > 0 ? "max_memory_gb" : "what is left", limit_gb),
      ". ials needs memory for a few numbers a product");
}

Result<void> Ease::fit(const TrainView& view, const FitContext& context) {
  popularity_.fit(view);
  action_weights_ = action_weights(*view.dataset);
  const InteractionRows users = items_of_users(view, rule());
  const InteractionRows customers = transposed(users, view.dataset->num_items());
  items_.clear();
  rows_.assign(view.dataset->num_items(), kNoRow);
  for (std::uint32_t item = 0; item < rows_.size(); ++item) {
    if (customers.row(item).empty()) continue;
    rows_[item] = static_cast<std::uint32_t>(items_.size());
    items_.push_back(item);
  }
  GEMEL_RETURN_IF_ERROR(check_memory());
  weights_ = Matrix(items_.size(), items_.size());
  fill_gram(users, customers, items_, rows_, static_cast<float>(knobs_.regularization), weights_, context.pool);
  if (interrupted()) return fail(ErrorCode::kInterrupted, "ease: fit stopped");
  if (const auto outcome = invert_positive_definite(weights_, context.pool, context.progress); !outcome) {
    if (outcome.error().code == ErrorCode::kInterrupted) return fail(ErrorCode::kInterrupted, "ease: fit stopped");
    return fail(ErrorCode::kDiverged, "ease: regularization = ", knobs_.regularization,
                " is too small for single precision: the matrix of common customers has no inverse");
  }
  divide_by_diagonal(weights_, context.pool);
  return {};
}

bool Ease::take_fit(const Recommender& fitted, const TrainView& view) {
  const auto* other = dynamic_cast<const Ease*>(&fitted);
  if (other == nullptr || other->knobs_.regularization != knobs_.regularization || other->knobs_.value != knobs_.value ||
      other->knobs_.half_life_days != knobs_.half_life_days || other->knobs_.max_memory_gb != knobs_.max_memory_gb) {
    return false;
  }
  popularity_.fit(view);
  action_weights_ = other->action_weights_;
  items_ = other->items_;
  rows_ = other->rows_;
  weights_ = other->weights_;
  return true;
}

void Ease::advance(const Dataset& dataset, std::size_t num_events, TimePoint now) { popularity_.advance(dataset, num_events, now); }

bool Ease::taste(const Query& query, InteractionRows& scratch, std::span<float> taste) const {
  scratch.clear();
  append_history(query, knobs_.history, rule(), scratch);
  std::fill(taste.begin(), taste.end(), 0.f);
  bool any = false;
  for (std::size_t n = 0; n < scratch.columns.size(); ++n) {
    const std::uint32_t row = rows_[scratch.columns[n]];
    if (row == kNoRow) continue;
    kernels().axpy(scratch.values[n], weights_.row(row).data(), taste.data(), taste.size());
    any = true;
  }
  return any;
}

void Ease::recommend(std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible, ThreadPool& pool,
                     std::vector<std::vector<ScoredItem>>& out) const {
  out.resize(queries.size());
  std::vector<std::uint8_t> is_known(rows_.size());
  for (const std::uint32_t item : items_) is_known[item] = 1;
  const std::vector<std::uint8_t> ranked = popularity_.ranked_by_taste(is_known, eligible);
  pool.for_blocks(queries.size(), 16, [&](std::size_t begin, std::size_t end) {
    InteractionRows scratch;
    std::vector<float> taste_of_rows(items_.size()), scores;
    for (std::size_t q = begin; q < end; ++q) {
      std::vector<ScoredIndex> best;
      if (taste(queries[q], scratch, taste_of_rows)) {
        scores.assign(rows_.size(), 0);
        for (std::size_t row = 0; row < items_.size(); ++row) scores[items_[row]] = taste_of_rows[row];
        popularity_.mix_into(scores);
        best = top_k(scores, k, ranked, as_rows(queries[q].excluded));
      }
      popularity_.complete(queries[q], k, eligible, best, out[q]);
    }
  });
}

Result<void> Ease::save(const std::filesystem::path& directory) const {
  SafetensorsWriter writer;
  writer.add<double>("action_weights", action_weights_);
  writer.add<std::uint32_t>("items", items_);
  writer.add("weights", weights_);
  GEMEL_RETURN_IF_ERROR(writer.write(directory / kFileName));
  return popularity_.save(directory);
}

Result<void> Ease::load(const std::filesystem::path& directory) {
  GEMEL_RETURN_IF_ERROR(popularity_.load(directory));
  const std::size_t num_items = popularity_.num_items();
  GEMEL_ASSIGN_OR_RETURN(const SafetensorsFile file, SafetensorsFile::open(directory / kFileName));
  GEMEL_ASSIGN_OR_RETURN(const auto action_weights, file.values<double>("action_weights"));
  GEMEL_ASSIGN_OR_RETURN(const auto items, file.values<std::uint32_t>("items"));
  GEMEL_ASSIGN_OR_RETURN(const ConstMatrixView weights, file.matrix("weights", items.size(), items.size()));
  const bool ascending = std::adjacent_find(items.begin(), items.end(), std::greater_equal<>()) == items.end();
  if (!ascending || (!items.empty() && items.back() >= num_items)) {
    return fail(ErrorCode::kCorrupt, (directory / kFileName).string(), ": expected rows of ", num_items,
                " products in their order, found others");
  }
  action_weights_.assign(action_weights.begin(), action_weights.end());
  items_.assign(items.begin(), items.end());
  rows_.assign(num_items, kNoRow);
  for (std::size_t row = 0; row < items_.size(); ++row) rows_[items_[row]] = static_cast<std::uint32_t>(row);
  weights_ = Matrix(weights);
  return {};
}

}  // namespace gemel
