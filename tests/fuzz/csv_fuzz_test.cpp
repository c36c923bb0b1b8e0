#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "gemel/numerics/rng.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace gemel {
namespace {

// The function ends the program when CsvSource and its slow twin disagree.
TEST(CsvFuzz, AgreesWithItsSlowTwinOnGeneratedDirtyFiles) {
  constexpr std::string_view kLetters = "ab,,,\"\"\n\n\r\xFF";
  Rng rng(1);
  std::uint64_t num_bytes = 0;
  for (int file = 0; file < 30'000; ++file) {
    std::string text = rng.below(8) == 0 ? "\xEF\xBB\xBF" : "";
    if (rng.below(2) == 0) text += "x,y\n";
    for (auto size = rng.below(40); size > 0; --size) text.push_back(kLetters[rng.below(kLetters.size())]);
    ASSERT_EQ(LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()), 0);
    num_bytes += text.size();
  }
  EXPECT_GT(num_bytes, 400'000u);
}

}  // namespace
}  // namespace gemel
