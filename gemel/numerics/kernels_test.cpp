// Each kernel of each instruction set that this machine has, against a slow twin in double.
#include "gemel/numerics/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

using Floats = std::vector<float>;
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr std::size_t kSizes[] = {0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 1000};

Floats random_floats(std::size_t n, std::uint64_t seed) {
  Rng rng(seed);
  Floats values(n);
  for (float& value : values) value = static_cast<float>(rng.normal());
  return values;
}

void for_each_set_and_size(const std::function<void(const Kernels&, std::size_t)>& test) {
  for (const Kernels* set : supported_kernels())
    for (std::size_t n : kSizes) {
      SCOPED_TRACE(testing::Message() << set->name << ", n = " << n);
      test(*set, n);
    }
}

// Position in the order of floats: neighbours differ by 1.
std::int64_t ulps(float a, float b) {
  const auto place = [](float x) {
    const auto bits = __builtin_bit_cast(std::int32_t, x);
    return bits < 0 ? std::int64_t{INT32_MIN} - bits : std::int64_t{bits};
  };
  return std::abs(place(a) - place(b));
}

double gelu_twin(double x) { return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); }

TEST(Kernels, SumsAgreeWithADoubleTwin) {
  for_each_set_and_size([](const Kernels& set, std::size_t n) {
    const Floats a = random_floats(n, 1), b = random_floats(n, 2);
    double dot = 0, squares = 0;
    for (std::size_t i = 0; i < n; ++i) dot += double{a[i]} * b[i], squares += double{a[i]} * a[i];
    EXPECT_NEAR(set.dot(a.data(), b.data(), n), dot, 1e-5 * (1 + std::sqrt(n)));
    EXPECT_NEAR(set.sum_squares(a.data(), n), squares, 1e-6 * (1 + squares));
  });
}

template <class T>
std::vector<T> random_numbers(std::size_t n, std::uint64_t seed) {  // small ones, ties, and the largest that there is
  Rng rng(seed);
  std::vector<T> numbers(n);
  for (T& number : numbers) number = rng.below(50) == 0 ? std::numeric_limits<T>::max() : static_cast<T>(rng.below(100));
  return numbers;
}

TEST(Kernels, TheLargestNumberAndFallsAgreeWithLookingAtEach) {
  for_each_set_and_size([](const Kernels& set, std::size_t n) {
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      const auto bytes = random_numbers<std::uint8_t>(n, seed);
      const auto words = random_numbers<std::uint32_t>(n, seed);
      const auto longs = random_numbers<std::int64_t>(n, seed);
      EXPECT_EQ(set.largest_u8(bytes.data(), n), n == 0 ? 0 : *std::ranges::max_element(bytes));
      EXPECT_EQ(set.largest_u32(words.data(), n), n == 0 ? 0 : *std::ranges::max_element(words));
      const auto falls = [n](const auto& numbers) {
        std::size_t count = 0;
        for (std::size_t i = 0; i + 1 < n; ++i) count += numbers[i + 1] < numbers[i];
        return count;
      };
      EXPECT_EQ(set.count_falls_u32(words.data(), n), falls(words));
      EXPECT_EQ(set.count_falls_i64(longs.data(), n), falls(longs));
    }
    const std::vector<std::int64_t> falling{3, 2, INT64_MIN};
    EXPECT_EQ(set.count_falls_i64(falling.data(), 3), 2u);
  });
}

TEST(Kernels, LogOfAShareAndAFloorAgreesWithItsDoubleTwin) {
  for (const Kernels* set : supported_kernels()) {
    SCOPED_TRACE(set->name);
    for (const float floor : {1e-9f, 1.5e-5f, 0.05f}) {
      Floats x{-kInfinity, -5000, -200, -127, -126.5f, 0, 10};
      for (double value = -40; value < 1; value += 0.00317) x.push_back(static_cast<float>(value));
      Floats result = x;
      set->log_exp2_plus(floor, result.data(), result.size());
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double expected = std::log(std::exp2(double{x[i]}) + floor);
        ASSERT_NEAR(result[i], expected, 1e-6 * (1 + std::abs(std::log(double{floor})))) << "x = " << x[i] << ", floor = " << floor;
      }
    }
  }
}

TEST(Kernels, LogOfOnePlusAgreesWithItsDoubleTwin) {
  for (const Kernels* set : supported_kernels()) {
    SCOPED_TRACE(set->name);
    Floats x{0, 1e-30f, 1e-7f, 0.5f, 1, 3, 1e6f, 1e30f};
    for (double value = 0; value < 50; value += 0.0173) x.push_back(static_cast<float>(value));
    Floats result = x;
    set->log_one_plus(10, result.data(), result.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double expected = std::log1p(10 * double{x[i]});
      ASSERT_NEAR(result[i], expected, 1e-6 * (1 + expected)) << "x = " << x[i];
    }
  }
}

