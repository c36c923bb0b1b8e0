// What can this machine do at best? `bench_limits BYTES...` prints, for one thread, the rate of a plain GEMM and the rate at which so many
// bytes are read over and over (the smaller of them from a cache): the roofline that the other benchmarks are held against.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "gemel/numerics/gemm.h"
#include "gemel/numerics/kernels.h"

namespace gemel {
namespace {

constexpr int kRuns = 7;

// Of CPU time: other work on the machine does not count.
double seconds_now() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

template <class Work>
double fastest_seconds(const Work& work) {
  double fastest = 1e9;
  for (int run = 0; run < kRuns; ++run) {
    const double begin = seconds_now();
    work();
    fastest = std::min(fastest, seconds_now() - begin);
  }
  return fastest;
}

double gemm_gflops() {
  constexpr std::size_t kSide = 1024;
  const Matrix a(kSide, kSide, 0.5f), b(kSide, kSide, 0.25f);
  Matrix c(kSide, kSide);
  return 2e-9 * kSide * kSide * kSide / fastest_seconds([&] { gemm(Transpose::kNo, a, Transpose::kNo, b, 1, 0, c); });
}

double read_gb_per_second(std::size_t bytes) {
  const FloatBuffer values(bytes / sizeof(float), 1.0f);
  const std::size_t repeats = std::max<std::size_t>(1, (std::size_t{256} << 20) / bytes);
  volatile float sink = 0;
  const double seconds = fastest_seconds([&] {
    for (std::size_t i = 0; i < repeats; ++i) sink = sink + kernels().row_max(values.data(), values.size());
  });
  return 1e-9 * static_cast<double>(bytes * repeats) / seconds;
}

}  // namespace
}  // namespace gemel

int main(int argc, char** argv) {
  std::printf("{\"gemm_gflops\": %.1f, \"kernels\": \"%s\", \"read_gb_per_second\": {", gemel::gemm_gflops(), gemel::kernels().name);
  for (int i = 1; i < argc; ++i)
    std::printf("%s\"%s\": %.1f", i == 1 ? "" : ", ", argv[i], gemel::read_gb_per_second(std::strtoul(argv[i], nullptr, 10)));
  std::printf("}}\n");
  return 0;
}
