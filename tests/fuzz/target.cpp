// The libFuzzer door of one target; GEMEL_FUZZ_TARGET names its function.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/csv_fuzz.h"
#include "tests/fuzz/jsonl_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gemel::GEMEL_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
  return 0;
}
