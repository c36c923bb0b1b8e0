// How fast is approximate search? `bench_ann CANDIDATES QUERIES DIM THREADS` reads both files (float32 rows), builds the index with so many
// threads and prints what that took, then answers the orders that come by line with one thread:
//     time REACH SCORED BATCH SECONDS    asks BATCH queries at a time for 10; prints the queries a second, of all calls, and the CPU
//                                        microseconds a query, p50 of the calls
//     answer REACH SCORED FILE           writes the index of every answer, uint32 [queries, 10]
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

#include "gemel/index/partitioned_index.h"

namespace gemel {
namespace {

constexpr std::size_t kWanted = 10;

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

double wall_s() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double cpu_s(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double resident_mib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (double kib = 0; word == "VmRSS:" && status >> kib) return kib / 1024;
  return 0;
}

void time(const PartitionedIndex& index, const Matrix& candidates, const Matrix& queries, std::size_t batch, double seconds) {
  ThreadPool pool(1);
  std::vector<std::vector<ScoredIndex>> found;
  std::vector<double> cpu;
  std::size_t first = 0;
  const double begin = wall_s();
  while (cpu.size() < 3 || wall_s() - begin < seconds) {
    const double call = cpu_s(CLOCK_THREAD_CPUTIME_ID);
    const std::size_t calls = batch == 1 ? 100 : 1;  // of one query each: the clock would be a good part
    for (std::size_t i = 0; i < calls; ++i) {
      index.search({.queries = queries.view().row_block(first, first + batch),
                    .candidate_bias = {},
                    .eligible = {},
                    .excluded = {},
                    .k = kWanted,
                    .candidates = candidates},
                   pool, found);
      first = first + 2 * batch <= queries.rows() ? first + batch : 0;
    }
    cpu.push_back((cpu_s(CLOCK_THREAD_CPUTIME_ID) - call) / static_cast<double>(calls * batch));
  }
  std::ranges::sort(cpu);
  std::printf("{\"cpu_us\": %.3f}\n", cpu[cpu.size() / 2] * 1e6);
}

void answer(const PartitionedIndex& index, const Matrix& candidates, const Matrix& queries, const std::string& path) {
  ThreadPool pool(1);
  std::vector<std::vector<ScoredIndex>> found;
  index.search({.queries = queries, .candidate_bias = {}, .eligible = {}, .excluded = {}, .k = kWanted, .candidates = candidates}, pool,
               found);
  std::ofstream file(path, std::ios::binary);
  for (const auto& hits : found)
    for (const ScoredIndex& hit : hits) file.write(reinterpret_cast<const char*>(&hit.index), sizeof hit.index);
  std::printf("{\"written\": %s}\n", file.flush() ? "true" : "false");
}

int run(char** argv) {
  const auto dim = static_cast<std::size_t>(std::stoul(argv[3]));
  const Matrix candidates = read_rows(argv[1], dim), queries = read_rows(argv[2], dim);
  ThreadPool pool(static_cast<std::size_t>(std::stoul(argv[4])));
  const double wall = wall_s(), cpu = cpu_s(CLOCK_PROCESS_CPUTIME_ID), memory = resident_mib();
  PartitionedIndex index(candidates, {}, pool);
  std::printf("{\"build_s\": %.2f, \"build_cpu_s\": %.2f, \"growth_mib\": %.1f, \"index_mib\": %.1f}\n", wall_s() - wall,
              cpu_s(CLOCK_PROCESS_CPUTIME_ID) - cpu, resident_mib() - memory, static_cast<double>(index.size_bytes()) / (1 << 20));
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line); std::fflush(stdout)) {
    std::istringstream words(line);
    std::string order, path;
    PartitionedIndex::Effort effort;
    std::size_t batch = 0;
    double seconds = 0;
    words >> order >> effort.reach >> effort.num_scored;
    index.set_effort(effort);
    if (order == "time" && words >> batch >> seconds) time(index, candidates, queries, batch, seconds);
    else if (order == "answer" && words >> path) answer(index, candidates, queries, path);
    else return std::fprintf(stderr, "bench_ann: cannot read the order '%s'\n", line.c_str()), 2;
  }
  return 0;
}

}  // namespace
}  // namespace gemel

int main(int argc, char** argv) {
  if (argc != 5) return std::fprintf(stderr, "usage: bench_ann CANDIDATES QUERIES DIM THREADS\n"), 2;
  return gemel::run(argv);
}
