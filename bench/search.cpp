// How fast is exact search? `bench_search CANDIDATES QUERIES DIM` reads both files (float32 rows), then answers the orders that come by
// line with one thread; search.py sends them in turn with the peers:
//     time WAY K BATCH SHARE SECONDS CALLS    asks BATCH queries at a time, of whose candidates SHARE is eligible (1: no filter), for so
//                                       many seconds and so often at least; prints the median of a call's microseconds, wall and CPU
//     answer WAY K BATCH FILE           writes the index of every answer, uint32 [queries, k]
// WAY is `codes` (a first pass over codes, as the index does by itself) or `floats`.
#include "bench/search_program.h"
#include "gemel/index/exact_index.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

class Bench {
 public:
  Bench(Matrix candidates, Matrix queries)
      : queries_(std::move(queries)),
        by_codes_(candidates),
        by_floats_(candidates, {.with_codes = false}),
        num_candidates_(candidates.rows()) {}

  void time(const std::string& way, std::size_t k, std::size_t batch, double share, double seconds, std::size_t least_calls) {
    std::vector<std::uint8_t> eligible;
    Rng rng(1);
    if (share < 1)
      for (std::size_t c = 0; c < num_candidates_; ++c) eligible.push_back(rng.uniform() < share);
    std::vector<double> wall, cpu;
    std::size_t first = 0;
    for (const double begin = wall_s(); wall.size() < least_calls || wall_s() - begin < seconds;) {
      const double wall_begin = wall_s(), cpu_begin = batch > 1 ? cpu_s(CLOCK_THREAD_CPUTIME_ID) : 0;
      search(way, k, first, batch, eligible);
      if (batch > 1) cpu.push_back(cpu_s(CLOCK_THREAD_CPUTIME_ID) - cpu_begin);
      wall.push_back(wall_s() - wall_begin);
      first = next_batch(first, batch, queries_.rows());
    }
    if (cpu.empty()) cpu = wall;  // of a call this short the clock would be a good part
    std::printf("{\"wall_us\": %.3f, \"cpu_us\": %.3f, \"calls\": %zu}\n", median(wall) * 1e6, median(cpu) * 1e6, wall.size());
  }

  void answer(const std::string& way, std::size_t k, std::size_t batch, const std::string& path) {
    std::ofstream file(path, std::ios::binary);
    for (std::size_t first = 0; first + batch <= queries_.rows(); first += batch) {
      search(way, k, first, batch, {});
      write_answers(found_, file);
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
  return take_orders("bench_search", [&](std::istringstream& words) {
    std::string order, way, path;
    std::size_t k = 0, batch = 0, least_calls = 0;
    double share = 1, seconds = 0;
    words >> order >> way >> k >> batch;
    if (order == "time" && words >> share >> seconds >> least_calls) return bench.time(way, k, batch, share, seconds, least_calls), true;
    if (order == "answer" && words >> path) return bench.answer(way, k, batch, path), true;
    return false;
  });
}

}  // namespace
}  // namespace gemel

int main(int argc, char** argv) {
  if (argc != 4) return std::fprintf(stderr, "usage: bench_search CANDIDATES QUERIES DIM\n"), 2;
  return gemel::run(argv);
}
