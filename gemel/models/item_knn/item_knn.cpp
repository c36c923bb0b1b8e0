#include "gemel/models/item_knn/item_knn.h"

#include <algorithm>
#include <cmath>

#include "gemel/models/half_life.h"
#include "gemel/models/item_knn/co_occurrence.h"
#include "gemel/numerics/safetensors.h"
#include "gemel/numerics/top_k.h"

namespace gemel {
namespace {

constexpr std::string_view kFileName = "item_knn.safetensors";
constexpr std::size_t kItemsAtOnce = 64;

}  // namespace

ItemKnn::ItemKnn(Knobs knobs) : knobs_(knobs), popularity_(knobs.popularity_half_life_days) {}

Result<std::unique_ptr<Recommender>> ItemKnn::make(ConfigTable table) {
  Knobs knobs;
  const auto count = [&table](std::string_view key, std::size_t fallback) {
    return static_cast<std::size_t>(table.integer(key, static_cast<std::int64_t>(fallback), 1, 100'000));
  };
  knobs.neighbours = count("neighbours", knobs.neighbours);
  knobs.shrinkage = table.number("shrinkage", knobs.shrinkage, 0);
  knobs.history_half_life_days = read_half_life(table, "history_half_life_days", knobs.history_half_life_days);
  knobs.history_length = count("history_length", knobs.history_length);
  knobs.popularity_half_life_days = read_half_life(table, "popularity_half_life_days", knobs.popularity_half_life_days);
  GEMEL_RETURN_IF_ERROR(table.finish());
  return std::unique_ptr<Recommender>(std::make_unique<ItemKnn>(knobs));
}

std::vector<std::string> ItemKnn::search_space() {
  std::vector<std::string> space;
  for (const double shrinkage : {10., 100.}) {
    for (const std::size_t neighbours : {100, 20}) {  // 20 are the first of 100: see take_fit
      for (const double history_days : {14., 60., kNoDecay}) {
        space.push_back(ItemKnn({.neighbours = neighbours, .shrinkage = shrinkage, .history_half_life_days = history_days}).knobs());
      }
    }
  }
  return space;
}

TuningSpace ItemKnn::tuning_space() {
  return {log_integer("neighbours", 5, 1000), log_uniform("shrinkage", 0.5, 2000), log_uniform("history_half_life_days", 2, 2000),
          log_integer("history_length", 3, 500), log_uniform("popularity_half_life_days", 0.5, 365)};
}

std::string ItemKnn::knobs() const {
  return concat("neighbours = ", knobs_.neighbours, ", shrinkage = ", knobs_.shrinkage,
                ", history_half_life_days = ", half_life_to_toml(knobs_.history_half_life_days),
                ", history_length = ", knobs_.history_length,
                ", popularity_half_life_days = ", half_life_to_toml(knobs_.popularity_half_life_days));
}

Result<void> ItemKnn::fit(const TrainView& view, const FitContext& context) {
  popularity_.fit(view);
  const InteractionRows items = items_of_users(view);
  const std::size_t num_items = view.dataset->num_items();
  const InteractionRows users = transposed(items, num_items);
  std::vector<float> root_customers(num_items);  // sqrt(customers with the item)
  for (std::size_t item = 0; item < num_items; ++item) root_customers[item] = std::sqrt(static_cast<float>(users.row(item).size()));
  const auto shrinkage = static_cast<float>(knobs_.shrinkage);

  std::vector<std::vector<ScoredIndex>> nearest(num_items);
  context.pool.for_blocks(num_items, kItemsAtOnce, [&](std::size_t begin, std::size_t end) {
    if (interrupted()) return;
    std::vector<ScoredIndex> best;
    CoOccurrence co_occurrence(items, users);
    for (std::size_t item = begin; item < end; ++item) {
      TopK top(knobs_.neighbours);
      co_occurrence.visit_row(static_cast<std::uint32_t>(item), [&](std::uint32_t other, std::uint32_t shared) {
        top.offer(other, static_cast<float>(shared) / (root_customers[item] * root_customers[other] + shrinkage));
      });
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
  if (other == nullptr || other->knobs_.shrinkage != knobs_.shrinkage || other->knobs_.neighbours < knobs_.neighbours) return false;
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

void ItemKnn::recommend(std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible, ThreadPool& pool,
                        std::vector<std::vector<ScoredItem>>& out) const {
  out.resize(queries.size());
  pool.for_blocks(queries.size(), 64, [&](std::size_t begin, std::size_t end) {
    std::vector<float> scores(popularity_.num_items());  // zero between queries
    std::vector<std::uint32_t> touched;
    std::vector<ScoredIndex> best;
    for (std::size_t q = begin; q < end; ++q) {
      const Query& query = queries[q];
      const auto history = query.history.last(std::min(knobs_.history_length, query.history.size()));
      for (const HistoryItem& past : history) {
        const auto strength = static_cast<float>(decay(query.at, past.at, knobs_.history_half_life_days));
        for (auto n = offsets_[to_size(past.item)]; n < offsets_[to_size(past.item) + 1]; ++n) {
          const std::uint32_t item = neighbours_[static_cast<std::size_t>(n)];
          if (scores[item] == 0) touched.push_back(item);
          // A similarity is above zero, and stays so however far it fades: then `touched` names each item once.
          scores[item] += std::max(similarities_[static_cast<std::size_t>(n)] * strength, std::numeric_limits<float>::min());
        }
      }
      TopK top(k);
      for (const std::uint32_t item : touched) {
        if (is_allowed(query, eligible, ItemIndex{item})) top.offer(item, scores[item]);
        scores[item] = 0;
      }
      touched.clear();
      top.take(best);
      out[q].clear();
      for (const ScoredIndex& scored : best) out[q].push_back({ItemIndex{scored.index}, scored.score});
      popularity_.fill(query, k, eligible, out[q]);
    }
  });
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
