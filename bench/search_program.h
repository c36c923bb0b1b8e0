// What bench_search and bench_ann share: rows of floats from a file, clocks, answers into a file, and orders that come by line.
#pragma once

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

#include "gemel/numerics/matrix.h"
#include "gemel/numerics/top_k.h"

namespace gemel {

inline Matrix read_rows(const char* path, std::size_t dim) {
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

inline double wall_s() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

inline double cpu_s(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

inline double median(std::vector<double>& values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

// Where the queries after [first, first + batch) begin: back at 0 when too few are left.
inline std::size_t next_batch(std::size_t first, std::size_t batch, std::size_t num_queries) {
  return first + 2 * batch <= num_queries ? first + batch : 0;
}

// The index of every answer, uint32.
inline void write_answers(const std::vector<std::vector<ScoredIndex>>& found, std::ofstream& file) {
  for (const auto& hits : found)
    for (const ScoredIndex& hit : hits) file.write(reinterpret_cast<const char*>(&hit.index), sizeof hit.index);
}

// Hands each line's words to `carry_out`, which answers by one line on stdout or returns false; the exit code.
template <class CarryOut>
int take_orders(const char* program, const CarryOut& carry_out) {
  for (std::string line; std::getline(std::cin, line); std::fflush(stdout)) {
    std::istringstream words(line);
    if (!carry_out(words)) return std::fprintf(stderr, "%s: cannot read the order '%s'\n", program, line.c_str()), 2;
  }
  return 0;
}

}  // namespace gemel
