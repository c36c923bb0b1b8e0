#include "gemel/index/partitioned_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <tuple>

#include "gemel/index/testing.h"
#include "gemel/numerics/kernels.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

using testing::clusters;
using Answers = std::vector<std::vector<ScoredIndex>>;

double index_recall(const Answers& found, const Answers& exact) {
  std::size_t hits = 0, all = 0;
  for (std::size_t q = 0; q < exact.size(); ++q) {
    all += exact[q].size();
    for (const ScoredIndex& hit : exact[q]) hits += static_cast<std::size_t>(std::ranges::count(found[q], hit.index, &ScoredIndex::index));
  }
  return static_cast<double>(hits) / static_cast<double>(all);
}

class PartitionedIndexTest : public ::testing::TestWithParam<std::size_t> {  // the width
 protected:
  PartitionedIndexTest()
      : candidates(clusters(2003, GetParam(), 1)), queries(clusters(61, GetParam(), 2)), index(candidates, {}, pool), oracle(candidates) {}

  // With all the effort there is, nothing is missed.
  static constexpr PartitionedIndex::Effort kEverything{.reach = 1e6f, .num_scored = 10000};

  void expect_that_all_is_found(SearchRequest request) {
    request.candidates = candidates;
    index.set_effort(kEverything);
    Answers found, exact;
    index.search(request, pool, found);
    oracle.search(request, pool, exact);
    EXPECT_EQ(found.size(), exact.size());
    for (std::size_t q = 0; q < exact.size(); ++q) {
      ASSERT_EQ(found[q].size(), exact[q].size());
      for (std::size_t i = 0; i < exact[q].size(); ++i) EXPECT_NEAR(found[q][i].score, exact[q][i].score, 1e-4);
    }
  }

  ThreadPool pool{2};
  Matrix candidates, queries;
  PartitionedIndex index;
  ExactIndex oracle;
};

TEST_P(PartitionedIndexTest, FindsNearlyAllOfTheBest) {
  Answers found, exact;
  const SearchRequest request{.queries = queries, .candidate_bias = {}, .eligible = {}, .excluded = {}, .k = 10, .candidates = candidates};
  oracle.search(request, pool, exact);
  index.set_effort({.reach = 3, .num_scored = 60});
  index.search(request, pool, found);
  EXPECT_GT(index_recall(found, exact), 0.9);
}

TEST_P(PartitionedIndexTest, WithAllEffortItIsExact) {
  expect_that_all_is_found({.queries = queries, .candidate_bias = {}, .eligible = {}, .excluded = {}, .k = 10});
}

TEST_P(PartitionedIndexTest, ABiasCounts) {
  Rng rng(3);
  std::vector<float> bias(candidates.rows());
  for (float& b : bias) b = static_cast<float>(5 * rng.normal());
  expect_that_all_is_found({.queries = queries, .candidate_bias = bias, .eligible = {}, .excluded = {}, .k = 10});
  const std::vector<float> arranged = index.arrange_bias(bias);
  EXPECT_GE(arranged.size(), index.num_partitions() + bias.size());
  const auto bounds = std::span(arranged).first(index.num_partitions());
  EXPECT_EQ(*std::ranges::max_element(bounds), *std::ranges::max_element(bias));
  expect_that_all_is_found(
      {.queries = queries, .candidate_bias = bias, .eligible = {}, .excluded = {}, .k = 10, .arranged_bias = arranged});
}

TEST_P(PartitionedIndexTest, ABiasThatOutweighsTheProductsIsFoundWithLittleEffort) {
  std::vector<float> bias(candidates.rows());
  for (std::size_t c = 100; c < 110; ++c) bias[c] = 1000;
  Answers found;
  index.set_effort({.reach = 0, .num_scored = 10});
  index.search({.queries = queries, .candidate_bias = bias, .eligible = {}, .excluded = {}, .k = 10, .candidates = candidates}, pool,
               found);
  for (const auto& hits : found)
    for (const ScoredIndex& hit : hits) EXPECT_TRUE(hit.index >= 100 && hit.index < 110);
}

TEST_P(PartitionedIndexTest, GivesKResultsWhenOnlyKPass) {
  std::vector<std::uint8_t> eligible(candidates.rows(), 0);
  for (std::size_t c = 0; c < 10; ++c) eligible[c * 200 + 3] = 1;
  const std::vector<std::uint32_t> excluded = {3};
  const std::vector<std::span<const std::uint32_t>> excluded_of(queries.rows(), excluded);
  Answers found;
  index.set_effort({.reach = 0, .num_scored = 10});  // the least that can be asked for
  index.search({.queries = queries, .candidate_bias = {}, .eligible = eligible, .excluded = excluded_of, .k = 9, .candidates = candidates},
               pool, found);
  for (const auto& hits : found) {
    EXPECT_EQ(hits.size(), 9u);
    for (const ScoredIndex& hit : hits) EXPECT_TRUE(eligible[hit.index] != 0 && hit.index != 3);
  }
  expect_that_all_is_found({.queries = queries, .candidate_bias = {}, .eligible = eligible, .excluded = excluded_of, .k = 20});
}

