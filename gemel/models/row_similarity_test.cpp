#include "gemel/models/row_similarity.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "gemel/models/registry.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

InteractionRows rows_of(const std::vector<std::map<std::uint32_t, float>>& values) {
  InteractionRows rows;
  for (const auto& row : values) {
    for (const auto& [column, value] : row) {
      rows.columns.push_back(column);
      rows.values.push_back(value);
    }
    rows.offsets.push_back(rows.columns.size());
  }
  return rows;
}

// Three products and four customers; the first has 0 and 1 in common with the second, 1 with the third.
const std::vector<std::map<std::uint32_t, float>> kRows = {{{0, 1}, {1, 2}}, {{0, 1}, {1, 1}, {2, 1}}, {{1, 4}, {3, 1}}};

float similarity(const SimilarityKnobs& knobs, std::uint32_t a, std::uint32_t b) {
  InteractionRows rows = rows_of(kRows);
  const RowWeighting weighting(knobs, rows, 4);
  const std::vector<RowNorm> norms = weighting.weigh_all(rows);
  const InteractionRows columns = transposed(rows, 4);
  RowProducts products(rows, columns);
  float found = 0;
  products.visit_row(a, [&](std::uint32_t other, float product) {
    if (other == b) found = weighting.similarity(product, norms[a], norms[b]);
  });
  return found;
}

TEST(RowSimilarity, CosineAgreesWithACaseWorkedByHand) {
  EXPECT_FLOAT_EQ(similarity({.similarity = Similarity::kCosine, .shrinkage = 0}, 0, 1), 3 / (std::sqrt(5.f) * std::sqrt(3.f)));
  EXPECT_FLOAT_EQ(similarity({.similarity = Similarity::kCosine, .shrinkage = 2}, 0, 1), 3 / (std::sqrt(5.f) * std::sqrt(3.f) + 2));
  EXPECT_FLOAT_EQ(similarity({.similarity = Similarity::kCosine, .shrinkage = 0}, 2, 0), 8 / (std::sqrt(17.f) * std::sqrt(5.f)));
}

TEST(RowSimilarity, TfidfAgreesWithACaseWorkedByHand) {
  // Customers 0 (of two products), 1 (of all three), 2 and 3 (of one): log(3/3), log(3/4), log(3/2).
  const float of_all = std::log(3.f / 4), of_one = std::log(3.f / 2);
  const float first[] = {0, std::sqrt(2.f) * of_all}, second[] = {0, of_all, of_one};
  const float dot = first[1] * second[1];
  EXPECT_NEAR(similarity({.similarity = Similarity::kTfidf, .shrinkage = 0}, 0, 1),
              dot / (std::abs(first[1]) * std::hypot(second[1], second[2])), 1e-6);
  // With shrinkage idf counts in units of its root mean square over the seven pairs: 2 of 0, 3 of of_all, 2 of of_one.
  const float mean_square = (3 * of_all * of_all + 2 * of_one * of_one) / 7;
  EXPECT_NEAR(similarity({.similarity = Similarity::kTfidf, .shrinkage = 2}, 0, 1),
              dot / mean_square / (std::abs(first[1]) * std::hypot(second[1], second[2]) / mean_square + 2), 1e-6);
}

TEST(RowSimilarity, Bm25AgreesWithACaseWorkedByHand) {
  const auto weight = [](double x, double length, double idf) { return x * 2.2 / (1.2 * (.25 + .75 * length / (11. / 3)) + x) * idf; };
  const double of_all = std::log(3. / 4);
  EXPECT_NEAR(similarity({.similarity = Similarity::kBm25, .shrinkage = 0}, 0, 1), weight(2, 3, of_all) * weight(1, 3, of_all), 1e-6);
  EXPECT_NEAR(similarity({.similarity = Similarity::kBm25, .shrinkage = 0}, 0, 2), weight(2, 3, of_all) * weight(4, 5, of_all), 1e-6);
}

TEST(RowSimilarity, AWalkAgreesWithACaseWorkedByHand) {
  // Rows sum to 3, 3 and 5, the columns to 2, 7, 1 and 1.
  const SimilarityKnobs walk{.similarity = Similarity::kWalk, .from_exponent = 1, .through_exponent = 0.5, .to_exponent = 2};
  const float root_two = std::sqrt(2.f), root_seven = std::sqrt(7.f);
  EXPECT_FLOAT_EQ(similarity(walk, 0, 1), (1 / root_two + 2 / root_seven) / (3 * 9));
  EXPECT_FLOAT_EQ(similarity(walk, 0, 2), 8 / root_seven / (3 * 25));
  EXPECT_FLOAT_EQ(similarity(walk, 2, 0), 8 / root_seven / (5 * 9));
}

