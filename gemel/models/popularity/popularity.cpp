#include "gemel/models/popularity/popularity.h"

#include "gemel/models/half_life.h"

namespace gemel {

Popularity::Popularity(double half_life_days) : half_life_days_(half_life_days), order_(half_life_days) {}

Result<std::unique_ptr<Recommender>> Popularity::make(ConfigTable table) {
  const double half_life_days = read_half_life(table, "half_life_days", 30);
  GEMEL_RETURN_IF_ERROR(table.finish());
  return std::unique_ptr<Recommender>(std::make_unique<Popularity>(half_life_days));
}

std::vector<std::string> Popularity::search_space() {
  std::vector<std::string> space;
  for (const double days : {kNoDecay, 1., 2., 3., 5., 7., 14., 30., 60., 90., 180.}) {
    space.push_back(concat("half_life_days = ", half_life_to_toml(days)));
  }
  return space;
}

std::string Popularity::knobs() const { return concat("half_life_days = ", half_life_to_toml(half_life_days_)); }

Result<void> Popularity::fit(const TrainView& view, const FitContext&) {
  order_.fit(view);
  return {};
}

void Popularity::advance(const Dataset& dataset, std::size_t num_events, TimePoint now) { order_.advance(dataset, num_events, now); }

void Popularity::recommend(std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible, ThreadPool& pool,
                           std::vector<std::vector<ScoredItem>>& out) const {
  out.resize(queries.size());
  pool.for_blocks(queries.size(), 64, [&](std::size_t begin, std::size_t end) {
    for (std::size_t q = begin; q < end; ++q) {
      out[q].clear();
      order_.fill(queries[q], k, eligible, out[q]);
    }
  });
}

Result<void> Popularity::save(const std::filesystem::path& directory) const { return order_.save(directory); }
Result<void> Popularity::load(const std::filesystem::path& directory) { return order_.load(directory); }

}  // namespace gemel
