// The kernels that choose the best of many, of each instruction set that this machine has, against the standard library.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "gemel/numerics/kernels.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

using Floats = std::vector<float>;
constexpr float kInfinity = std::numeric_limits<float>::infinity(), kLowest = std::numeric_limits<float>::lowest();

// Ties, infinities and what is no number among them.
Floats rough_floats(std::size_t n, std::uint64_t seed) {
  Rng rng(seed);
  Floats values(n);
  for (float& value : values) {
    const auto kind = rng.below(12);
    value = kind == 0   ? std::nanf("")
            : kind == 1 ? -kInfinity
            : kind == 2 ? kInfinity
            : kind < 6  ? static_cast<float>(rng.below(4))
                        : static_cast<float>(std::ldexp(rng.normal(), static_cast<int>(rng.below(200)) - 100));
  }
  return values;
}

void for_each_set_and_size(const std::function<void(const Kernels&, std::size_t)>& test) {
  for (const Kernels* set : supported_kernels())
    for (const std::size_t n : {0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 1000}) {
      SCOPED_TRACE(testing::Message() << set->name << ", n = " << n);
      test(*set, n);
    }
}

std::size_t num_that_reach(float threshold, const Floats& x, std::size_t first) {
  return static_cast<std::size_t>(
      std::count_if(x.begin() + static_cast<std::ptrdiff_t>(first), x.end(), [&](float v) { return v >= threshold; }));
}

TEST(SelectKernels, AtLeastKReachTheValueAndFewMore) {
  for_each_set_and_size([](const Kernels& set, std::size_t n) {
    for (const bool is_rough : {false, true}) {
      Floats x = rough_floats(n + 1, n);  // from the second on: off the alignment of the buffer
      Rng rng(n);
      if (!is_rough)
        for (float& value : x) value = static_cast<float>(rng.normal());
      for (const std::size_t k : {1, 2, 5, 16, 100, 999, 1000, 1001}) {
        const float value = set.value_reached_by(k, x.data() + 1, n);
        const std::size_t num_finite_or_more = num_that_reach(kLowest, x, 1);
        if (num_finite_or_more < k) {
          EXPECT_EQ(value, kLowest);
          continue;
        }
        EXPECT_GE(num_that_reach(value, x, 1), k);
        if (!is_rough) {
          EXPECT_LE(num_that_reach(value, x, 1), k + k / 16) << k;
        }
      }
    }
  });
}

TEST(SelectKernels, WhatReachesTheThresholdIsFoundInItsOrder) {
  for_each_set_and_size([](const Kernels& set, std::size_t n) {
    const Floats x = rough_floats(n + 1, n);
    for (const float threshold : {kInfinity, 1.0f, 0.0f, kLowest, -kInfinity}) {
      std::vector<std::uint32_t> expected, found(n);
      for (std::uint32_t i = 0; i < n; ++i)
        if (x[i + 1] >= threshold) expected.push_back(i);
      found.resize(set.find_at_least(threshold, x.data() + 1, n, found.data()));
      EXPECT_EQ(found, expected) << threshold;
    }
  });
}

TEST(SelectKernels, ValuesAreRankedByHowManyAreLarger) {
  for_each_set_and_size([](const Kernels& set, std::size_t n) {
    const Floats x = rough_floats(n, n);
    std::vector<std::uint32_t> ranks(n);
    set.rank_values(x.data(), n, ranks.data());
    for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(ranks[i], std::ranges::count_if(x, [&](float value) { return value > x[i]; }));
  });
}

TEST(SelectKernels, MaximaFoldIntoTheirGroups) {
  for_each_set_and_size([](const Kernels& set, std::size_t n) {
    const Floats x = rough_floats(n * kPanelWidth, 4);
    Floats maxima(2 * kPanelWidth, 0.25f), expected = maxima;
    for (std::size_t i = 0; i < x.size(); ++i)
      expected[i % maxima.size()] = std::max(expected[i % maxima.size()], std::isnan(x[i]) ? 0 : x[i]);
    set.fold_maxima(x.data(), x.size(), maxima.data(), maxima.size());
    EXPECT_EQ(maxima, expected);
  });
}

}  // namespace
}  // namespace gemel
