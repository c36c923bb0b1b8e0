#include "gemel/models/user_knn/user_knn.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "gemel/models/half_life.h"
#include "gemel/models/mixed_explanation.h"
#include "gemel/numerics/safetensors.h"

namespace gemel {
namespace {

constexpr std::string_view kFileName = "user_knn.safetensors";
constexpr std::size_t kQueriesAtOnce = 64;

// A safetensors writer borrows what it writes.
struct SavedRows {
  std::vector<std::int64_t> offsets;
  explicit SavedRows(const InteractionRows& rows) : offsets(rows.offsets.begin(), rows.offsets.end()) {}
  void add_to(SafetensorsWriter& writer, std::string_view name, const InteractionRows& rows) const {
    writer.add<std::int64_t>(concat(name, ".offsets"), offsets);
    writer.add<std::uint32_t>(concat(name, ".items"), rows.columns);
    writer.add<float>(concat(name, ".values"), rows.values);
  }
};

Result<InteractionRows> load_rows(const SafetensorsFile& file, std::string_view name, std::size_t num_items,
                                  const std::filesystem::path& path) {
  GEMEL_ASSIGN_OR_RETURN(const auto offsets, file.values<std::int64_t>(concat(name, ".offsets")));
  GEMEL_ASSIGN_OR_RETURN(const auto items, file.values<std::uint32_t>(concat(name, ".items")));
  GEMEL_ASSIGN_OR_RETURN(const auto values, file.values<float>(concat(name, ".values"), {items.size()}));
  const bool in_order = !offsets.empty() && offsets.front() == 0 && std::ranges::is_sorted(offsets) &&
                        offsets.back() == static_cast<std::int64_t>(items.size());
  if (!in_order || !std::ranges::all_of(items, [num_items](std::uint32_t item) { return item < num_items; }))
    return fail(ErrorCode::kCorrupt, path.string(), ": expected ", name, " of ", num_items, " products, found offsets or rows outside");
  InteractionRows rows;
  rows.offsets.assign(offsets.begin(), offsets.end());
  rows.columns.assign(items.begin(), items.end());
  rows.values.assign(values.begin(), values.end());
  return rows;
}

}  // namespace

struct UserKnn::Scratch {
  Scratch(std::size_t num_users, std::size_t num_items) : products(num_users), scores(num_items) {}
  InteractionRows history;  // one row
  RowNorm norm;             // its own
  TouchedScores products;   // dot products with the customers
  std::vector<ScoredIndex> neighbours;
  TouchedScores scores;
};

UserKnn::UserKnn(Knobs knobs) : knobs_(knobs), popularity_(knobs.popularity.half_life_days) {}

Result<std::unique_ptr<Recommender>> UserKnn::make(ConfigTable table) {
  Knobs knobs;
  knobs.neighbours = table.count("neighbours", knobs.neighbours, 1, 100'000);
  knobs.similarity.read(table);
  knobs.history.read(table);
  knobs.recency_half_life_days = read_half_life(table, "recency_half_life_days", knobs.recency_half_life_days);
  knobs.popularity.read(table);
  GEMEL_RETURN_IF_ERROR(table.finish());
  return std::unique_ptr<Recommender>(std::make_unique<UserKnn>(knobs));
}

std::vector<std::string> UserKnn::search_space() {
  std::vector<std::string> space;
  for (const double recency_days : {14., 90.}) {
    for (const PopularityKnobs& popularity : PopularityKnobs::search_space()) {
      space.push_back(UserKnn({.recency_half_life_days = recency_days, .popularity = popularity}).knobs());
    }
  }
  return space;
}

TuningSpace UserKnn::tuning_space() {
  TuningSpace space = SimilarityKnobs::tuning_space();
  space.insert(space.end(), {log_integer("neighbours", 10, 2000), log_uniform("history_half_life_days", 2, 2000),
                             log_uniform("history_half_life_events", 0.5, 300), log_uniform("recency_half_life_days", 1, 2000),
                             log_uniform("popularity_half_life_days", .5, 100), uniform("popularity_weight", 0, 1)});
  return space;
}

std::string UserKnn::knobs() const {
  return concat("neighbours = ", knobs_.neighbours, ", ", knobs_.similarity.to_toml(), ", ", knobs_.history.to_toml(),
                ", recency_half_life_days = ", half_life_to_toml(knobs_.recency_half_life_days), ", ", knobs_.popularity.to_toml());
}

Result<void> UserKnn::fit(const TrainView& view, const FitContext&) {
  popularity_.fit(view);
  take_events(view);
  return {};
}

void UserKnn::advance(const Dataset& dataset, std::size_t num_events, TimePoint now) {
  popularity_.advance(dataset, num_events, now);
  take_events({&dataset, num_events, now});
}

void UserKnn::take_events(const TrainView& view) {
  histories_ = items_of_users(view, {.half_life_days = knobs_.history.half_life_days});
  purchases_ = items_of_users(view, {.half_life_days = knobs_.recency_half_life_days});
  index_customers();
}

void UserKnn::index_customers() {
  InteractionRows weighted = histories_;
  weighting_ = RowWeighting(knobs_.similarity, histories_, popularity_.num_items());
  norms_ = weighting_.weigh_all(weighted);
  customers_ = transposed(weighted, popularity_.num_items());
}

void UserKnn::find_neighbours(const Query& query, Scratch& scratch) const {
  scratch.history.clear();
  append_history(query, knobs_.history, {}, scratch.history);
  scratch.norm = weighting_.weigh(scratch.history.columns, scratch.history.values);
  for (std::size_t n = 0; n < scratch.history.columns.size(); ++n) {
    const auto users = customers_.row(scratch.history.columns[n]);
    const auto weights = customers_.values_of(scratch.history.columns[n]);
    for (std::size_t m = 0; m < users.size(); ++m) scratch.products.add(users[m], scratch.history.values[n] * weights[m]);
  }
  TopK top(knobs_.neighbours);
  for (const std::uint32_t user : scratch.products.touched()) {
    if (query.user == UserIndex{user}) continue;
    top.offer(user, weighting_.similarity(scratch.products[user], scratch.norm, norms_[user]));
  }
  scratch.products.clear();
  top.take(scratch.neighbours);
}

void UserKnn::add_purchases(Scratch& scratch) const {
  for (const ScoredIndex& neighbour : scratch.neighbours) {
    const auto items = purchases_.row(neighbour.index);
    const auto values = purchases_.values_of(neighbour.index);
    for (std::size_t n = 0; n < items.size(); ++n) scratch.scores.add(items[n], neighbour.score * values[n]);
  }
}

void UserKnn::recommend(std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible, ThreadPool& pool,
                        std::vector<std::vector<ScoredItem>>& out) const {
  out.resize(queries.size());
  pool.for_blocks(queries.size(), kQueriesAtOnce, [&](std::size_t begin, std::size_t end) {
    Scratch scratch(norms_.size(), popularity_.num_items());
    for (std::size_t q = begin; q < end; ++q) {
      find_neighbours(queries[q], scratch);
      add_purchases(scratch);
      popularity_.rank(queries[q], k, eligible, scratch.scores, knobs_.popularity.weight, out[q]);
      scratch.scores.clear();
    }
  });
}

// [products of the history, neighbours]: what of the similarity to each neighbour comes from each product.
Matrix UserKnn::split_similarities(const Scratch& scratch) const {
  std::unordered_map<std::uint32_t, std::size_t> places;
  for (std::size_t n = 0; n < scratch.neighbours.size(); ++n) places.emplace(scratch.neighbours[n].index, n);
  const auto past = scratch.history.columns;
  Matrix shares(past.size(), scratch.neighbours.size());
  for (std::size_t p = 0; p < past.size(); ++p) {
    const auto users = customers_.row(past[p]);
    const auto weights = customers_.values_of(past[p]);
    for (std::size_t m = 0; m < users.size(); ++m) {
      const auto place = places.find(users[m]);
      if (place == places.end()) continue;
      shares(p, place->second) = weighting_.similarity(scratch.history.values[p] * weights[m], scratch.norm, norms_[users[m]]);
    }
  }
  return shares;
}

Result<Explanations> UserKnn::explain(const Query& query, std::span<const ItemIndex> items, std::span<const std::uint8_t>,
                                      ThreadPool&) const {
  Scratch scratch(norms_.size(), popularity_.num_items());
  find_neighbours(query, scratch);
  add_purchases(scratch);
  const MixedExplanation mixed(name(), scratch.scores, popularity_, knobs_.popularity.weight);
  const Matrix shares = split_similarities(scratch);
  Explanations explanations;
  if (!mixed.has_own()) explanations.notes.push_back("nobody had anything of this history: the ranking is that of popularity");
  for (const ItemIndex item : items) {
    ScoreExplanation& product = explanations.products.emplace_back(mixed.parts_of(item));
    if (product.parts.empty()) continue;
    std::vector<double> values;  // of the neighbours' purchases of the product
    for (const ScoredIndex& neighbour : scratch.neighbours) {
      const auto row = purchases_.row(neighbour.index);
      const auto found = std::ranges::find(row, static_cast<std::uint32_t>(item));
      values.push_back(found == row.end() ? 0
                                          : double{purchases_.values_of(neighbour.index)[static_cast<std::size_t>(found - row.begin())]});
    }
    for (std::size_t p = 0; p < shares.rows(); ++p) {
      const ItemIndex past{scratch.history.columns[p]};
      const auto shares_of = shares.row(p);
      product.history.push_back({past, count_events(query.history, past),
                                 mixed.own_factor() * std::inner_product(values.begin(), values.end(), shares_of.begin(), 0.0)});
    }
    sort_by_size(product.history);
  }
  return explanations;
}

Result<void> UserKnn::save(const std::filesystem::path& directory) const {
  SafetensorsWriter writer;
  const SavedRows histories(histories_), purchases(purchases_);
  histories.add_to(writer, "histories", histories_);
  purchases.add_to(writer, "purchases", purchases_);
  GEMEL_RETURN_IF_ERROR(writer.write(directory / kFileName));
  return popularity_.save(directory);
}

Result<void> UserKnn::load(const std::filesystem::path& directory) {
  GEMEL_RETURN_IF_ERROR(popularity_.load(directory));
  const auto path = directory / kFileName;
  GEMEL_ASSIGN_OR_RETURN(const SafetensorsFile file, SafetensorsFile::open(path));
  GEMEL_ASSIGN_OR_RETURN(histories_, load_rows(file, "histories", popularity_.num_items(), path));
  GEMEL_ASSIGN_OR_RETURN(purchases_, load_rows(file, "purchases", popularity_.num_items(), path));
  if (histories_.size() != purchases_.size())
    return fail(ErrorCode::kCorrupt, path.string(), ": histories of ", histories_.size(), " customers and purchases of ",
                purchases_.size());
  index_customers();
  return {};
}

}  // namespace gemel