TEST(Kernels, SumsOfRowsAddInTheOrderGiven) {
  for_each_set_and_size([](const Kernels& set, std::size_t dim) {
    for (const std::size_t n : {0, 1, 2, 50}) {
      const Floats values = random_floats(n * dim, 7), weights = random_floats(n, 8);
      std::vector<const float*> rows;
      for (std::size_t i = 0; i < n; ++i) rows.push_back(values.data() + i * dim);
      Floats out(dim + 1, -1.0f);  // one more than is written
      set.sum_rows(rows.data(), weights.data(), n, out.data(), dim);
      EXPECT_EQ(out[dim], -1);
      for (std::size_t d = 0; d < dim; ++d) {
        double expected = 0;
        for (std::size_t i = 0; i < n; ++i) expected += double{weights[i]} * rows[i][d];
        EXPECT_NEAR(out[d], expected, 1e-5) << d;
      }
      // Large numbers that cancel first: another order would lose the small one.
      const float big[] = {1e8f}, minus_big[] = {-1e8f}, small[] = {1};
      const float* const three[] = {big, minus_big, small};
      const float ones[] = {1, 1, 1};
      float sum;
      set.sum_rows(three, ones, 3, &sum, 1);
      EXPECT_EQ(sum, 1);
    }
  });
}

TEST(Kernels, ProductsOfTilesAgreeWithADoubleTwin) {
  struct Shape {
    std::size_t m, k, n;
  };
  constexpr Shape kShapes[] = {{1, 1, 16}, {5, 3, 32}, {6, 32, 48}, {13, 7, 96}, {48, 33, 96}, {25, 0, 16}, {0, 4, 16}};
  for (const Kernels* set : supported_kernels())
    for (const Shape& shape : kShapes)
      for (const bool is_transposed : {false, true})
        for (const bool add : {false, true}) {
          SCOPED_TRACE(testing::Message() << set->name << ", " << shape.m << " x " << shape.k << " x " << shape.n);
          const auto [m, k, n] = shape;
          const std::size_t a_stride = (is_transposed ? m : k) + 3, b_stride = n + 1, c_stride = n + 2;  // not aligned
          const Floats a = random_floats((is_transposed ? k : m) * a_stride + 1, 1), b = random_floats(k * b_stride + 1, 2);
          const Floats before = random_floats(m * c_stride + 1, 3);
          Floats c = before;
          set->tile_product({a.data(), a_stride, b.data(), b_stride, c.data(), c_stride, m, k, n, is_transposed, add});
          for (std::size_t row = 0; row < m; ++row)
            for (std::size_t column = 0; column < c_stride; ++column) {
              double expected = add || column >= n ? before[row * c_stride + column] : 0;
              for (std::size_t i = 0; i < k && column < n; ++i)
                expected += double{is_transposed ? a[i * a_stride + row] : a[row * a_stride + i]} * b[i * b_stride + column];
              ASSERT_NEAR(c[row * c_stride + column], expected, 1e-5) << row << ", " << column;
            }
          EXPECT_EQ(c.back(), before.back());
        }
}

// Three tiles of the same rows, one after the other; the last logits of some rows lie far above those before.
TEST(Kernels, ExponentialsOfTilesKeepOneShiftARow) {
  constexpr std::size_t kRows = 7, kColumns = 96, kTiles = 3;
  for (const Kernels* set : supported_kernels()) {
    SCOPED_TRACE(set->name);
    Floats logits = random_floats(kTiles * kRows * kColumns, 1), bias = random_floats(kColumns, 2);
    for (std::size_t i = 0; i < kColumns; ++i) {
      logits[i] = -kInfinity;                                                // row 0: nothing in its first tile
      for (std::size_t tile = 0; tile < kTiles; ++tile) logits[(tile * kRows + 1) * kColumns + i] = -kInfinity;  // row 1: nothing at all
      logits[(2 * kRows + 2) * kColumns + i] += 70;                          // row 2 moves its shift in its last tile
      logits[(1 * kRows + 3) * kColumns + i] += 30;                          // row 3 does not
      logits[(2 * kRows + 4) * kColumns + i] -= 200;                         // row 4 ends in zeros
    }
    Floats x = logits, largest(kRows, -kInfinity), shift(kRows, -kInfinity), rescale(kRows);
    std::vector<double> sum(kRows, 0);
    const std::vector<const float*> bias_of_row(kRows, bias.data());
    for (std::size_t tile = 0; tile < kTiles; ++tile) {
      set->exp_tile({x.data() + tile * kRows * kColumns, kRows, kColumns, bias_of_row.data(), largest.data(), shift.data(), sum.data(),
                     rescale.data()});
      for (std::size_t row = 0; row < kRows; ++row)
        for (std::size_t earlier = 0; earlier < tile; ++earlier)
          set->scale(rescale[row], x.data() + (earlier * kRows + row) * kColumns, kColumns);
    }
    for (std::size_t row = 0; row < kRows; ++row) {
      double expected_sum = 0, expected_largest = -HUGE_VAL;
      for (std::size_t tile = 0; tile < kTiles; ++tile)
        for (std::size_t column = 0; column < kColumns; ++column) {
          const std::size_t place = (tile * kRows + row) * kColumns + column;
          const double logit = logits[place] + bias[column];  // a float's sum
          const double expected = std::isinf(logit) ? 0 : std::exp2(logit / M_LN2 - shift[row]);
          ASSERT_NEAR(x[place], expected, 1e-5 * expected + 1e-38) << "row " << row << ", tile " << tile;
          expected_sum += expected;
          expected_largest = std::max(expected_largest, logit);
        }
      EXPECT_NEAR(sum[row], expected_sum, 1e-5 * expected_sum) << row;
      EXPECT_EQ(largest[row], static_cast<float>(expected_largest)) << row;
    }
    EXPECT_EQ(x[1 * kColumns], 0);
  }
}

