// The attention pool of the query tower: each of the last events is a token, the sum of embeddings of its product, its place from the end
// and its age, and a SequenceEncoder makes one vector of them. A customer without history has the one token of the missing product.
// Thread safety: as Tower.
#pragma once

#include <vector>

#include "gemel/models/two_tower/tower.h"
#include "gemel/nn/sequence_encoder.h"

namespace gemel {

class HistoryEncoder {
 public:
  struct Activations {
    Matrix tokens;  // [tokens, embedding_dim]
    SequenceEncoder::Activations sequences;
  };
  using Gradients = SequenceEncoder::Gradients;  // the tokens' go to each of the tables

  HistoryEncoder() = default;
  // tables: which of the network's tables the parts of a token read; none: no attention.
  HistoryEncoder(const TwoTowerConfig& config, std::vector<std::size_t> tables, Rng& rng);

  std::size_t output_dim() const { return tables_.empty() ? 0 : encoder_.options().dim; }
  const std::vector<std::size_t>& tables() const { return tables_; }

  // out [n, output_dim]; without attention nothing happens.
  void forward(std::span<const ConstMatrixView> tables, const TowerInput& input, const Tower::Dropout& dropout, Activations& activations,
               Matrix& out, ThreadPool& pool) const;
  // The gradient of out is columns [column, column + output_dim) of d_input.
  void backward(const Tower::Dropout& dropout, const Activations& activations, ConstMatrixView d_input, std::size_t column,
                Gradients& gradients, ThreadPool& pool) const;

  std::vector<Parameter*> parameters();

 private:
  std::vector<std::size_t> tables_;
  SequenceEncoder encoder_;
};

}  // namespace gemel
