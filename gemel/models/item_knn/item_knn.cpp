#include "gemel/models/item_knn/item_knn.h"

#include <algorithm>
#include <cmath>

#include "gemel/models/half_life.h"
#include "gemel/models/mixed_explanation.h"
#include "gemel/numerics/safetensors.h"
#include "gemel/numerics/top_k.h"

namespace gemel {
namespace {

constexpr std::string_view kFileName = "item_knn.safetensors";
constexpr std::size_t kItemsAtOnce = 64, kQueriesAtOnce = 64;

}  // namespace

ItemKnn::ItemKnn(Knobs knobs) : knobs_(knobs), popularity_(knobs.popularity.half_life_days) {}

Result<std::unique_ptr<Recommender>> ItemKnn::make(ConfigTable table) {
  Knobs knobs;
  knobs.neighbours = table.count("neighbours", knobs.neighbours, 1, 100'000);
  knobs.similarity.read(table);
  knobs.recency_half_life_days = read_half_life(table, "recency_half_life_days", knobs.recency_half_life_days);
  knobs.history.read(table);
  knobs.popularity.read(table);
  GEMEL_RETURN_IF_ERROR(table.finish());
  return std::unique_ptr<Recommender>(std::make_unique<ItemKnn>(knobs));
}

std::vector<std::string> ItemKnn::search_space() {
  std::vector<std::string> space;
  for (const double shrinkage : {10., 100.}) {  // the others differ in what recommending reads: see take_fit
    for (const double history_days : {60., kNoDecay}) {
      for (const PopularityKnobs& popularity : PopularityKnobs::search_space()) {
        const SimilarityKnobs similarity{.shrinkage = shrinkage};
        space.push_back(
            ItemKnn({.neighbours = 100, .similarity = similarity, .history = {.half_life_days = history_days}, .popularity = popularity})
                .knobs());
      }
    }
  }
  return space;
}

TuningSpace ItemKnn::tuning_space() {
  TuningSpace space = SimilarityKnobs::tuning_space();
  space.insert(space.end(), {log_integer("neighbours", 5, 2000), log_uniform("recency_half_life_days", 10, 5000),
                             log_uniform("history_half_life_days", 2, 2000), log_uniform("history_half_life_events", 0.5, 300),
                             log_uniform("popularity_half_life_days", .5, 100), uniform("popularity_weight", 0, 1)});
  return space;
}

std::string ItemKnn::knobs() const {
  return concat("neighbours = ", knobs_.neighbours, ", ", knobs_.similarity.to_toml(),
                ", recency_half_life_days = ", half_life_to_toml(knobs_.recency_half_life_days), ", ", knobs_.history.to_toml(), ", ",
                knobs_.popularity.to_toml());
}

Result<void> ItemKnn::fit(const TrainView& view, const FitContext& context) {
  popularity_.fit(view);
  const std::size_t num_items = view.dataset->num_items(), num_users = view.dataset->num_users();
  InteractionRows users = transposed(items_of_users(view, {.half_life_days = knobs_.recency_half_life_days}), num_items);
  const RowWeighting weighting(knobs_.similarity, users, num_users);
  const std::vector<RowNorm> norms = weighting.weigh_all(users);
  const InteractionRows items = transposed(users, num_users);

  std::vector<std::vector<ScoredIndex>> nearest(num_items);
  context.pool.for_blocks(num_items, kItemsAtOnce, [&](std::size_t begin, std::size_t end) {
    if (interrupted()) return;
    std::vector<ScoredIndex> best;
    RowProducts products(users, items, norms);
    for (std::size_t item = begin; item < end; ++item) {
      TopK top(knobs_.neighbours);
      products.offer_similar(static_cast<std::uint32_t>(item), weighting, top);
      top.take(best);
      nearest[item].assign(best.begin(), best.end());
    }
  });
  if (interrupted()) return fail(ErrorCode::kInterrupted, "item_knn: fit stopped");

  offsets_.assign(1, 0);
  neighbours_.clear();
  similarities_.clear();
  for (const auto& row : nearest) {
    for (const ScoredIndex& neighbour : row) {
      neighbours_.push_back(neighbour.index);
      similarities_.push_back(neighbour.score);
    }
    offsets_.push_back(static_cast<std::int64_t>(neighbours_.size()));
  }
  return {};
}

bool ItemKnn::take_fit(const Recommender& fitted, const TrainView& view) {
  const auto* other = dynamic_cast<const ItemKnn*>(&fitted);
  if (other == nullptr || other->knobs_.similarity != knobs_.similarity || other->knobs_.neighbours < knobs_.neighbours ||
      other->knobs_.recency_half_life_days != knobs_.recency_half_life_days)
    return false;
  popularity_.fit(view);
  offsets_.assign(1, 0);
  neighbours_.clear();
  similarities_.clear();
  for (std::size_t item = 0; item + 1 < other->offsets_.size(); ++item) {
    const auto begin = other->offsets_[item];  // the most similar come first
    const auto end = std::min(other->offsets_[item + 1], begin + static_cast<std::int64_t>(knobs_.neighbours));
    neighbours_.insert(neighbours_.end(), other->neighbours_.begin() + begin, other->neighbours_.begin() + end);
    similarities_.insert(similarities_.end(), other->similarities_.begin() + begin, other->similarities_.begin() + end);
    offsets_.push_back(static_cast<std::int64_t>(neighbours_.size()));
  }
  return true;
}

void ItemKnn::advance(const Dataset& dataset, std::size_t num_events, TimePoint now) { popularity_.advance(dataset, num_events, now); }

void ItemKnn::add_history(const Query& query, TouchedScores& scores) const {
  const auto events = knobs_.history.recent(query);
  for (std::size_t event = 0; event < events.size(); ++event) {
    const auto strength = static_cast<float>(knobs_.history.fade(query, event));
    const std::size_t item = to_size(events[event].item);
    for (auto n = offsets_[item]; n < offsets_[item + 1]; ++n)
      scores.add(neighbours_[static_cast<std::size_t>(n)], similarities_[static_cast<std::size_t>(n)] * strength);
  }
}

void ItemKnn::recommend(std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible, ThreadPool& pool,
                        std::vector<std::vector<ScoredItem>>& out) const {
  out.resize(queries.size());
  pool.for_blocks(queries.size(), kQueriesAtOnce, [&](std::size_t begin, std::size_t end) {
    TouchedScores scores(popularity_.num_items());
    for (std::size_t q = begin; q < end; ++q) {
      add_history(queries[q], scores);
      popularity_.rank(queries[q], k, eligible, scores, knobs_.popularity.weight, out[q]);
      scores.clear();
    }
  });
}

double ItemKnn::effect_of(const Query& query, std::size_t event, ItemIndex item) const {
  const std::size_t past = to_size(knobs_.history.recent(query)[event].item);
  const auto begin = neighbours_.begin() + offsets_[past], end = neighbours_.begin() + offsets_[past + 1];
  const auto found = std::find(begin, end, static_cast<std::uint32_t>(item));
  if (found == end) return 0;
  const auto strength = static_cast<float>(knobs_.history.fade(query, event));
  return std::max(similarities_[static_cast<std::size_t>(found - neighbours_.begin())] * strength, TouchedScores::kLeast);
}

Result<Explanations> ItemKnn::explain(const Query& query, std::span<const ItemIndex> items, std::span<const std::uint8_t>,
                                      ThreadPool&) const {
  TouchedScores scores(popularity_.num_items());
  add_history(query, scores);
  const MixedExplanation mixed(name(), scores, popularity_, knobs_.popularity.weight);
  Explanations explanations;
  if (!mixed.has_own()) explanations.notes.push_back("no product of the history has neighbours: the ranking is that of popularity");
  for (const ItemIndex item : items) {
    ScoreExplanation& product = explanations.products.emplace_back(mixed.parts_of(item));
    if (product.parts.empty()) continue;
    product.history = history_effects(query, knobs_.history.recent(query),
                                      [&](std::size_t event) { return mixed.own_factor() * effect_of(query, event, item); });
  }
  return explanations;
}

Result<void> ItemKnn::save(const std::filesystem::path& directory) const {
  SafetensorsWriter writer;
  writer.add<std::int64_t>("offsets", offsets_);
  writer.add<std::uint32_t>("neighbours", neighbours_);
  writer.add<float>("similarities", similarities_);
  GEMEL_RETURN_IF_ERROR(writer.write(directory / kFileName));
  return popularity_.save(directory);
}

Result<void> ItemKnn::load(const std::filesystem::path& directory) {
  GEMEL_RETURN_IF_ERROR(popularity_.load(directory));
  const std::size_t num_items = popularity_.num_items();
  GEMEL_ASSIGN_OR_RETURN(const SafetensorsFile file, SafetensorsFile::open(directory / kFileName));
  GEMEL_ASSIGN_OR_RETURN(const auto offsets, file.values<std::int64_t>("offsets", {num_items + 1}));
  GEMEL_ASSIGN_OR_RETURN(const auto neighbours, file.values<std::uint32_t>("neighbours"));
  GEMEL_ASSIGN_OR_RETURN(const auto similarities, file.values<float>("similarities", {neighbours.size()}));
  const bool in_order = offsets.front() == 0 && std::is_sorted(offsets.begin(), offsets.end()) &&
                        offsets.back() == static_cast<std::int64_t>(neighbours.size());
  const bool in_range = std::all_of(neighbours.begin(), neighbours.end(), [num_items](std::uint32_t item) { return item < num_items; });
  if (!in_order || !in_range) {
    return fail(ErrorCode::kCorrupt, (directory / kFileName).string(), ": expected neighbours among ", num_items,
                " products, found offsets or rows outside");
  }
  offsets_.assign(offsets.begin(), offsets.end());
  neighbours_.assign(neighbours.begin(), neighbours.end());
  similarities_.assign(similarities.begin(), similarities.end());
  return {};
}

}  // namespace gemel
