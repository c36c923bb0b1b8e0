// What every index answers: the best candidates of some queries by dot product plus bias. An index knows float rows and nothing of shops.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "gemel/numerics/matrix.h"
#include "gemel/numerics/thread_pool.h"
#include "gemel/numerics/top_k.h"

namespace gemel {

inline constexpr float kNever = -std::numeric_limits<float>::infinity();  // the score of what is no candidate

struct SearchRequest {
  ConstMatrixView queries;                                   // [num_queries, dim]
  std::span<const float> candidate_bias;                     // [num_candidates] added to every query's scores; empty: none
  std::span<const std::uint8_t> eligible;                    // [num_candidates], 0 = never returned; empty: all are eligible
  std::span<const std::span<const std::uint32_t>> excluded;  // [num_queries], each sorted; empty: nothing is excluded
  std::size_t k = 10;
  ConstMatrixView candidates = {};          // [num_candidates, dim]: for an index that has no copy of them
  std::span<const float> arranged_bias = {};  // what arrange_bias() makes of candidate_bias; empty: not known yet
};

// That the request's lists have the lengths they should have.
void check_lists(const SearchRequest& request, std::size_t num_candidates);

class VectorIndex {
 public:
  virtual ~VectorIndex() = default;

  virtual std::size_t size() const = 0;

  // A bias as the index reads it, worth keeping where many requests have the same.
  virtual std::vector<float> arrange_bias(std::span<const float> /*candidate_bias*/) const { return {}; }

  // out[q]: the k best of query q by dot product plus bias, best first, ties to the lower index; fewer only when fewer pass. A score that
  // is not above -infinity is never among them. Neither the number of threads nor the other queries change a bit of it. An approximate
  // index may miss some of the best; the scores of what it finds are exact unless it keeps rows of fewer bits.
  virtual void search(const SearchRequest& request, ThreadPool& pool, std::vector<std::vector<ScoredIndex>>& out) const = 0;
};

}  // namespace gemel
