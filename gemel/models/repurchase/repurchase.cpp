#include "gemel/models/repurchase/repurchase.h"

#include <algorithm>

#include "gemel/models/half_life.h"
#include "gemel/numerics/safetensors.h"
#include "gemel/numerics/top_k.h"

namespace gemel {
namespace {

constexpr std::string_view kFileName = "repurchase.safetensors";

struct OwnCount {
  std::uint32_t item;
  double count;
};

// What the customer's own events count as of the query, one entry a product.
void count_own(const Query& query, std::span<const std::uint8_t> is_target, double half_life_days, std::vector<OwnCount>& own) {
  own.clear();
  for (const HistoryItem& past : query.history) {
    if (is_target[to_size(past.action)]) own.push_back({static_cast<std::uint32_t>(past.item), decay(query.at, past.at, half_life_days)});
  }
  std::stable_sort(own.begin(), own.end(), [](const OwnCount& a, const OwnCount& b) { return a.item < b.item; });
  std::size_t kept = 0;
  for (const OwnCount& event : own) {
    if (kept > 0 && own[kept - 1].item == event.item) {
      own[kept - 1].count += event.count;
    } else {
      own[kept++] = event;
    }
  }
  own.resize(kept);
}

}  // namespace

Repurchase::Repurchase(Knobs knobs) : knobs_(knobs), popularity_(knobs.popularity_half_life_days) {}

Result<std::unique_ptr<Recommender>> Repurchase::make(ConfigTable table) {
  Knobs knobs;
  knobs.half_life_days = read_half_life(table, "half_life_days", knobs.half_life_days);
  knobs.popularity_half_life_days = read_half_life(table, "popularity_half_life_days", knobs.popularity_half_life_days);
  GEMEL_RETURN_IF_ERROR(table.finish());
  return std::unique_ptr<Recommender>(std::make_unique<Repurchase>(knobs));
}

std::vector<std::string> Repurchase::search_space() {
  std::vector<std::string> space;
  for (const double popularity_days : {3., 7., 30.}) {
    for (const double own_days : {kNoDecay, 30., 60., 90., 180.}) space.push_back(Repurchase({own_days, popularity_days}).knobs());
  }
  return space;
}

std::string Repurchase::knobs() const {
  return concat("half_life_days = ", half_life_to_toml(knobs_.half_life_days),
                ", popularity_half_life_days = ", half_life_to_toml(knobs_.popularity_half_life_days));
}

Result<void> Repurchase::fit(const TrainView& view, const FitContext&) {
  is_target_.clear();
  for (std::size_t action = 0; action < view.dataset->action_names().size(); ++action) {
    is_target_.push_back(view.dataset->is_target(static_cast<ActionIndex>(action)));
  }
  popularity_.fit(view);
  return {};
}

void Repurchase::advance(const Dataset& dataset, std::size_t num_events, TimePoint now) { popularity_.advance(dataset, num_events, now); }

void Repurchase::recommend(std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible, ThreadPool& pool,
                           std::vector<std::vector<ScoredItem>>& out) const {
  out.resize(queries.size());
  pool.for_blocks(queries.size(), 64, [&](std::size_t begin, std::size_t end) {
    std::vector<OwnCount> own;
    std::vector<ScoredIndex> best;
    for (std::size_t q = begin; q < end; ++q) {
      count_own(queries[q], is_target_, knobs_.half_life_days, own);
      TopK top(k);
      for (const OwnCount& had : own) {
        // Above what is only popular, however long ago it was.
        const float score = std::max(static_cast<float>(had.count), std::numeric_limits<float>::min());
        if (is_allowed(queries[q], eligible, ItemIndex{had.item})) top.offer(had.item, score);
      }
      top.take(best);
      out[q].clear();
      for (const ScoredIndex& scored : best) out[q].push_back({ItemIndex{scored.index}, scored.score});
      popularity_.fill(queries[q], k, eligible, out[q]);
    }
  });
}

Result<void> Repurchase::save(const std::filesystem::path& directory) const {
  SafetensorsWriter writer;
  writer.add<std::uint8_t>("is_target", is_target_);
  GEMEL_RETURN_IF_ERROR(writer.write(directory / kFileName));
  return popularity_.save(directory);
}

Result<void> Repurchase::load(const std::filesystem::path& directory) {
  GEMEL_ASSIGN_OR_RETURN(const SafetensorsFile file, SafetensorsFile::open(directory / kFileName));
  GEMEL_ASSIGN_OR_RETURN(const auto is_target, file.values<std::uint8_t>("is_target"));
  is_target_.assign(is_target.begin(), is_target.end());
  return popularity_.load(directory);
}

}  // namespace gemel
