// Candidates in 7 bits a value, and how far a score by codes may be from the float score: a first pass of the exact search reads a quarter
// of the bytes and leaves only candidates whose float score can reach the k best.
// With q = coded(q) + e_q and c = coded(c) + e_c: <q, c> - <coded(q), coded(c)> = <coded(q), e_c> + <e_q, c>, at most
// |coded(q)| |e_c| + |e_q| |c| (Cauchy, Schwarz); what float sums round off is added. Thread safety: const after construction.
#pragma once

#include <cstdint>
#include <vector>

#include "gemel/numerics/kernels.h"
#include "gemel/numerics/matrix.h"

namespace gemel {

class CodedPanels {
 public:
  CodedPanels() = default;
  // None where a candidate holds what is not a finite number, or where the machine has no products of bytes: then is_empty().
  explicit CodedPanels(ConstMatrixView candidates);

  bool is_empty() const { return codes_.empty(); }

  // Queries as codes, with what bounds their errors when no bias is larger than largest_bias. False when no bound is finite.
  struct Queries {
    std::vector<std::int8_t> codes;    // [num_queries, 4 * num_groups]
    std::vector<CodedQuery> coded;     // [num_queries]
  };
  bool code(ConstMatrixView queries, float largest_bias, Queries& out) const;

  // The scan of panels [first, first + num_panels) by some of the queries; the caller fills in bias, thresholds and what comes out.
  CodeScan scan_of(std::size_t first, std::size_t num_panels, const Queries& queries, std::size_t first_query,
                   std::size_t num_queries) const;

 private:
  void code_panel(ConstMatrixView candidates, std::size_t panel);
  void code_query(std::span<const float> query, float largest_bias, std::int8_t* codes, CodedQuery& out) const;

  std::size_t dim_ = 0, num_groups_ = 0;
  std::vector<std::uint8_t, AlignedAllocator<std::uint8_t>> codes_;  // [num_panels, num_groups, kPanelWidth, 4]
  std::vector<float> steps_, errors_, norms_;                        // [num_panels]: a code's step; the largest |e_c| and |c|
  float largest_error_ = 0, largest_norm_ = 0;
};

}  // namespace gemel
