#include "gemel/index/candidate_index.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <functional>

#include "gemel/index/testing.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

using Answers = std::vector<std::vector<ScoredIndex>>;
constexpr std::size_t kDim = 12;

Matrix rows_of(std::size_t rows, std::uint64_t seed) { return testing::clusters(rows, kDim, seed); }

IndexConfig by_partitions(double recall) { return {.kind = IndexKind::kApproximate, .recall = recall}; }

SearchRequest request_of(const Matrix& queries, const Matrix& candidates, std::size_t k = 10) {
  return {.queries = queries, .candidate_bias = {}, .eligible = {}, .excluded = {}, .k = k, .candidates = candidates};
}

class CandidateIndexTest : public ::testing::Test {
 protected:
  CandidateIndexTest() {
    Rng rng(5);
    for (float& each : bias) each = static_cast<float>(0.3 * rng.normal());
  }

  SearchRequest asked() const {
    SearchRequest request = request_of(sample, candidates);
    request.candidate_bias = bias;
    return request;
  }
  Answers answer(const CandidateIndex& index, std::size_t k) {
    const std::vector<float> arranged = index.arrange_bias(bias);
    SearchRequest request = request_of(others, candidates, k);
    request.candidate_bias = bias;
    request.arranged_bias = arranged;
    Answers found;
    index.search(request, pool, found);
    return found;
  }

