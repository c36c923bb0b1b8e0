#include "gemel/index/brute_force.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

// Small whole numbers: dot products are exact in whatever order they are summed, and ties are common.
Matrix random_matrix(std::size_t rows, std::size_t cols, std::uint64_t seed) {
  Rng rng(seed);
  Matrix matrix(rows, cols);
  for (std::size_t i = 0; i < matrix.size(); ++i) matrix.data()[i] = static_cast<float>(rng.below(5)) - 2;
  return matrix;
}

std::vector<ScoredIndex> search_by_full_sort(const SearchRequest& request, std::size_t query) {
  std::vector<ScoredIndex> all;
  for (std::uint32_t c = 0; c < request.candidates.rows; ++c) {
    if (!request.eligible.empty() && request.eligible[c] == 0) continue;
    if (!request.excluded.empty() && std::ranges::count(request.excluded[query], c) > 0) continue;
    double score = request.candidate_bias.empty() ? 0 : request.candidate_bias[c];
    for (std::size_t d = 0; d < request.queries.cols; ++d) score += request.queries.row(query)[d] * request.candidates.row(c)[d];
    all.push_back({c, static_cast<float>(score)});
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
  all.resize(std::min(request.k, all.size()));
  return all;
}

TEST(BruteForceSearch, AgreesWithAFullSortAtOddSizes) {
  ThreadPool pool(2);
  std::vector<std::vector<ScoredIndex>> found;
  for (std::size_t num_queries : {0, 1, 3, 65, 130})
    for (std::size_t num_candidates : {0, 1, 17, 2047, 2049, 4100})
      for (std::size_t dim : {1, 7, 16}) {
        const Matrix queries = random_matrix(num_queries, dim, 1), candidates = random_matrix(num_candidates, dim, 2);
        Rng rng(num_candidates + dim);
        std::vector<float> bias(num_candidates);
        std::vector<std::uint8_t> eligible(num_candidates);
        for (float& b : bias) b = static_cast<float>(rng.below(4));
        for (auto& flag : eligible) flag = rng.below(4) != 0;
        std::vector<std::vector<std::uint32_t>> excluded(num_queries);
        for (auto& list : excluded)
          for (std::uint32_t c = 0; c < num_candidates; ++c)
            if (rng.below(10) == 0) list.push_back(c);
        const std::vector<std::span<const std::uint32_t>> excluded_spans(excluded.begin(), excluded.end());
        const SearchRequest request{queries, candidates, bias, eligible, excluded_spans, 10};
        search(request, pool, found);
        ASSERT_EQ(found.size(), num_queries);
        for (std::size_t q = 0; q < num_queries; q += 1 + num_queries / 7)
          EXPECT_EQ(found[q], search_by_full_sort(request, q))
              << num_queries << " queries, " << num_candidates << " candidates, dim " << dim;
      }
}

TEST(BruteForceSearch, TheBiasDecidesBetweenEqualCandidates) {
  ThreadPool pool(1);
  Matrix query(1, 2, 1), candidates(3, 2, 1);
  const std::vector<float> bias = {0.5f, 2, 1};
  std::vector<std::vector<ScoredIndex>> found;
  search({.queries = query, .candidates = candidates, .candidate_bias = bias, .eligible = {}, .excluded = {}, .k = 2}, pool, found);
  EXPECT_EQ(found[0], (std::vector<ScoredIndex>{{1, 4}, {2, 3}}));
}

TEST(BruteForceSearch, GivesKResultsWhenOnlyTheLastCandidatesPass) {
  ThreadPool pool(2);
  const Matrix queries = random_matrix(2, 4, 5), candidates = random_matrix(5000, 4, 6);
  std::vector<std::uint8_t> eligible(5000, 0);
  for (std::size_t c = 4990; c < 5000; ++c) eligible[c] = 1;
  std::vector<std::vector<ScoredIndex>> found;
  search({.queries = queries, .candidates = candidates, .candidate_bias = {}, .eligible = eligible, .excluded = {}, .k = 10}, pool, found);
  EXPECT_EQ(found[0].size(), 10u);
  EXPECT_EQ(found[1].size(), 10u);
}

TEST(BruteForceSearch, TheNumberOfThreadsChangesNoBit) {
  Rng rng(9);
  Matrix queries(200, 32), candidates(3000, 32);
  for (Matrix* matrix : {&queries, &candidates})
    for (std::size_t i = 0; i < matrix->size(); ++i) matrix->data()[i] = static_cast<float>(rng.normal());
  const SearchRequest request{.queries = queries, .candidates = candidates, .candidate_bias = {}, .eligible = {}, .excluded = {}, .k = 20};
  ThreadPool one(1), three(3);
  std::vector<std::vector<ScoredIndex>> found_by_one, found_by_three;
  search(request, one, found_by_one);
  search(request, three, found_by_three);
  EXPECT_EQ(found_by_one, found_by_three);
}

}  // namespace
}  // namespace gemel
