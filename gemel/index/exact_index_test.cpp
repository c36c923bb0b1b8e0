#include "gemel/index/exact_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

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

std::vector<ScoredIndex> search_by_full_sort(ConstMatrixView candidates, const SearchRequest& request, std::size_t query) {
  std::vector<ScoredIndex> all;
  for (std::uint32_t c = 0; c < candidates.rows; ++c) {
    if (!request.eligible.empty() && request.eligible[c] == 0) continue;
    if (!request.excluded.empty() && std::ranges::count(request.excluded[query], c) > 0) continue;
    double score = request.candidate_bias.empty() ? 0 : request.candidate_bias[c];
    for (std::size_t d = 0; d < request.queries.cols; ++d) score += request.queries.row(query)[d] * candidates.row(c)[d];
    all.push_back({c, static_cast<float>(score)});
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
  all.resize(std::min(request.k, all.size()));
  return all;
}

TEST(ExactIndex, AgreesWithAFullSortAtOddSizes) {
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
        for (const std::size_t k : {0, 1, 10, 150})
          for (const bool with_codes : {true, false}) {
            const SearchRequest request{queries, bias, eligible, excluded_spans, k};
            ExactIndex(candidates, {.with_codes = with_codes}).search(request, pool, found);
            ASSERT_EQ(found.size(), num_queries);
            for (std::size_t q = 0; q < num_queries; q += 1 + num_queries / 7)
              EXPECT_EQ(found[q], search_by_full_sort(candidates, request, q))
                  << num_queries << " queries, " << num_candidates << " candidates, dim " << dim << ", k " << k;
          }
      }
}

// With k of all candidates, all are scored in floats.
TEST(ExactIndex, TheFirstPassOverCodesLeavesNoneOfTheBestOut) {
  ThreadPool pool(2);
  for (const std::size_t num_candidates : {300, 9000})
    for (const std::size_t dim : {3, 65}) {
      Rng rng(dim);
      Matrix queries(13, dim), candidates(num_candidates, dim);
      for (Matrix* matrix : {&queries, &candidates})
        for (std::size_t i = 0; i < matrix->size(); ++i) matrix->data()[i] = static_cast<float>(rng.normal());
      std::vector<float> bias(num_candidates);
      for (float& b : bias) b = static_cast<float>(rng.normal());
      const ExactIndex index(candidates);
      std::vector<std::vector<ScoredIndex>> all, found;
      for (const std::span<const float> used : {std::span<const float>(), std::span<const float>(bias)}) {
        index.search({.queries = queries, .candidate_bias = used, .eligible = {}, .excluded = {}, .k = num_candidates}, pool, all);
        for (const std::size_t k : {1, 10, 100}) {
          index.search({.queries = queries, .candidate_bias = used, .eligible = {}, .excluded = {}, .k = k}, pool, found);
          for (std::size_t q = 0; q < queries.rows(); ++q) {
            all[q].resize(std::max(k, all[q].size()));
            EXPECT_TRUE(std::equal(found[q].begin(), found[q].end(), all[q].begin(), all[q].begin() + static_cast<std::ptrdiff_t>(k)))
                << "k " << k << ", dim " << dim;
          }
        }
      }
    }
}

TEST(ExactIndex, QueriesThatAreNoNumbersSpoilNoOther) {
  ThreadPool pool(1);
  Matrix queries = random_matrix(3, 8, 1), candidates = random_matrix(100, 8, 2);
  std::vector<std::vector<ScoredIndex>> expected, found;
  const ExactIndex index(candidates);
  SearchRequest request{.queries = queries, .candidate_bias = {}, .eligible = {}, .excluded = {}, .k = 5};
  index.search(request, pool, expected);
  queries(1, 3) = std::nanf("");
  index.search(request, pool, found);
  EXPECT_EQ(found[0], expected[0]);
  EXPECT_TRUE(found[1].empty());
  EXPECT_EQ(found[2], expected[2]);
}

TEST(ExactIndex, TheBiasDecidesBetweenEqualCandidates) {
  ThreadPool pool(1);
  Matrix query(1, 2, 1), candidates(3, 2, 1);
  const std::vector<float> bias = {0.5f, 2, 1};
  std::vector<std::vector<ScoredIndex>> found;
  ExactIndex(candidates).search({.queries = query, .candidate_bias = bias, .eligible = {}, .excluded = {}, .k = 2}, pool, found);
  EXPECT_EQ(found[0], (std::vector<ScoredIndex>{{1, 4}, {2, 3}}));
}