TEST(Kernels, AScanFindsThePanelsThatReachTheThresholdAndTheirScores) {
  for_each_set_and_size([](const Kernels& set, std::size_t dim) {
    for (const std::size_t num_queries : {1, 3, 6, 13})
      for (const std::size_t num_panels : {1, 5, 9, 16}) {
        const Floats queries = random_floats(num_queries * dim, 1), panels = random_floats(num_panels * dim * kPanelWidth, 2);
        const Floats bias = random_floats(num_panels * kPanelWidth, 3), thresholds(num_queries, 1.5f);
        std::vector<std::uint32_t> hit_panels(num_queries * num_panels), num_hits(num_queries);
        Floats hit_scores(num_queries * num_panels * kPanelWidth);
        set.scan_panels({panels.data(), bias.data(), num_panels, dim, queries.data(), thresholds.data(), num_queries, hit_panels.data(),
                         hit_scores.data(), num_hits.data()});
        for (std::size_t q = 0; q < num_queries; ++q) {
          std::size_t hit = 0;
          for (std::size_t p = 0; p < num_panels; ++p) {
            double scores[kPanelWidth], best = -HUGE_VAL;
            for (std::size_t lane = 0; lane < kPanelWidth; ++lane) {
              scores[lane] = bias[p * kPanelWidth + lane];
              for (std::size_t d = 0; d < dim; ++d)
                scores[lane] += double{queries[q * dim + d]} * panels[(p * dim + d) * kPanelWidth + lane];
              best = std::max(best, scores[lane]);
            }
            const bool is_near = std::abs(best - 1.5) < 1e-4 * (1 + static_cast<double>(dim));
            const bool is_hit = hit < num_hits[q] && hit_panels[q * num_panels + hit] == p;
            if (is_near ? !is_hit : best < 1.5) continue;
            ASSERT_LT(hit, num_hits[q]);
            EXPECT_EQ(hit_panels[q * num_panels + hit], p);
            for (std::size_t lane = 0; lane < kPanelWidth; ++lane)
              EXPECT_NEAR(hit_scores[(q * num_panels + hit) * kPanelWidth + lane], scores[lane], 1e-4 * (1 + static_cast<double>(dim)));
            ++hit;
          }
          EXPECT_EQ(hit, num_hits[q]);
        }
      }
  });
}

