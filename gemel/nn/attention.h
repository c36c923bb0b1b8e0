// Scaled dot-product attention with several heads (Vaswani et al. 2017, section 3.2) over sequences of different lengths that lie one after
// the other in a matrix, without padding. Causal: a token attends to itself and to the tokens before it in its sequence.
// Results do not depend on the number of threads. Thread safety: one call at a time for a pool.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gemel/numerics/matrix.h"
#include "gemel/numerics/thread_pool.h"

namespace gemel {

struct AttentionShape {
  std::span<const std::uint32_t> offsets;  // [sequences + 1]: sequence s is tokens [offsets[s], offsets[s+1]), at least one
  std::size_t num_heads = 1;  // divides the width
  bool last_only = false;  // only the last token of each sequence asks: queries [sequences, dim] in place of [tokens, dim]

  std::size_t num_sequences() const { return offsets.size() - 1; }
};

// softmax(<query, key> / sqrt(dim / heads)) of each query, head and key, as the forward pass leaves them for the backward pass.
struct AttentionWeights {
  std::vector<float> values;
  std::vector<std::size_t> begin;  // [sequences + 1]
};

// keys, values [tokens, dim]; queries, out [queries, dim].
void attention_forward(const AttentionShape& shape, ConstMatrixView queries, ConstMatrixView keys, ConstMatrixView values,
                       AttentionWeights& weights, MatrixView out, ThreadPool& pool);

// All gradients are overwritten.
void attention_backward(const AttentionShape& shape, ConstMatrixView queries, ConstMatrixView keys, ConstMatrixView values,
                        const AttentionWeights& weights, ConstMatrixView d_out, MatrixView d_queries, MatrixView d_keys,
                        MatrixView d_values, ThreadPool& pool);

}  // namespace gemel
