// How fast is exact search? `bench_search CANDIDATES QUERIES DIM K BATCH SECONDS` reads both files (float32 rows), answers the queries
// BATCH at a time with one thread, over and over for so many seconds, and prints one line: median and 99th percentile of a call in
// microseconds, CPU microseconds a query, and a checksum of the answers. search.py calls it beside the peers.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

#include "gemel/index/exact_index.h"
#include "gemel/numerics/kernels.h"

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

double seconds_now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

int run(char** argv) {
  const auto number = [](const char* text) { return static_cast<std::size_t>(std::stoul(text)); };
  const std::size_t dim = number(argv[3]), k = number(argv[4]), batch = number(argv[5]);
  const Matrix candidates = read_rows(argv[1], dim), queries = read_rows(argv[2], dim);
  const double limit_s = std::stod(argv[6]);
  const ExactIndex index(candidates);
  ThreadPool pool(1);
  std::vector<std::vector<ScoredIndex>> found;
  std::vector<double> call_us;
  std::uint64_t checksum = 0;
  std::size_t num_asked = 0;
  const std::clock_t cpu_begin = std::clock();
  for (const double begin = seconds_now(); call_us.size() < 3 || seconds_now() - begin < limit_s;) {
    const std::size_t first = call_us.size() * batch % (queries.rows() - batch + 1);
    const double call_begin = seconds_now();
    index.search({.queries = queries.view().row_block(first, first + batch), .candidate_bias = {}, .eligible = {}, .excluded = {}, .k = k},
                 pool, found);
    call_us.push_back((seconds_now() - call_begin) * 1e6);
    if (call_us.size() <= 3)
      for (const auto& answer : found)
        for (const ScoredIndex& hit : answer) checksum = checksum * 31 + hit.index;
    num_asked += batch;
  }
  const double cpu_us = static_cast<double>(std::clock() - cpu_begin) * 1e6 / CLOCKS_PER_SEC / static_cast<double>(num_asked);
  std::ranges::sort(call_us);
  std::printf("{\"p50_us\": %.2f, \"p99_us\": %.2f, \"cpu_us_per_query\": %.3f, \"checksum\": %llu, \"kernels\": \"%s\"}\n",
              call_us[call_us.size() / 2], call_us[call_us.size() * 99 / 100], cpu_us, static_cast<unsigned long long>(checksum),
              kernels().name);
  return 0;
}

}  // namespace
}  // namespace gemel

int main(int argc, char** argv) {
  if (argc != 7) return std::fprintf(stderr, "usage: bench_search CANDIDATES QUERIES DIM K BATCH SECONDS\n"), 2;
  return gemel::run(argv);
}