// In units of 1: the codes' products are exact, so the scores by codes can be compared to the last bit.
TEST(Kernels, AScanOfCodesAgreesWithASlowTwin) {
  constexpr std::size_t kMaxima = 32;
  for (const Kernels* set : supported_kernels())
    for (const std::size_t num_groups : {4, 8, 20})
      for (const std::size_t num_queries : {1, 2, 3, 7, 13})
        for (const std::size_t num_panels : {1, 2, 5}) {
          SCOPED_TRACE(testing::Message() << set->name << ", " << num_groups << " groups, " << num_queries << " queries, " << num_panels);
          Rng rng(num_groups + num_queries);
          std::vector<std::uint8_t> codes(num_panels * num_groups * kPanelWidth * 4);
          std::vector<std::int8_t> queries(num_queries * num_groups * 4);
          for (auto& code : codes) code = static_cast<std::uint8_t>(rng.below(4) == 0 ? kMaxCode : rng.below(kMaxCode + 1));
          for (auto& code : queries) code = static_cast<std::int8_t>(static_cast<int>(rng.below(65)) - 32);  // 8 * 32 * 127 < 2^15
          const Floats steps(num_panels, 0.5f), errors(num_panels, 2), norms(num_panels, 3),
              bias = random_floats(num_panels * kPanelWidth, 3);
          const std::vector<CodedQuery> coded(num_queries,
                                              {.step = 2, .first_sum = -100, .per_error = 1, .per_norm = 2, .slack = 8});  // slack 16
          std::vector<std::uint8_t> eligible(bias.size());
          for (auto& flag : eligible) flag = static_cast<std::uint8_t>(rng.below(3));
          for (const int way : {0, 1, 2, 3}) {
            const bool all = way % 2 == 0, masked = way / 2 == 0;
            const Floats thresholds(num_queries, 3000);
            std::vector<std::uint32_t> hit_panels(num_queries * num_panels), num_hits(num_queries);
            Floats hit_bounds(num_queries * num_panels * kPanelWidth), maxima(num_queries * kMaxima, -kInfinity);
            set->scan_codes({codes.data(), steps.data(), errors.data(), norms.data(), bias.data(), masked ? eligible.data() : nullptr,
                             num_panels, num_groups, queries.data(), coded.data(), all ? nullptr : thresholds.data(), num_queries,
                             hit_panels.data(), hit_bounds.data(), num_hits.data(), maxima.data(), kMaxima});
            for (std::size_t q = 0; q < num_queries; ++q) {
              std::size_t hit = q * num_panels;
              Floats lower_bounds;
              for (std::size_t p = 0; p < num_panels; ++p) {
                Floats scores;
                for (std::size_t lane = 0; lane < kPanelWidth; ++lane) {
                  int sum = -100;
                  for (std::size_t d = 0; d < num_groups * 4; ++d)
                    sum += codes[((p * num_groups + d / 4) * kPanelWidth + lane) * 4 + d % 4] * queries[q * num_groups * 4 + d];
                  const std::size_t candidate = p * kPanelWidth + lane;
                  scores.push_back(masked && eligible[candidate] == 0 ? -kInfinity : static_cast<float>(sum) + bias[candidate]);
                  lower_bounds.push_back(scores.back() - 16);
                }
                if (!all && *std::max_element(scores.begin(), scores.end()) < 3000 - 16) continue;
                if (!all) {
                  ASSERT_EQ(hit_panels[hit], p);
                }
                for (std::size_t lane = 0; lane < kPanelWidth; ++lane)
                  EXPECT_TRUE(std::abs(hit_bounds[hit * kPanelWidth + lane] - scores[lane] - 16) < 1e-3 ||
                              hit_bounds[hit * kPanelWidth + lane] == scores[lane]);
                ++hit;
              }
              EXPECT_EQ(hit, q * num_panels + num_hits[q]);
              if (!all) continue;
              // Each maximum is a lower bound, the best of all among them; and no candidate stands for two groups.
              Floats found(maxima.begin() + static_cast<std::ptrdiff_t>(q * kMaxima),
                           maxima.begin() + static_cast<std::ptrdiff_t>((q + 1) * kMaxima));
              std::ranges::sort(found, std::greater<>());
              std::ranges::sort(lower_bounds, std::greater<>());
              if (lower_bounds[0] > -kInfinity) {
                EXPECT_NEAR(found[0], lower_bounds[0], 1e-3);
              }
              for (std::size_t i = 0; i < std::min(found.size(), lower_bounds.size()); ++i) EXPECT_LE(found[i], lower_bounds[i] + 1e-3);
            }
          }
        }
}

TEST(Kernels, AScanOfNibblesAgreesWithASlowTwinForEachQueryThatSharesIt) {
  for (const Kernels* set : supported_kernels())
    for (const std::size_t num_groups : {1, 2, 5, 16})
      for (const std::size_t num_blocks : {0, 1, 2, 7}) {
        SCOPED_TRACE(testing::Message() << set->name << ", " << num_groups << " groups, " << num_blocks << " blocks");
        Rng rng(num_groups);
        std::vector<std::uint8_t> codes(num_blocks * num_groups * kNibbleBlock * 2 + 1);  // read from the second byte on: unaligned
        for (auto& code : codes) code = static_cast<std::uint8_t>(rng.below(3) == 0 ? 255 : rng.below(256));
        const int largest = std::min(127, 32767 / 15 / static_cast<int>(num_groups * 4));
        std::vector<std::vector<std::uint32_t>> pairs(kNibbleQueries, std::vector<std::uint32_t>(num_groups * 2));
        std::vector<std::vector<std::int32_t>> expected(kNibbleQueries);
        for (std::size_t q = 0; q < kNibbleQueries; ++q) {
          std::vector<int> query(num_groups * 4);
          for (std::size_t d = 0; d < query.size(); ++d) {
            query[d] = rng.below(3) == 0 ? largest : static_cast<int>(rng.below(2 * static_cast<std::uint64_t>(largest) + 1)) - largest;
            pairs[q][d / 2] |= (static_cast<std::uint32_t>(query[d]) & 0xff) * 0x10001u << (d % 2 * 8);
          }
          for (std::size_t c = 0; c < num_blocks * kNibbleBlock; ++c) {
            std::int32_t sum = 0;
            for (std::size_t d = 0; d < query.size(); ++d) {
              const std::uint8_t byte = codes[1 + ((c / kNibbleBlock * num_groups + d / 4) * kNibbleBlock + c % kNibbleBlock) * 2 + d % 2];
              sum += (d % 4 < 2 ? byte & 15 : byte >> 4) * query[d];
            }
            expected[q].push_back(sum);
          }
        }
        const std::vector<std::int32_t> thresholds = {-40000, -32768, 0, 500, 32767, 40000};
        for (std::size_t num_queries = 1; num_queries <= kNibbleQueries; ++num_queries)
          for (std::size_t turn = 0; turn < thresholds.size(); ++turn) {
            std::vector<std::vector<std::uint32_t>> places(num_queries, std::vector<std::uint32_t>(expected[0].size() + 1));
            std::vector<std::vector<std::int32_t>> sums(num_queries, std::vector<std::int32_t>(expected[0].size() + 1));
            std::vector<NibbleQuery> queries(num_queries);
            for (std::size_t q = 0; q < num_queries; ++q)
              queries[q] = {.pairs = pairs[q].data(),
                            .threshold = thresholds[(turn + q) % thresholds.size()],
                            .base = 0,
                            .unit = 0,
                            .least = 0,
                            .places = places[q].data(),
                            .sums = sums[q].data(),
                            .num_found = 99};
            set->scan_nibbles({codes.data() + 1, num_blocks, num_groups, codes.data() + 1, nullptr, queries.data(), num_queries});
            for (std::size_t q = 0; q < num_queries; ++q) {
              std::size_t next = 0;
              for (std::uint32_t c = 0; c < expected[q].size(); ++c) {
                if (expected[q][c] < queries[q].threshold) continue;
                ASSERT_LT(next, queries[q].num_found);
                EXPECT_EQ(places[q][next], c);
                EXPECT_EQ(sums[q][next++], expected[q][c]);
              }
              EXPECT_EQ(next, queries[q].num_found);
            }
          }
      }
}