  ThreadPool pool{2};
  const Matrix candidates = rows_of(10'000, 1), sample = rows_of(200, 2), others = rows_of(200, 3);
  std::vector<float> bias = std::vector<float>(candidates.rows());
  std::filesystem::path path = std::filesystem::temp_directory_path() / concat("gemel-index-", ::getpid(), ".safetensors");
  ~CandidateIndexTest() override {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
};

TEST_F(CandidateIndexTest, ByItselfItIsExactForFewCandidatesAndPartitionedForVeryMany) {
  const CandidateIndex few(IndexConfig{}, asked(), pool);
  EXPECT_TRUE(few.is_exact());
  EXPECT_EQ(few.report().num_partitions, 0u);
  const Matrix many(CandidateIndex::kMaxExact + 1, 2, 1.0f), queries(3, 2, 1.0f);
  EXPECT_FALSE(CandidateIndex(IndexConfig{}, request_of(queries, many), pool).is_exact());
  EXPECT_TRUE(CandidateIndex(IndexConfig{.kind = IndexKind::kExact}, request_of(queries, many), pool).is_exact());
}

TEST_F(CandidateIndexTest, WhatItFindsForOtherQueriesAgreesWithTheExactSearchAsItSays) {
  const Answers best = answer(CandidateIndex(candidates), kIndexRecallAt);
  float last_reach = 0;
  for (const double wanted : {0.8, 0.95, 0.99}) {
    const CandidateIndex index(by_partitions(wanted), asked(), pool);
    EXPECT_GE(index.report().recall, wanted);
    EXPECT_EQ(index.report().num_queries, sample.rows());
    const Answers found = answer(index, kIndexRecallAt);
    std::size_t hits = 0;
    for (std::size_t q = 0; q < best.size(); ++q)
      for (const ScoredIndex& hit : best[q]) hits += static_cast<std::size_t>(std::ranges::count(found[q], hit.index, &ScoredIndex::index));
    const double recall = static_cast<double>(hits) / static_cast<double>(best.size() * kIndexRecallAt);
    EXPECT_NEAR(recall, index.report().recall, 0.02);
    EXPECT_LT(recall, 1);  // or it would prove nothing
    EXPECT_GE(index.report().reach, last_reach);
    last_reach = index.report().reach;
  }
  EXPECT_GT(last_reach, 0);
}

TEST_F(CandidateIndexTest, FewerResultsAreTheFirstOfMore) {
  const CandidateIndex index(by_partitions(0.9), asked(), pool);
  const Answers few = answer(index, 7), many = answer(index, 100);
  for (std::size_t q = 0; q < few.size(); ++q) EXPECT_TRUE(std::ranges::equal(few[q], std::span(many[q]).first(7)));
}

// 5 % of the candidates stand out in the one direction that queries look into, and differ from each other by less than codes can say.
TEST(CandidateIndex, StaysExactWhereNoEffortIsEnoughUnlessItIsForced) {
  constexpr std::size_t kRows = CandidateIndex::kMaxExact + 1;
  Rng rng(1);
  Matrix candidates(kRows, 2), queries(20, 2, 0.0f);
  for (std::size_t row = 0; row < kRows; ++row) {
    candidates(row, 0) = static_cast<float>(1000 * rng.normal());
    candidates(row, 1) = row % 20 == 0 ? 10 + static_cast<float>(0.01 * rng.normal()) : 0;
  }
  for (std::size_t q = 0; q < queries.rows(); ++q) queries(q, 1) = 1;
  ThreadPool pool(1);
  EXPECT_TRUE(CandidateIndex(IndexConfig{}, request_of(queries, candidates), pool).is_exact());
  const CandidateIndex forced(by_partitions(0.99), request_of(queries, candidates), pool);
  EXPECT_FALSE(forced.is_exact());
  EXPECT_LT(forced.report().recall, 0.9);
}

TEST_F(CandidateIndexTest, SavedAndLoadedItAnswersTheSameAndItsFileDoesNotDependOnTheThreads) {
  const CandidateIndex index(by_partitions(0.95), asked(), pool);
  ASSERT_TRUE(index.save(path));
  const auto loaded = CandidateIndex::load(path, candidates.rows(), kDim);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(answer(*loaded, 20), answer(index, 20));
  EXPECT_EQ(loaded->report().recall, index.report().recall);
  EXPECT_EQ(loaded->report().num_partitions, index.report().num_partitions);
  const std::string bytes = read_file(path).value();
  ThreadPool one(1);
  ASSERT_TRUE(CandidateIndex(by_partitions(0.95), asked(), one).save(path));
  EXPECT_EQ(checksum_hex(read_file(path).value()), checksum_hex(bytes));
}

// In the file itself.
template <class T>
void with_changed(const std::filesystem::path& path, std::string_view name, const std::function<void(std::vector<T>&)>& change) {
  std::string bytes = read_file(path).value();
  const auto file = SafetensorsFile::open(path).value();
  const Tensor& tensor = file.tensors().at(std::string(name));
  std::vector<T> values(tensor.bytes.size() / sizeof(T));
  std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
  change(values);
  std::memcpy(bytes.data() + bytes.find(tensor.bytes), values.data(), tensor.bytes.size());
  std::ofstream(path, std::ios::binary) << bytes;
}

TEST_F(CandidateIndexTest, AFileThatMakesNoSenseIsCorrupt) {
  const CandidateIndex index(by_partitions(0.9), asked(), pool);
  ASSERT_TRUE(index.save(path));
  const std::string whole = read_file(path).value();
  const auto expect_corrupt = [&](std::string_view what) {
    const auto loaded = CandidateIndex::load(path, candidates.rows(), kDim);
    ASSERT_FALSE(loaded) << what;
    EXPECT_EQ(loaded.error().code, ErrorCode::kCorrupt) << what;
    EXPECT_NE(loaded.error().message.find(what), std::string::npos) << loaded.error().message;
    std::ofstream(path, std::ios::binary) << whole;
  };
  with_changed<std::uint32_t>(path, "ids", [](auto& ids) { ids[0] = ids[1]; });
  expect_corrupt("two partitions");
  with_changed<std::uint32_t>(path, "ids", [](auto& ids) { std::swap(ids[0], *std::ranges::find(ids, ~0u)); });
  expect_corrupt("gaps");
  with_changed<std::int64_t>(path, "starts", [](auto& starts) { starts[1] = 1'000'000; });
  expect_corrupt("starts");
  with_changed<float>(path, "centroids", [](auto& centroids) { centroids[3] = std::numeric_limits<float>::quiet_NaN(); });
  expect_corrupt("centroids");
  with_changed<float>(path, "spreads", [](auto& spreads) { spreads[0] = -1; });
  expect_corrupt("spreads");
  with_changed<double>(path, "measured", [](auto& measured) { measured[1] = 0; });
  expect_corrupt("measured");
  EXPECT_FALSE(CandidateIndex::load(path, candidates.rows() + 1, kDim));
  EXPECT_FALSE(CandidateIndex::load(path, candidates.rows(), kDim + 1));
}

TEST_F(CandidateIndexTest, AnyByteOfItsFileMayBeWrongWithoutACrash) {
  const Matrix some = rows_of(500, 4), one = rows_of(1, 5);
  ASSERT_TRUE(CandidateIndex(by_partitions(0.9), request_of(sample, some), pool).save(path));
  const std::string whole = read_file(path).value();
  Rng rng(6);
  std::size_t refused = 0;
  for (int trial = 0; trial < 200; ++trial) {
    std::string damaged = whole;
    damaged[rng.below(trial % 2 == 0 ? whole.size() : 600)] ^= static_cast<char>(1 + rng.below(255));
    std::ofstream(path, std::ios::binary) << damaged;
    const auto index = CandidateIndex::load(path, some.rows(), kDim);
    refused += !index;
    if (!index) continue;
    Answers found;
    index->search(request_of(one, some), pool, found);
    for (const auto& hits : found)
      for (const ScoredIndex& hit : hits) EXPECT_LT(hit.index, some.rows());
  }
  EXPECT_GT(refused, 50u);
}

TEST_F(CandidateIndexTest, GivesKResultsWhenOnlyKPass) {
  const CandidateIndex index(by_partitions(0.5), asked(), pool);
  std::vector<std::uint8_t> eligible(candidates.rows(), 0);
  for (std::size_t c = 0; c < 10; ++c) eligible[c * 999] = 1;
  SearchRequest request = request_of(others, candidates, 10);
  request.eligible = eligible;
  Answers found;
  index.search(request, pool, found);
  for (const auto& hits : found) EXPECT_EQ(hits.size(), 10u);
}

}  // namespace
}  // namespace gemel