TEST(RowSimilarity, IsTheSameBothWaysRound) {
  Rng rng(5);
  std::vector<std::map<std::uint32_t, float>> values(20);
  for (auto& row : values)
    for (int n = 0; n < 6; ++n) row[static_cast<std::uint32_t>(rng.below(15))] = 1 + static_cast<float>(rng.below(4));
  for (const Similarity which : {Similarity::kCosine, Similarity::kTfidf, Similarity::kBm25}) {
    InteractionRows rows = rows_of(values);
    const RowWeighting weighting({.similarity = which}, rows, 15);
    const std::vector<RowNorm> norms = weighting.weigh_all(rows);
    const InteractionRows columns = transposed(rows, 15);
    RowProducts products(rows, columns);
    std::map<std::pair<std::uint32_t, std::uint32_t>, float> found;
    for (std::uint32_t row = 0; row < 20; ++row)
      products.visit_row(
          row, [&](std::uint32_t other, float product) { found[{row, other}] = weighting.similarity(product, norms[row], norms[other]); });
    for (const auto& [pair, value] : found) {
      EXPECT_NEAR(value, found.at({pair.second, pair.first}), 1e-6);
      EXPECT_TRUE(which == Similarity::kBm25 || value <= 1 + 1e-6) << value;
    }
  }
}

TEST(RowSimilarity, ProductsAreThoseOfATwinWhetherRowsShareMuchOrLittle) {
  constexpr std::uint32_t kRowCount = 200;
  for (const std::uint32_t num_columns : {10u, 2000u}) {
    Rng rng(6);
    std::vector<std::map<std::uint32_t, float>> values(kRowCount);
    for (auto& row : values)
      for (int n = 0; n < 5; ++n) row[static_cast<std::uint32_t>(rng.below(num_columns))] = 1 + static_cast<float>(rng.below(4));
    const InteractionRows rows = rows_of(values), columns = transposed(rows, num_columns);
    RowProducts products(rows, columns);
    std::size_t num_found = 0;
    for (std::uint32_t row = 0; row < kRowCount; ++row) {
      std::map<std::uint32_t, float> found, expected;
      products.visit_row(row, [&](std::uint32_t other, float product) { EXPECT_TRUE(found.emplace(other, product).second); });
      for (std::uint32_t other = 0; other < kRowCount; ++other)
        for (const auto& [column, value] : values[row])
          if (other != row && values[other].contains(column)) expected[other] += value * values[other].at(column);
      EXPECT_EQ(found, expected) << num_columns << " columns, row " << row;
      num_found += found.size();
    }
    EXPECT_GT(num_found, 0u);
  }
}

// More rows than are looked at together, with norms of their own and shrinkage; few columns, so that most are shared, or many.
TEST(RowSimilarity, TheMostSimilarAreThoseOfATwin) {
  constexpr std::uint32_t kRowCount = 2500;
  const RowWeighting weighting({.similarity = Similarity::kCosine, .shrinkage = 2}, {}, 0);
  for (const std::uint32_t num_columns : {10u, 20'000u}) {
    Rng rng(7);
    std::vector<std::map<std::uint32_t, float>> values(kRowCount);
    std::vector<RowNorm> norms;
    for (auto& row : values) {
      for (int n = 0; n < 5; ++n) row[static_cast<std::uint32_t>(rng.below(num_columns))] = static_cast<float>(1 + rng.uniform());
      norms.push_back({.as_first = 2, .as_second = static_cast<float>(1 + rng.uniform())});
    }
    const InteractionRows rows = rows_of(values), columns = transposed(rows, num_columns);
    RowProducts products(rows, columns, norms);
    for (std::uint32_t row = 0; row < kRowCount; row += 97) {
      TopK offered(20), wanted(20);
      products.offer_similar(row, weighting, offered);
      for (std::uint32_t other = 0; other < kRowCount; ++other) {
        float product = 0;
        for (const auto& [column, value] : values[row])
          if (values[other].contains(column)) product += value * values[other].at(column);
        if (other != row && product > 0) wanted.offer(other, product / (2 * norms[other].as_second + 2));
      }
      std::vector<ScoredIndex> found, best;
      offered.take(found);
      wanted.take(best);
      ASSERT_EQ(found.size(), best.size()) << num_columns << " columns, row " << row;
      for (std::size_t i = 0; i < best.size(); ++i) {
        EXPECT_EQ(found[i].index, best[i].index) << num_columns << " columns, row " << row << ", place " << i;
        EXPECT_FLOAT_EQ(found[i].score, best[i].score);
      }
    }
  }
}

TEST(RowSimilarity, Bm25HasNoShrinkage) {
  EXPECT_TRUE(make_model("item_knn", "similarity = \"bm25\""));
  const auto refused = make_model("item_knn", "similarity = \"bm25\", shrinkage = 10");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("shrinkage: expected 0 with similarity = \"bm25\""), std::string::npos) << refused.error().message;
}

TEST(RowSimilarity, OnlyAWalkHasExponents) {
  const auto walk = make_model("item_knn", "similarity = \"walk\", to_exponent = 0.5");
  ASSERT_TRUE(walk) << walk.error().message;
  EXPECT_NE((*walk)->knobs().find("from_exponent = 0.7, through_exponent = 0.7, to_exponent = 0.5"), std::string::npos) << (*walk)->knobs();
  EXPECT_TRUE(make_model("item_knn", (*walk)->knobs()));
  const auto lonely = make_model("item_knn", "to_exponent = 0.5");
  ASSERT_FALSE(lonely);
  EXPECT_NE(lonely.error().message.find("to_exponent: is read only with similarity = \"walk\", found \"cosine\""), std::string::npos)
      << lonely.error().message;
}

}  // namespace
}  // namespace gemel
