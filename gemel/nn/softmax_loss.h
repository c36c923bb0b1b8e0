// Softmax cross-entropy of each query's positive against a list of distinct candidates, with its gradients, in tiles: a
// [batch, candidates] matrix is never stored. The logit of query i and candidate j is
//
//   scale * <query_i, candidate_j> + column_bias[j] + group_bias[group[i], j] + row_bias[i, j]
//
// (positive_bias[i] for column_bias at j = positive[i]; row_bias is sparse).
//
// With column_bias = log multiplicity - log q this is the corrected sampled softmax (negative_sampling.h); with zeros the full one.
// Results are the same, bit for bit, for any number of threads. Memory: a tile for each thread of at most 6 MiB (48 rows by up to
// 32,768 candidates; with more candidates logits are made twice), two copies of the candidates and up to 16 partial sums of d_candidates,
// 256 MiB at most together unless a single one is larger.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "gemel/numerics/matrix.h"
#include "gemel/numerics/thread_pool.h"

namespace gemel {

struct SoftmaxBatchView {
  ConstMatrixView queries;                        // [batch, dim]
  ConstMatrixView candidates;                     // [candidates, dim]
  float scale = 1;                                // 1 / temperature
  std::span<const std::uint32_t> positive;        // [batch], the positive's column
  std::span<const float> row_weight;              // [batch]
  std::span<const float> column_bias;             // [candidates]
  std::span<const float> positive_bias;           // [batch]
  std::span<const std::uint32_t> group = {};      // [batch], ascending; empty without group_bias
  ConstMatrixView group_bias = {};                // [groups, candidates], such as each day's popularity prior; may be empty
  // What single rows add to single columns, such as how often a customer had a product; CSR, no column twice in a row; may be empty.
  std::span<const std::uint32_t> row_bias_offsets = {};  // [batch + 1]
  std::span<const std::uint32_t> row_bias_columns = {};
  std::span<const float> row_bias = {};                  // like row_bias_columns
  std::span<const std::uint32_t> masked_offsets = {};  // [batch + 1]; further columns to leave out of a row; may be empty
  std::span<const std::uint32_t> masked_columns = {};  // the positive, if among them, stays
};

// Gradients of SoftmaxResult::loss, overwritten.
struct SoftmaxGradients {
  MatrixView d_queries;          // [batch, dim]
  MatrixView d_candidates;       // [candidates, dim]
  MatrixView d_group_bias = {};  // [groups, candidates]; no data: not wanted
  std::span<float> d_row_bias = {};  // like row_bias; empty: not wanted
  float d_scale = 0;
};

struct SoftmaxResult {
  double loss = 0;              // sum over rows of row_weight * (logsumexp of the logits - the positive's logit)
  double weight = 0;            // sum of row_weight
  std::size_t num_correct = 0;  // rows where no other logit is above the positive's
};

// Memory that is kept from one batch to the next. A copy begins empty.
class SoftmaxScratch {
 public:
  SoftmaxScratch();
  ~SoftmaxScratch();
  SoftmaxScratch(const SoftmaxScratch&);
  SoftmaxScratch& operator=(const SoftmaxScratch&);

  struct State;
  State& state() { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

// gradients may be null: the loss alone.
SoftmaxResult softmax_loss(const SoftmaxBatchView& batch, SoftmaxGradients* gradients, ThreadPool& pool, SoftmaxScratch& scratch);
SoftmaxResult softmax_loss(const SoftmaxBatchView& batch, SoftmaxGradients* gradients, ThreadPool& pool);

}  // namespace gemel
