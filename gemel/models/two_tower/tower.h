// One tower: bags of embedding rows, what was encoded before (a history by attention) and plain numbers, side by side, through dense
// layers, to one embedding an example, L2-normalised or not. A gated tower has one output more, z: its normalised embeddings are stretched
// by 2 sigmoid(z). The embedding tables belong to the network, since towers may share them. Thread safety: forward and backward by one
// caller for each Activations; parameters change only in between.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "gemel/models/two_tower/config.h"
#include "gemel/nn/dropout.h"
#include "gemel/nn/embedding_bag.h"
#include "gemel/nn/parameter.h"
#include "gemel/numerics/bags.h"
#include "gemel/numerics/rng.h"

namespace gemel {

// An embedding table: one row for each value of a feature.
struct TableSpec {
  std::string name;
  std::size_t num_rows;
};

// What a tower reads for a batch of n examples.
struct TowerInput {
  std::vector<Bags> bags;  // [tower.tables().size()], each of n bags
  Matrix numbers;          // [n, num_numbers]
  // The last events of each history as tokens, for the attention pool; empty without it.
  std::vector<Bags> token_parts;             // [parts of a token], each of one weighted row a token
  std::vector<std::uint32_t> token_offsets;  // [n + 1]
  std::size_t size = 0;    // n

  void reset(std::size_t num_bags, std::size_t num_examples, std::size_t num_numbers);
};

class Tower {
 public:
  // What a forward pass leaves behind for the backward pass.
  struct Activations {
    Matrix encoded;                 // [n, encoded_dim], put there before the forward pass
    Matrix input;                   // [n, input_dim], after dropout
    std::vector<Matrix> pre, out;   // of each layer
    Matrix embeddings;              // [n, output_dim]
    std::vector<float> norms;       // [n]
    std::vector<float> gates;       // [n]; empty where the tower has none
  };
  struct Gradients {
    std::vector<Matrix> weight, bias;  // of each layer
    Matrix input;                      // [n, input_dim]
    std::vector<Matrix> hidden;        // of each layer's input, scratch
    Matrix output;                     // of the last layer, scratch of gated towers
  };
  enum class Output { kPlain, kNormalized, kGated };
  struct Dropout {
    float rate = 0;
    std::uint64_t seed = 0, step = 0;
  };

  Tower() = default;
  // tables: which of the network's tables each bag reads. Layers are initialised as Glorot and Bengio 2010 (uniform).
  Tower(std::string name, std::vector<std::size_t> tables, std::size_t embedding_dim, std::size_t encoded_dim, std::size_t num_numbers,
        const std::vector<LayerConfig>& layers, Output output, Rng& rng);

  std::size_t output_dim() const { return layers_.back().weight.value.cols() - (output_ == Output::kGated ? 1 : 0); }
  std::size_t input_dim() const { return numbers_column() + num_numbers_; }
  std::size_t num_numbers() const { return num_numbers_; }
  const std::vector<std::size_t>& tables() const { return tables_; }

  void forward(std::span<const ConstMatrixView> tables, const TowerInput& input, const Dropout& dropout, Activations& activations,
               ThreadPool& pool) const;
  // d_embeddings is used up. The gradient of a bag's rows lies in gradients.input, at input_column(bag).
  void backward(const Dropout& dropout, Activations& activations, MatrixView d_embeddings, Gradients& gradients, ThreadPool& pool) const;
  std::size_t input_column(std::size_t bag) const { return bag * embedding_dim_; }
  std::size_t encoded_column() const { return tables_.size() * embedding_dim_; }

  // Weights and biases, layer by layer: the order of Gradients' weight and bias interleaved.
  std::vector<Parameter*> parameters();

 private:
  std::size_t numbers_column() const { return encoded_column() + encoded_dim_; }

  void finish(ConstMatrixView x, Activations& activations, ThreadPool& pool) const;
  // d_embeddings becomes, or -> the gradient of the last layer's output.
  MatrixView start_backward(Activations& activations, MatrixView d_embeddings, Gradients& gradients, ThreadPool& pool) const;

  struct Layer {
    Parameter weight;  // [in, out]
    Parameter bias;    // [1, out]
    Activation activation;
  };

  std::vector<std::size_t> tables_;
  std::size_t embedding_dim_ = 0, encoded_dim_ = 0, num_numbers_ = 0;
  std::vector<Layer> layers_;
  Output output_ = Output::kPlain;
  std::uint64_t dropout_layer_ = 0;
};

}  // namespace gemel