TEST(Kernels, AScanOfNibblesWithABiasKeepsTheScoresThatReachTheLeast) {
  for (const Kernels* set : supported_kernels()) {
    SCOPED_TRACE(set->name);
    constexpr std::size_t kGroups = 3, kBlocks = 5, kCandidates = kBlocks * kNibbleBlock;
    Rng rng(5);
    std::vector<std::uint8_t> codes(kBlocks * kGroups * kNibbleBlock * 2 + 1);
    for (auto& code : codes) code = static_cast<std::uint8_t>(rng.below(256));
    Floats bias(kCandidates + 1);  // off the alignment by one
    for (float& b : bias) b = static_cast<float>(rng.below(40));
    bias[8] = -std::numeric_limits<float>::infinity();
    std::vector<std::uint32_t> pairs(2 * kGroups, 0x0302'0302u);  // 2 and 3 in turn
    std::vector<std::uint32_t> places(kCandidates), all(kCandidates);
    std::vector<std::int32_t> sums(kCandidates), all_sums(kCandidates);
    NibbleQuery query{.pairs = pairs.data(),
                      .threshold = -40000,
                      .base = -2,
                      .unit = 0.5f,
                      .least = 0,
                      .places = all.data(),
                      .sums = all_sums.data(),
                      .num_found = 0};
    set->scan_nibbles({codes.data() + 1, kBlocks, kGroups, codes.data() + 1, nullptr, &query, 1});
    ASSERT_EQ(query.num_found, kCandidates);
    query.places = places.data(), query.sums = sums.data();
    for (const float least : {-std::numeric_limits<float>::infinity(), 100.0f, 130.0f, 1e9f}) {  // halves are exact: no rounding
      query.least = least;
      query.threshold = least > 0 ? static_cast<std::int32_t>((least + 2 - 39) / 0.5f) : -40000;
      query.threshold = std::min(query.threshold, 40000);
      set->scan_nibbles({codes.data() + 1, kBlocks, kGroups, codes.data() + 1, bias.data() + 1, &query, 1});
      std::size_t next = 0;
      for (std::uint32_t c = 0; c < kCandidates; ++c) {
        if (!(-2 + 0.5f * static_cast<float>(all_sums[c]) + bias[1 + c] >= least)) continue;
        ASSERT_LT(next, query.num_found);
        EXPECT_EQ(places[next], c);
        EXPECT_EQ(sums[next++], all_sums[c]);
      }
      EXPECT_EQ(next, query.num_found);
    }
  }
}

// `score` is one of the set's, over rows of this type.
template <class Value, class Score>
void expect_scores_of_rows(const std::vector<Value>& rows, std::size_t dim, const Score& score) {
  const Floats query = random_floats(dim + 1, 2);
  const std::vector<std::uint32_t> which = {3, 0, 8, 8, 1, 7, 2, 5, 4};
  Floats together(which.size()), alone(1);
  // Off the alignment of the buffers by one value.
  score(rows.data() + 1, which.data(), which.size(), query.data() + 1, dim, together.data());
  for (std::size_t i = 0; i < which.size(); ++i) {
    double expected = 0, largest = 1;
    for (std::size_t d = 0; d < dim; ++d) {
      const auto value = static_cast<double>(rows[1 + which[i] * dim + d]);
      expected += value * query[1 + d];
      largest = std::max(largest, std::abs(value));
    }
    EXPECT_NEAR(together[i], expected, 1e-5 * largest * (1 + std::sqrt(dim)));
    score(rows.data() + 1, &which[i], 1, query.data() + 1, dim, alone.data());
    EXPECT_EQ(alone[0], together[i]);
  }
}

TEST(Kernels, ScoresOfRowsDoNotDependOnWhoIsScoredBeside) {
  for_each_set_and_size([](const Kernels& set, std::size_t dim) {
    expect_scores_of_rows(random_floats(9 * dim + 1, 1), dim, set.score_rows);
    std::vector<std::int16_t> shorts(9 * dim + 1);
    for (std::size_t i = 0; i < shorts.size(); ++i) shorts[i] = static_cast<std::int16_t>(i * 25'717 % 65'536 - 32'768);
    expect_scores_of_rows(shorts, dim, set.score_short_rows);
  });
}

TEST(Kernels, ARowIsCodedToTheNearestWholeNumbers) {
  for_each_set_and_size([](const Kernels& set, std::size_t n) {
    Floats x = random_floats(n, 4);
    if (n > 2) x[1] = 100, x[2] = -100;
    std::vector<std::int8_t> codes(n);
    const RowCodes row = set.code_values(x.data(), n, 10, 50, codes.data());
    int sum = 0, squares = 0;
    double error_squares = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double scaled = 10 * double{x[i]};
      if (std::abs(std::abs(scaled - std::trunc(scaled)) - 0.5) > 1e-4) {
        EXPECT_EQ(codes[i], std::clamp(std::lround(scaled), -50l, 50l)) << x[i];
      }
      sum += codes[i];
      squares += codes[i] * codes[i];
      error_squares += (scaled - codes[i]) * (scaled - codes[i]);
    }
    EXPECT_EQ(row.sum, sum);
    EXPECT_EQ(row.squares, squares);
    EXPECT_NEAR(row.error_squares, error_squares, 1e-4 * (1 + error_squares));
  });
}

TEST(Kernels, MasksHide) {
  for_each_set_and_size([](const Kernels& set, std::size_t n) {
    const Floats bias = random_floats(n, 5);
    std::vector<std::uint8_t> eligible(n);
    for (std::size_t i = 0; i < n; ++i) eligible[i] = static_cast<std::uint8_t>(i % 3);
    Floats masked(n);
    set.mask_bias(eligible.data(), bias.data(), masked.data(), n);
    for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(masked[i], i % 3 == 0 ? -kInfinity : bias[i]);
  });
}

TEST(Kernels, QuotientsOfNothingAreNeverChosen) {
  for_each_set_and_size([](const Kernels& set, std::size_t n) {
    Floats x = random_floats(n, 6), y = random_floats(n, 7), found(n);
    for (std::size_t i = 0; i < n; ++i) x[i] = i % 3 == 0 ? 0 : x[i], y[i] = std::abs(y[i]) + 1;
    set.quotients(x.data(), 2, y.data(), 0.5f, found.data(), n);
    for (std::size_t i = 0; i < n; ++i) {
      if (i % 3 == 0) EXPECT_EQ(found[i], -kInfinity);
      else EXPECT_NEAR(found[i], x[i] / (2 * y[i] + 0.5f), 1e-6 * std::abs(x[i]));
    }
  });
}

TEST(Kernels, TheLargestMagnitudeIsExactAndKnowsWhatIsNoNumber) {
  for_each_set_and_size([](const Kernels& set, std::size_t n) {
    Floats x = random_floats(n, 3);
    float expected = 0;
    for (const float value : x) expected = std::max(expected, std::abs(value));
    EXPECT_EQ(set.largest_magnitude(x.data(), n), expected);
    if (n == 0) return;
    x[n / 2] = -kInfinity;
    EXPECT_EQ(set.largest_magnitude(x.data(), n), kInfinity);
    x[n - 1] = std::nanf("");
    EXPECT_TRUE(std::isnan(set.largest_magnitude(x.data(), n)));
  });
}

TEST(Kernels, MaximaAreExactWhereverTheyStand) {
  for_each_set_and_size([](const Kernels& set, std::size_t n) {
    Floats x = random_floats(n, 3);
    EXPECT_EQ(set.row_max(x.data(), n), n == 0 ? -kInfinity : *std::max_element(x.begin(), x.end()));
    for (std::size_t i = 0; i < n; ++i) {
      Floats raised = x;
      raised[i] = 50;
      EXPECT_EQ(set.row_max(raised.data(), n), 50);
    }
  });
}

TEST(Kernels, ExpIsWithinTwoUlpAndMaskedLogitsGiveZero) {
  for (const Kernels* set : supported_kernels()) {
    SCOPED_TRACE(set->name);
    Floats x;
    for (double value = -87.29; value < 88; value += 0.00037) x.push_back(static_cast<float>(value));
    Floats result = x;
    set->exp_sum(0, result.data(), result.size());
    std::int64_t worst = 0;
    for (std::size_t i = 0; i < x.size(); ++i) worst = std::max(worst, ulps(result[i], static_cast<float>(std::exp(double{x[i]}))));
    EXPECT_LE(worst, 2);
  }
  for_each_set_and_size([](const Kernels& set, std::size_t n) {
    Floats x = random_floats(n, 9);
    double sum = 0;
    for (float value : x) sum += std::exp(double{value} - 1.5);
    EXPECT_NEAR(set.exp_sum(1.5f, x.data(), n), sum, 1e-6 * (1 + sum));
  });
  for_each_set_and_size([](const Kernels& set, std::size_t n) {
    Floats x(n, -kInfinity);
    EXPECT_EQ(set.exp_sum(3, x.data(), n), 0);
    EXPECT_EQ(x, Floats(n, 0));
    if (n == 0) return;
    x.assign(n, 3);
    x[n - 1] = -200;
    EXPECT_EQ(set.exp_sum(3, x.data(), n), static_cast<float>(n - 1));
    x[n / 2] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_TRUE(std::isnan(set.exp_sum(3, x.data(), n)));
  });
}

TEST(Kernels, ElementwiseUpdatesAgreeWithTheirFormula) {
  for_each_set_and_size([](const Kernels& set, std::size_t n) {
    const Floats x = random_floats(n, 5), y = random_floats(n, 6);
    Floats after_axpy = y, after_add = y, after_scale = y, relu(n), relu_back(n), gelu(n), gelu_back(n);
    set.axpy(0.3f, x.data(), after_axpy.data(), n);
    set.add(x.data(), after_add.data(), n);
    set.scale(-2.5f, after_scale.data(), n);
    set.relu(x.data(), relu.data(), n);
    set.relu_backward(x.data(), y.data(), relu_back.data(), n);
    set.gelu(x.data(), gelu.data(), n);
    set.gelu_backward(x.data(), y.data(), gelu_back.data(), n);
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_NEAR(after_axpy[i], y[i] + 0.3 * x[i], 1e-6);
      EXPECT_EQ(after_add[i], y[i] + x[i]);
      EXPECT_EQ(after_scale[i], -2.5f * y[i]);
      EXPECT_EQ(relu[i], std::max(0.f, x[i]));
      EXPECT_EQ(relu_back[i], x[i] > 0 ? y[i] : 0);
      EXPECT_NEAR(gelu[i], gelu_twin(x[i]), 2e-6);
      EXPECT_NEAR(gelu_back[i], y[i] * (gelu_twin(x[i] + 1e-5) - gelu_twin(x[i] - 1e-5)) / 2e-5, 1e-5);
    }
  });
}

