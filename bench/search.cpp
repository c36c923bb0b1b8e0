// How fast is exact search? `bench_search CANDIDATES QUERIES DIM` reads both files (float32 rows), then answers the orders that come by
// line with one thread; search.py sends them in turn with the peers:
//     time WAY K BATCH SHARE SECONDS    asks BATCH queries at a time, of whose candidates SHARE is eligible (1: no filter), for so many
//                                       seconds; prints the median of a call's microseconds, wall and CPU
//     answer WAY K BATCH FILE           writes the index of every answer, uint32 [queries, k]
// WAY is `codes` (a first pass over codes, as the index does by itself) or `floats`.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "gemel/index/exact_index.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

Matrix read_rows(const char* path, std::size_t dim) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const auto bytes = static_cast<std::size_t>(file.tellg());
  Matrix rows(bytes / sizeof(float) / dim, dim);
  file.seekg(0).read(reinterpret_cast<char*>(rows.data()), static_cast<std::streamsize>(bytes));
  if (!file || rows.size() * sizeof(float) != bytes) {
    std::fprintf(stderr, "cannot read %s as rows of %zu floats\n", path, dim);
    std::exit(1);
  }
  return rows;
}

double wall_us() { return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) * 1e-3;
}

double median(std::vector<double>& values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

class Bench {
 public:
  Bench(Matrix candidates, Matrix queries)
      : queries_(std::move(queries)),
        by_codes_(candidates),
        by_floats_(candidates, {.with_codes = false}),
        num_candidates_(candidates.rows()) {}

  void time(const std::string& way, std::size_t k, std::size_t batch, double share, double seconds) {
    std::vector<std::uint8_t> eligible;
    Rng rng(1);
    if (share < 1)
      for (std::size_t c = 0; c < num_candidates_; ++c) eligible.push_back(rng.uniform() < share);
    std::vector<double> wall, cpu;
    std::size_t first = 0;
    for (const double begin = wall_us(); wall.size() < 3 || wall_us() - begin < seconds * 1e6;) {
      const double wall_begin = wall_us(), cpu_begin = batch > 1 ? cpu_us() : 0;
      search(way, k, first, batch, eligible);
      if (batch > 1) cpu.push_back(cpu_us() - cpu_begin);
      wall.push_back(wall_us() - wall_begin);
      first = first + 2 * batch <= queries_.rows() ? first + batch : 0;
    }
    if (cpu.empty()) cpu = wall;  // of a call this short the clock would be a good part
    std::printf("{\"wall_us\": %.3f, \"cpu_us\": %.3f, \"calls\": %zu}\n", median(wall), median(cpu), wall.size());
  }

  void answer(const std::string& way, std::size_t k, std::size_t batch, const std::string& path) {
    std::ofstream file(path, std::ios::binary);
    for (std::size_t first = 0; first + batch <= queries_.rows(); first += batch) {
      search(way, k, first, batch, {});
      for (const auto& hits : found_)
        for (const ScoredIndex& hit : hits) file.write(reinterpret_cast<const char*>(&hit.index), sizeof hit.index);
    }
    std::printf("{\"written\": %s}\n", file.flush() ? "true" : "false");
  }

 private:
  void search(const std::string& way, std::size_t k, std::size_t first, std::size_t batch, std::span<const std::uint8_t> eligible) {
    (way == "codes" ? by_codes_ : by_floats_)
        .search({.queries = queries_.view().row_block(first, first + batch),
                 .candidate_bias = {},
                 .eligible = eligible,
                 .excluded = {},
                 .k = k},
                pool_, found_);
  }

  Matrix queries_;
  ExactIndex by_codes_, by_floats_;
  std::size_t num_candidates_;
  ThreadPool pool_{1};
  std::vector<std::vector<ScoredIndex>> found_;
};

int run(char** argv) {
  const auto dim = static_cast<std::size_t>(std::stoul(argv[3]));
  Bench bench(read_rows(argv[1], dim), read_rows(argv[2], dim));
  for (std::string line; std::getline(std::cin, line); std::fflush(stdout)) {
    std::istringstream words(line);
    std::string order, way, path;
    std::size_t k = 0, batch = 0;
    double share = 1, seconds = 0;
    words >> order >> way >> k >> batch;
    if (order == "time" && words >> share >> seconds) bench.time(way, k, batch, share, seconds);
    else if (order == "answer" && words >> path) bench.answer(way, k, batch, path);
    else return std::fprintf(stderr, "bench_search: cannot read the order '%s'\n", line.c_str()), 2;
  }
  return 0;
}

}  // namespace
}  // namespace gemel

int main(int argc, char** argv) {
  if (argc != 4) return std::fprintf(stderr, "usage: bench_search CANDIDATES QUERIES DIM\n"), 2;
  return gemel::run(argv);
}
