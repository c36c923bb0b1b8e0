#include "gemel/models/factor_ranking.h"

#include <algorithm>
#include <cmath>

#include "gemel/numerics/kernels.h"

namespace gemel {
namespace {

constexpr std::size_t kQueriesAtOnce = 1024;

}  // namespace

FactorRanking::FactorRanking(ConstMatrixView item_factors) : index_(item_factors), directions_(item_factors) {
  for (std::size_t item = 0; item < directions_.rows(); ++item) {
    const float length = std::sqrt(kernels().sum_squares(directions_.row(item).data(), directions_.cols()));
    if (length > 0) kernels().scale(1 / length, directions_.row(item).data(), directions_.cols());
  }
}

void FactorRanking::recommend(std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible,
                              std::span<const std::uint8_t> is_known, std::span<const float> item_biases, const PopularityMix& popularity,
                              const Embed& embed, ThreadPool& pool, std::vector<std::vector<ScoredItem>>& out) const {
  out.resize(queries.size());
  const std::vector<std::uint8_t> ranked = popularity.ranked_by_taste(is_known, eligible);
  std::vector<float> bias(popularity.bias().begin(), popularity.bias().end());
  kernels().add(item_biases.data(), bias.data(), item_biases.size());
  std::vector<std::vector<ScoredIndex>> found;
  for (std::size_t begin = 0; begin < queries.size(); begin += kQueriesAtOnce) {
    const auto some = queries.subspan(begin, std::min(kQueriesAtOnce, queries.size() - begin));
    std::vector<std::uint8_t> has_taste(some.size());
    const Matrix users = embed(some, has_taste);
    std::vector<std::span<const std::uint32_t>> excluded;
    for (const Query& query : some) excluded.push_back(as_rows(query.excluded));
    index_.search({.queries = users, .candidate_bias = bias, .eligible = ranked, .excluded = excluded, .k = k}, pool, found);
    for (std::size_t q = 0; q < some.size(); ++q) {
      if (has_taste[q] == 0) found[q].clear();
      popularity.complete(some[q], k, eligible, found[q], out[begin + q]);
    }
  }
}

}  // namespace gemel