TEST(Kernels, GeluIsTheIdentityFarRightAndZeroFarLeft) {
  for (const Kernels* set : supported_kernels()) {
    const Floats x = {-1e4f, -30, 30, 1e4f}, ones(4, 1);
    Floats y(4), dx(4);
    set->gelu(x.data(), y.data(), 4);
    set->gelu_backward(x.data(), ones.data(), dx.data(), 4);
    EXPECT_NEAR(y[0], 0, 1e-6);
    EXPECT_NEAR(y[1], 0, 1e-6);
    EXPECT_EQ(y[2], 30);
    EXPECT_EQ(y[3], 1e4f);
    EXPECT_EQ(dx[2], 1);
    EXPECT_NEAR(dx[1], 0, 1e-6);
  }
}

TEST(Kernels, OptimizerStepsAgreeWithTheirFormula) {
  for_each_set_and_size([](const Kernels& set, std::size_t n) {
    const Floats gradient = random_floats(n, 7), start = random_floats(n, 8);
    Floats adagrad = start, sum(n, 0.1f), adam = start, first(n, 0.2f), second(n, 0.3f), sgd = start, velocity(n, 0.4f);
    set.adagrad({.learning_rate = 0.5f, .epsilon = 0.01f, .weight_decay = 0.1f}, gradient.data(), sum.data(), adagrad.data(), n);
    set.adam({.step_size = 0.5f, .beta1 = 0.9f, .beta2 = 0.99f, .inverse_root_correction = 1.5f, .epsilon = 0.01f, .weight_decay = 0.1f},
             gradient.data(), first.data(), second.data(), adam.data(), n);
    set.momentum({.learning_rate = 0.5f, .momentum = 0.9f, .weight_decay = 0.1f}, gradient.data(), velocity.data(), sgd.data(), n);
    for (std::size_t i = 0; i < n; ++i) {
      const double g = gradient[i] + 0.1 * start[i];
      EXPECT_NEAR(sum[i], 0.1 + g * g, 1e-5);
      EXPECT_NEAR(adagrad[i], start[i] - 0.5 * g / (std::sqrt(0.1 + g * g) + 0.01), 1e-5);
      const double m = 0.9 * 0.2 + 0.1 * g, v = 0.99 * 0.3 + 0.01 * g * g;
      EXPECT_NEAR(first[i], m, 1e-5);
      EXPECT_NEAR(second[i], v, 1e-5);
      EXPECT_NEAR(adam[i], start[i] - 0.5 * m / (std::sqrt(v) * 1.5 + 0.01), 1e-5);
      EXPECT_NEAR(velocity[i], 0.9 * 0.4 + g, 1e-5);
      EXPECT_NEAR(sgd[i], start[i] - 0.5 * (0.9 * 0.4 + g), 1e-5);
    }
  });
}

