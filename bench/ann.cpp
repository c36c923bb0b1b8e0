// How fast is approximate search? `bench_ann CANDIDATES QUERIES DIM THREADS ROWS` reads both files (float32 rows), builds the index with so
// many threads and prints what that took, then answers the orders that come by line with one thread. ROWS: `borrowed`, or `kept` by the
// index in 16 bits a value.
//     time REACH SCORED BATCH SECONDS    asks BATCH queries at a time for 10; prints the queries a second, of all calls, and the CPU
//                                        microseconds a query, p50 of the calls
//     answer REACH SCORED FILE           writes the index of every answer, uint32 [queries, 10]
#include "bench/search_program.h"
#include "gemel/index/partitioned_index.h"

namespace gemel {
namespace {

constexpr std::size_t kWanted = 10;

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
      first = next_batch(first, batch, queries.rows());
    }
    cpu.push_back((cpu_s(CLOCK_THREAD_CPUTIME_ID) - call) / static_cast<double>(calls * batch));
  }
  std::printf("{\"cpu_us\": %.3f}\n", median(cpu) * 1e6);
}

void answer(const PartitionedIndex& index, const Matrix& candidates, const Matrix& queries, const std::string& path) {
  ThreadPool pool(1);
  std::vector<std::vector<ScoredIndex>> found;
  index.search({.queries = queries, .candidate_bias = {}, .eligible = {}, .excluded = {}, .k = kWanted, .candidates = candidates}, pool,
               found);
  std::ofstream file(path, std::ios::binary);
  write_answers(found, file);
  std::printf("{\"written\": %s}\n", file.flush() ? "true" : "false");
}

int run(char** argv) {
  const auto dim = static_cast<std::size_t>(std::stoul(argv[3]));
  const Matrix candidates = read_rows(argv[1], dim), queries = read_rows(argv[2], dim);
  ThreadPool pool(static_cast<std::size_t>(std::stoul(argv[4])));
  const double wall = wall_s(), cpu = cpu_s(CLOCK_PROCESS_CPUTIME_ID), memory = resident_mib();
  PartitionedIndex index(candidates, {.keep_rows = std::string_view(argv[5]) == "kept"}, pool);
  std::printf("{\"build_s\": %.2f, \"build_cpu_s\": %.2f, \"growth_mib\": %.1f, \"index_mib\": %.1f}\n", wall_s() - wall,
              cpu_s(CLOCK_PROCESS_CPUTIME_ID) - cpu, resident_mib() - memory, static_cast<double>(index.size_bytes()) / (1 << 20));
  std::fflush(stdout);
  return take_orders("bench_ann", [&](std::istringstream& words) {
    std::string order, path;
    PartitionedIndex::Effort effort;
    std::size_t batch = 0;
    double seconds = 0;
    words >> order >> effort.reach >> effort.num_scored;
    index.set_effort(effort);
    if (order == "time" && words >> batch >> seconds) return time(index, candidates, queries, batch, seconds), true;
    if (order == "answer" && words >> path) return answer(index, candidates, queries, path), true;
    return false;
  });
}

}  // namespace
}  // namespace gemel

int main(int argc, char** argv) {
  if (argc != 6) return std::fprintf(stderr, "usage: bench_ann CANDIDATES QUERIES DIM THREADS borrowed|kept\n"), 2;
  return gemel::run(argv);
}
