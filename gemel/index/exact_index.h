// Exact search: every candidate is scored for every query. The oracle of the approximate index, and the default up to about a million
// candidates.
// Where the machine has fast products of bytes, codes of 7 bits are scanned, and what can be among the k best by their bounds
// (coded_panels.h) is scored in floats. Else floats are scanned. Either way candidates lie in panels of 16, so that a register holds the
// sums of one query and many candidates, and a score leaves it only where it reaches the k best so far. Those are known early: the k-th
// largest of the maxima of some groups of a first stretch bounds the k-th best score.
// Thread safety: const after construction; one caller of a pool at a time. Memory: 4 bytes a value, 5 with codes. Cost of a query:
// 2 * candidates * dim operations, on bytes with codes.
#pragma once

#include <span>
#include <vector>

#include "gemel/index/coded_panels.h"
#include "gemel/index/vector_index.h"

namespace gemel {

class ExactIndex : public VectorIndex {
 public:
  struct Options {
    bool with_codes = true;  // where they are faster
  };

  ExactIndex() = default;
  explicit ExactIndex(ConstMatrixView candidates) : ExactIndex(candidates, Options()) {}  // [num_candidates, dim], copied
  ExactIndex(ConstMatrixView candidates, Options options);

  std::size_t size() const override { return num_candidates_; }
  std::size_t dim() const { return dim_; }

  void search(const SearchRequest& request, ThreadPool& pool, std::vector<std::vector<ScoredIndex>>& out) const override;

 private:
  class Scan;
  void lay_in_panels(ConstMatrixView candidates);

  std::size_t num_candidates_ = 0, dim_ = 0, num_panels_ = 0;
  CodedPanels coded_;
  Matrix rows_;  // with codes: the candidates
  FloatBuffer panels_;  // without: [num_panels, dim, kPanelWidth], the last one filled up with zeros
  std::vector<float> no_bias_;  // [num_panels * kPanelWidth]: 0, and -infinity where there is no candidate
};

}  // namespace gemel
