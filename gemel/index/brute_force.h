// Exact search: every candidate is scored for every query. The oracle of the approximate indexes, and the default up to about a
// million candidates. Knows float rows and nothing of shops. Thread safety: const inputs; one caller of `pool` at a time.
// Cost: 2 * queries * candidates * dim operations in gemm; memory: one block of logits for each thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gemel/numerics/matrix.h"
#include "gemel/numerics/thread_pool.h"
#include "gemel/numerics/top_k.h"

namespace gemel {

struct SearchRequest {
  ConstMatrixView queries;                  // [num_queries, dim]
  ConstMatrixView candidates;               // [num_candidates, dim]
  std::span<const float> candidate_bias;    // [num_candidates] added to every query's scores; empty: none
  std::span<const std::uint8_t> eligible;   // [num_candidates], 0 = never returned; empty: all are eligible
  std::span<const std::span<const std::uint32_t>> excluded;  // [num_queries], each sorted; empty: nothing is excluded
  std::size_t k = 10;
};

// out[q]: the k best of query q by dot product plus bias, best first, ties to the lower index; fewer only when fewer pass.
// The result does not depend on the number of threads.
void search(const SearchRequest& request, ThreadPool& pool, std::vector<std::vector<ScoredIndex>>& out);

}  // namespace gemel