TEST_P(PartitionedIndexTest, NeitherThreadsNorOtherQueriesChangeABit) {
  ThreadPool one(1);
  const PartitionedIndex same(candidates, {}, one);
  Answers together, alone;
  SearchRequest request{.queries = queries, .candidate_bias = {}, .eligible = {}, .excluded = {}, .k = 10, .candidates = candidates};
  index.search(request, pool, together);
  for (std::size_t q = 0; q < queries.rows(); ++q) {
    request.queries = queries.view().row_block(q, q + 1);
    same.search(request, one, alone);
    EXPECT_EQ(alone[0], together[q]);
  }
}

TEST_P(PartitionedIndexTest, AQueryOfNothingOrOfNoNumbersSpoilsNoOther) {
  Answers expected, found;
  index.search({.queries = queries, .candidate_bias = {}, .eligible = {}, .excluded = {}, .k = 10, .candidates = candidates}, pool,
               expected);
  std::ranges::fill(queries.row(3), 0.0f);
  std::ranges::fill(queries.row(5), std::numeric_limits<float>::quiet_NaN());
  index.search({.queries = queries, .candidate_bias = {}, .eligible = {}, .excluded = {}, .k = 10, .candidates = candidates}, pool, found);
  EXPECT_EQ(found[3].size(), 10u);
  EXPECT_TRUE(found[5].empty());
  expected[3] = found[3];
  expected[5].clear();
  EXPECT_EQ(found, expected);
}

TEST_P(PartitionedIndexTest, AQueryOfNothingGetsTheLargestBiasesEvenWhereAllAreBelowZero) {
  std::vector<float> bias(candidates.rows());
  for (std::size_t c = 0; c < bias.size(); ++c) bias[c] = -5 - static_cast<float>(c * 7 % bias.size());
  std::ranges::fill(queries.row(3), 0.0f);
  Answers found;
  index.search({.queries = queries, .candidate_bias = bias, .eligible = {}, .excluded = {}, .k = 10, .candidates = candidates}, pool,
               found);
  ASSERT_EQ(found[3].size(), 10u);
  for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(found[3][i].score, -5 - static_cast<float>(i));
}

// The same partitions, the same estimates: only the last digits of the scores may differ.
TEST_P(PartitionedIndexTest, WithRowsOfItsOwnItNeedsNoCandidates) {
  PartitionedIndex keeping(candidates, {.keep_rows = true}, pool);
  EXPECT_GE(keeping.size_bytes(), index.size_bytes() + candidates.size() * sizeof(std::int16_t));
  std::vector<float> bias(candidates.rows());
  for (std::size_t c = 0; c < bias.size(); ++c) bias[c] = static_cast<float>(c % 7);
  SearchRequest request{.queries = queries, .candidate_bias = bias, .eligible = {}, .excluded = {}, .k = 10};
  Answers found, expected, loaded_found;
  keeping.search(request, pool, found);
  const auto path = std::filesystem::path(::testing::TempDir()) / concat("keeping_rows_", GetParam());
  SafetensorsWriter writer;
  ASSERT_TRUE(keeping.save(writer, path));
  const auto file = SafetensorsFile::open(path);
  ASSERT_TRUE(file);
  const auto loaded = PartitionedIndex::load(*file, candidates.rows(), candidates.cols(), path);
  ASSERT_TRUE(loaded) << loaded.error().message;
  loaded->search(request, pool, loaded_found);
  EXPECT_EQ(loaded_found, found);
  const Tensor& steps = file->tensors().at("row_steps");
  std::string damaged = read_file(path).value();
  const float below_zero = -1;
  std::memcpy(damaged.data() + damaged.find(steps.bytes), &below_zero, sizeof below_zero);
  std::ofstream(path, std::ios::binary) << damaged;
  const auto refused = PartitionedIndex::load(SafetensorsFile::open(path).value(), candidates.rows(), candidates.cols(), path);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("steps of rows"), std::string::npos) << refused.error().message;
  request.candidates = candidates;
  index.search(request, pool, expected);
  for (std::size_t q = 0; q < queries.rows(); ++q) {
    ASSERT_EQ(found[q].size(), expected[q].size());
    const float length = std::sqrt(kernels().sum_squares(queries.row(q).data(), queries.cols()));
    for (std::size_t i = 0; i < found[q].size(); ++i) EXPECT_NEAR(found[q][i].score, expected[q][i].score, 1e-3 * length);
  }
}