TEST(Kernels, APairwiseStepMovesAllThreeRowsByTheUserAsItWas) {
  for_each_set_and_size([](const Kernels& set, std::size_t n) {
    const Floats user = random_floats(n, 1), better = random_floats(n, 2), worse = random_floats(n, 3);
    Floats u = user, b = better, w = worse;
    set.pairwise_step(0.1f, 0.01f, u.data(), b.data(), w.data(), n);
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_NEAR(u[i], user[i] + 0.1 * (better[i] - worse[i]) - 0.01 * user[i], 1e-6);
      EXPECT_NEAR(b[i], better[i] + 0.1 * user[i] - 0.01 * better[i], 1e-6);
      EXPECT_NEAR(w[i], worse[i] - 0.1 * user[i] - 0.01 * worse[i], 1e-6);
    }
  });
}

TEST(Kernels, SmallSymmetricSystemsAgreeWithADoubleTwin) {
  for (const Kernels* set : supported_kernels())
    for (const std::size_t dim : {16, 32, 48, 128})
      for (const std::size_t n : {0, 1, 3, 4, 7, 8, 130}) {
        SCOPED_TRACE(testing::Message() << set->name << ", dim = " << dim << ", n = " << n);
        const Floats rows = random_floats(n * dim, 1), x = random_floats(dim, 2);
        Floats weights = random_floats(n, 3);
        for (float& weight : weights) weight = std::abs(weight);
        std::vector<double> expected(dim * dim);  // I + sum of weight * row * transposed(row)
        for (std::size_t r = 0; r < dim; ++r)
          for (std::size_t c = 0; c < dim; ++c) {
            expected[r * dim + c] = r == c;
            for (std::size_t i = 0; i < n; ++i) expected[r * dim + c] += double{weights[i]} * rows[i * dim + r] * rows[i * dim + c];
          }
        Floats a(dim * dim), product(dim);
        for (std::size_t i = 0; i < dim; ++i) a[i * dim + i] = 1;
        set->add_outer_products(rows.data(), weights.data(), n, a.data(), dim);
        set->outer_products_times(rows.data(), weights.data(), n, x.data(), product.data(), dim);
        Floats b(dim);  // a x, so that solving gives x back
        for (std::size_t r = 0; r < dim; ++r) {
          double sum = 0;
          for (std::size_t c = 0; c < dim; ++c) sum += expected[r * dim + c] * x[c];
          for (std::size_t c = r; c < dim; ++c) ASSERT_NEAR(a[r * dim + c], expected[r * dim + c], 1e-4);
          ASSERT_NEAR(product[r], sum - x[r], 1e-3);
          b[r] = static_cast<float>(sum);
        }
        ASSERT_TRUE(set->cholesky_solve(a.data(), b.data(), dim));
        for (std::size_t r = 0; r < dim; ++r) ASSERT_NEAR(b[r], x[r], 1e-3);
      }
}

TEST(Kernels, CholeskyRefusesWhatIsNotPositiveDefinite) {
  for (const Kernels* set : supported_kernels()) {
    Floats a(16 * 16), b(16, 1.f);
    for (std::size_t i = 0; i < 16; ++i) a[i * 16 + i] = i == 9 ? -1.f : 1.f;
    EXPECT_FALSE(set->cholesky_solve(a.data(), b.data(), 16)) << set->name;
    a[9 * 16 + 9] = std::nanf("");
    EXPECT_FALSE(set->cholesky_solve(a.data(), b.data(), 16)) << set->name;
  }
}

TEST(Kernels, TheNameChoosesTheSetAndAnUnknownOneTheBest) {
  for (const Kernels* set : supported_kernels()) EXPECT_EQ(&choose_kernels(set->name), set);
  EXPECT_STREQ(choose_kernels("base").name, "base");
  EXPECT_EQ(&choose_kernels("v9"), supported_kernels().back());
  EXPECT_EQ(&choose_kernels(nullptr), supported_kernels().back());
}

}  // namespace
}  // namespace gemel
