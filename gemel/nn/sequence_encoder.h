// One vector for a sequence of token vectors: blocks of causal self-attention and a feed-forward layer, each behind a layer norm and added
// to what went in (Vaswani et al. 2017, section 3.1; norms in front as in Xiong et al. 2020, section 3), read at the last token (SASRec:
// Kang, McAuley 2018, section III). A block is
//
//   h = x + dropout(attention(norm(x)) W_out)        x' = h + dropout(gelu(norm(h) W_1 + b_1) W_2 + b_2)
//
// and norm(x') of the last token is the sequence's vector. The last block is worked out for the last token alone, so that one block costs
// little more than the keys and values of the tokens.
// Results do not depend on the number of threads. Thread safety: forward and backward by one caller for each Activations.
#pragma once

#include <string_view>
#include <vector>

#include "gemel/nn/attention.h"
#include "gemel/nn/dropout.h"
#include "gemel/nn/parameter.h"
#include "gemel/numerics/rng.h"

namespace gemel {

struct SequenceEncoderOptions {
  std::size_t dim = 64;
  std::size_t num_blocks = 1;
  std::size_t num_heads = 1;  // divides dim
  float dropout = 0;          // on the tokens and on what each half of a block adds
};

class SequenceEncoder {
 public:
  // What a forward pass leaves behind for the backward pass.
  struct Activations {
    struct Norm {
      Matrix normalized, y;
      std::vector<float> inverse_deviation;
    };
    struct Block {
      Norm attention_norm, feed_forward_norm;
      Matrix asking;                 // [queries, dim], normed tokens that ask; empty where all do
      Matrix queries, keys, values;
      AttentionWeights weights;
      Matrix attended, h, before_gelu, hidden, out;  // [queries, dim]
    };
    Matrix tokens;  // [tokens, dim], after dropout
    std::vector<std::uint32_t> offsets;
    std::vector<Block> blocks;
    Norm last_norm;  // its y [sequences, dim]: the result
  };
  // Of each parameter, in the order of parameters(), and of the tokens.
  struct Gradients {
    std::vector<Matrix> parameters;
    Matrix tokens;  // [tokens, dim]
  };

  SequenceEncoder() = default;
  SequenceEncoder(std::string_view name, const SequenceEncoderOptions& options, Rng& rng);

  // tokens [offsets.back(), dim], of sequences [offsets[s], offsets[s+1]) of at least one token each. Dropout as `step` of `seed`; rate 0
  // unless training. -> activations.last_norm.y
  void forward(ConstMatrixView tokens, std::span<const std::uint32_t> offsets, float dropout_rate, const DropoutKey& key,
               Activations& activations, ThreadPool& pool) const;
  // d_out [sequences, dim].
  void backward(float dropout_rate, const DropoutKey& key, const Activations& activations, ConstMatrixView d_out, Gradients& gradients,
                ThreadPool& pool) const;

  const SequenceEncoderOptions& options() const { return options_; }
  std::vector<Parameter*> parameters();

 private:
  // Where a block's parameters begin in parameters_, in this order.
  enum Place { kNorm1Gain, kNorm1Bias, kQuery, kKey, kValue, kOut, kNorm2Gain, kNorm2Bias, kWeight1, kBias1, kWeight2, kBias2, kNumPlaces };
  const Matrix& of(std::size_t block, Place place) const { return parameters_[block * kNumPlaces + place].value; }
  AttentionShape shape_of(std::size_t block, const Activations& activations) const;
  void forward_block(std::size_t block, ConstMatrixView x, float rate, const DropoutKey& key, Activations& activations,
                     ThreadPool& pool) const;
  // dy [queries, dim] is used up; dx [tokens, dim] receives the gradient.
  void backward_block(std::size_t block, float rate, const DropoutKey& key, const Activations& activations, Matrix& dy, Matrix& dx,
                      Gradients& gradients, ThreadPool& pool) const;

  SequenceEncoderOptions options_;
  std::vector<Parameter> parameters_;  // blocks, then gain and bias of the last norm
};

}  // namespace gemel