TEST(ExactIndex, GivesKResultsWhenOnlyTheLastCandidatesPass) {
  ThreadPool pool(2);
  const Matrix queries = random_matrix(2, 4, 5), candidates = random_matrix(5000, 4, 6);
  std::vector<std::uint8_t> eligible(5000, 0);
  for (std::size_t c = 4990; c < 5000; ++c) eligible[c] = 1;
  std::vector<std::vector<ScoredIndex>> found;
  ExactIndex(candidates).search({.queries = queries, .candidate_bias = {}, .eligible = eligible, .excluded = {}, .k = 10}, pool, found);
  EXPECT_EQ(found[0].size(), 10u);
  EXPECT_EQ(found[1].size(), 10u);
}

// More candidates than give the first threshold; what is left out is what scores best.
TEST(ExactIndex, LeavesOutTheBestAndFindsThoseBehindThem) {
  ThreadPool pool(1);
  const Matrix queries = random_matrix(4, 20, 1), candidates = random_matrix(9000, 20, 2);
  std::vector<std::uint8_t> eligible(candidates.rows());
  for (std::size_t c = 0; c < eligible.size(); ++c) eligible[c] = c % 3 != 0;
  std::vector<std::vector<std::uint32_t>> excluded(queries.rows());
  for (std::size_t q = 0; q < queries.rows(); ++q) {
    for (const ScoredIndex& best :
         search_by_full_sort(candidates, {.queries = queries, .candidate_bias = {}, .eligible = {}, .excluded = {}, .k = 300 * q}, q))
      excluded[q].push_back(best.index);
    std::ranges::sort(excluded[q]);
  }
  const std::vector<std::span<const std::uint32_t>> excluded_spans(excluded.begin(), excluded.end());
  std::vector<std::vector<ScoredIndex>> found;
  for (const std::size_t k : {1, 10, 100})
    for (const bool with_codes : {true, false}) {
      const SearchRequest request{queries, {}, eligible, excluded_spans, k};
      ExactIndex(candidates, {.with_codes = with_codes}).search(request, pool, found);
      for (std::size_t q = 0; q < queries.rows(); ++q)
        EXPECT_EQ(found[q], search_by_full_sort(candidates, request, q)) << "query " << q << ", k " << k;
    }
}

TEST(ExactIndex, TheNumberOfThreadsChangesNoBit) {
  Rng rng(9);
  Matrix queries(200, 32), candidates(3000, 32);
  for (Matrix* matrix : {&queries, &candidates})
    for (std::size_t i = 0; i < matrix->size(); ++i) matrix->data()[i] = static_cast<float>(rng.normal());
  const ExactIndex index(candidates);
  const SearchRequest request{.queries = queries, .candidate_bias = {}, .eligible = {}, .excluded = {}, .k = 20};
  ThreadPool one(1), three(3);
  std::vector<std::vector<ScoredIndex>> found_by_one, found_by_three;
  index.search(request, one, found_by_one);
  index.search(request, three, found_by_three);
  EXPECT_EQ(found_by_one, found_by_three);
}

TEST(ExactIndex, AScoreIsTheSameWhoeverElseAsks) {
  Rng rng(10);
  Matrix queries(70, 33), candidates(1000, 33);
  for (Matrix* matrix : {&queries, &candidates})
    for (std::size_t i = 0; i < matrix->size(); ++i) matrix->data()[i] = static_cast<float>(rng.normal());
  const ExactIndex index(candidates);
  ThreadPool pool(1);
  std::vector<std::vector<ScoredIndex>> all, alone;
  index.search({.queries = queries, .candidate_bias = {}, .eligible = {}, .excluded = {}, .k = 20}, pool, all);
  for (std::size_t q = 0; q < queries.rows(); ++q) {
    index.search({.queries = queries.view().row_block(q, q + 1), .candidate_bias = {}, .eligible = {}, .excluded = {}, .k = 20}, pool,
                 alone);
    EXPECT_EQ(alone[0], all[q]);
  }
}

TEST(ExactIndex, WhatIsNoNumberOrEndlesslyBadIsNeverFound) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  Matrix query(1, 1, 1), candidates(40, 1, 1);
  std::vector<float> bias(40, -kInfinity);
  bias[7] = std::nanf("");
  bias[20] = 1;
  bias[39] = kInfinity;
  ThreadPool pool(1);
  std::vector<std::vector<ScoredIndex>> found;
  ExactIndex(candidates).search({.queries = query, .candidate_bias = bias, .eligible = {}, .excluded = {}, .k = 3}, pool, found);
  EXPECT_EQ(found[0], (std::vector<ScoredIndex>{{39, kInfinity}, {20, 2}}));
}

}  // namespace
}  // namespace gemel
