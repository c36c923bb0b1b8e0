#include "gemel/base/peak_memory.h"

#include <gtest/gtest.h>

#include <vector>

namespace gemel {
namespace {

TEST(PeakMemory, CountsWhatWasHeldAndGivenBack) {
  const PeakMemory meter;
  if (!meter.growth_bytes()) GTEST_SKIP() << "this kernel does not tell";
  constexpr std::size_t kSize = 64 << 20;
  {
    const std::vector<char> held(kSize, 1);
    ASSERT_EQ(held.back(), 1);
  }
  EXPECT_GE(*meter.growth_bytes(), kSize * 9 / 10);
  const PeakMemory later;
  EXPECT_LT(*later.growth_bytes(), kSize / 2);
}

}  // namespace
}  // namespace gemel
