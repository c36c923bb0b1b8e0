// What every index answers: the best candidates of some queries by dot product plus bias. An index knows float rows and nothing of shops.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gemel/numerics/matrix.h"
#include "gemel/numerics/thread_pool.h"
#include "gemel/numerics/top_k.h"

namespace gemel {

struct SearchRequest {
  ConstMatrixView queries;                                   // [num_queries, dim]
  std::span<const float> candidate_bias;                     // [num_candidates] added to every query's scores; empty: none
  std::span<const std::uint8_t> eligible;                    // [num_candidates], 0 = never returned; empty: all are eligible
  std::span<const std::span<const std::uint32_t>> excluded;  // [num_queries], each sorted; empty: nothing is excluded
  std::size_t k = 10;
};

}  // namespace gemel