INSTANTIATE_TEST_SUITE_P(Widths, PartitionedIndexTest, ::testing::Values(1, 6, 33));

// Queries that open more than the nearest partitions go through them together, and must find what each finds alone.
class WavesTest : public ::testing::TestWithParam<std::tuple<std::size_t, float>> {  // the width, how far candidates are apart
 protected:
  WavesTest() {
    const auto [width, apart] = GetParam();
    Rng rng(4);
    scattered = Matrix(3001, width);
    asking = Matrix(40, width);
    for (std::size_t i = 0; i < scattered.size(); ++i) scattered.data()[i] = (apart < 1) + apart * static_cast<float>(rng.normal());
    for (std::size_t i = 0; i < asking.size(); ++i) asking.data()[i] = static_cast<float>(rng.normal());
    std::ranges::fill(asking.row(7), std::numeric_limits<float>::quiet_NaN());
    std::ranges::fill(asking.row(8), 0.0f);
    for (std::size_t c = 0; c < scattered.rows(); ++c) {
      bias.push_back(apart * static_cast<float>(rng.normal()));
      few.push_back(c % 300 == 0);
      most.push_back(c % 3 != 0);
    }
    endless = bias;
    for (std::size_t c = 0; c < endless.size(); c += 7) endless[c] = std::numeric_limits<float>::infinity();
  }

  void expect_that_each_finds_the_same_alone(std::size_t num_partitions);

  Matrix scattered, asking;
  std::vector<float> bias, endless;
  std::vector<std::uint8_t> few, most;
};

void WavesTest::expect_that_each_finds_the_same_alone(std::size_t num_partitions) {
  const std::vector<std::uint32_t> excluded = {1, 2, 601};
  std::vector<std::span<const std::uint32_t>> excluded_of(asking.rows());
  for (std::size_t q = 0; q < excluded_of.size(); q += 2) excluded_of[q] = excluded;
  ThreadPool pool(2), one(1);
  PartitionedIndex index(scattered, {.num_partitions = num_partitions}, pool);
  for (const PartitionedIndex::Effort effort : {PartitionedIndex::Effort{1, 20}, {4, 20}, {1e6f, 5000}})
    for (const std::span<const float> added : {std::span<const float>{}, std::span<const float>(bias), std::span<const float>(endless)})
      for (const std::span<const std::uint8_t> eligible :
           {std::span<const std::uint8_t>{}, std::span<const std::uint8_t>(few), std::span<const std::uint8_t>(most)}) {
        SCOPED_TRACE(::testing::Message() << "reach " << effort.reach << ", bias " << (added.empty() ? 0 : added[0]) << ", eligible "
                                          << eligible.size());
        SearchRequest request{
            .queries = asking, .candidate_bias = added, .eligible = eligible, .excluded = excluded_of, .k = 10, .candidates = scattered};
        index.set_effort(effort);
        Answers together, alone;
        index.search(request, pool, together);
        for (std::size_t q = 0; q < asking.rows(); ++q) {
          request.queries = asking.view().row_block(q, q + 1);
          request.excluded = std::span(excluded_of).subspan(q, 1);
          if (q % 2 == 1) request.excluded = {};  // the same as an empty list
          index.search(request, one, alone);
          EXPECT_EQ(alone[0], together[q]) << q;
        }
      }
}

TEST_P(WavesTest, OfABatchFindWhatEachQueryFindsAlone) { expect_that_each_finds_the_same_alone(700); }

// All of the first partition is found at once, and the best of it are chosen by counting.
TEST_P(WavesTest, WithFewLargePartitionsToo) { expect_that_each_finds_the_same_alone(8); }

INSTANTIATE_TEST_SUITE_P(WidthsAndDistances, WavesTest,
                         ::testing::Combine(::testing::Values(1, 6, 33), ::testing::Values(1.0f, 1e-6f, 1e-7f)));

TEST(PartitionedIndex, FewAndEqualCandidatesAreNoTrouble) {
  ThreadPool pool(1);
  for (const std::size_t num_candidates : {1, 2, 33}) {
    const Matrix candidates(num_candidates, 3, 1.0f), query(1, 3, 2.0f);
    Answers found;
    PartitionedIndex(candidates, {}, pool)
        .search({.queries = query, .candidate_bias = {}, .eligible = {}, .excluded = {}, .k = 40, .candidates = candidates}, pool, found);
    EXPECT_EQ(found[0].size(), num_candidates);
    for (const ScoredIndex& hit : found[0]) EXPECT_EQ(hit.score, 6);
  }
}

}  // namespace
}  // namespace gemel
