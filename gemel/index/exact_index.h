// Exact search: every candidate is scored for every query. The oracle of the approximate indexes, and the default up to about a million
// candidates. Knows float rows and nothing of shops.
// The candidates lie in panels of 16, so that a register holds the sums of one query and many candidates, and a score leaves it only where
// it reaches the k best so far. Those are known early: the k-th largest of the panels' maxima in a first stretch bounds the k-th best
// score. Where the machine has fast products of bytes, a first pass over codes of 7 bits leaves only the candidates that can be among the k
// best (coded_panels.h has the bound), and those are scored in floats: the answers are the same to the last bit.
// Thread safety: const after construction; one caller of a pool at a time. Memory: 5 bytes a value. Cost of a query: 2 * candidates * dim
// operations, on bytes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gemel/index/coded_panels.h"
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

class ExactIndex {
 public:
  struct Options {
    bool with_codes = true;  // the first pass over codes
  };

  ExactIndex() = default;
  explicit ExactIndex(ConstMatrixView candidates) : ExactIndex(candidates, Options()) {}  // [num_candidates, dim], copied
  ExactIndex(ConstMatrixView candidates, Options options);

  std::size_t size() const { return num_candidates_; }
  std::size_t dim() const { return dim_; }

  // out[q]: the k best of query q by dot product plus bias, best first, ties to the lower index; fewer only when fewer pass. A score that
  // is not above -infinity is never among them. Neither the number of threads nor the other queries change a bit of it.
  void search(const SearchRequest& request, ThreadPool& pool, std::vector<std::vector<ScoredIndex>>& out) const;

 private:
  class Scan;
  std::vector<float> biases_of(const SearchRequest& request) const;

  std::size_t num_candidates_ = 0, dim_ = 0, num_panels_ = 0;
  FloatBuffer panels_;  // [num_panels, dim, kPanelWidth], the last one filled up with zeros
  CodedPanels coded_;           // empty: no first pass
  std::vector<float> no_bias_;  // [num_panels * kPanelWidth]: 0, and -infinity where there is no candidate
};

}  // namespace gemel
