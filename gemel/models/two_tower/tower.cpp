#include "gemel/models/two_tower/tower.h"

#include <algorithm>
#include <cmath>

#include "gemel/nn/dense.h"
#include "gemel/nn/l2_normalize.h"

namespace gemel {
namespace {

Matrix glorot_uniform(std::size_t in, std::size_t out, Rng& rng) {
  Matrix weight(in, out);
  const double limit = std::sqrt(6.0 / static_cast<double>(in + out));
  for (std::size_t i = 0; i < weight.size(); ++i) weight.data()[i] = static_cast<float>((2 * rng.uniform() - 1) * limit);
  return weight;
}

// Streams of random numbers must differ between the towers.
std::uint64_t stream_of(const std::string& name) {
  std::uint64_t hash = 0;
  for (const char letter : name) hash = splitmix64(hash ^ static_cast<unsigned char>(letter));
  return hash;
}

}  // namespace

void TowerInput::reset(std::size_t num_bags, std::size_t num_examples, std::size_t num_numbers) {
  bags.resize(num_bags);
  for (Bags& bag : bags) bag.clear();
  for (Bags& part : token_parts) part.clear();
  token_offsets.assign(1, 0);
  numbers.resize(num_examples, num_numbers);
  size = num_examples;
}

Tower::Tower(std::string name, std::vector<std::size_t> tables, std::size_t embedding_dim, std::size_t encoded_dim, std::size_t num_numbers,
             const std::vector<LayerConfig>& layers, bool normalize, Rng& rng)
    : tables_(std::move(tables)),
      embedding_dim_(embedding_dim),
      encoded_dim_(encoded_dim),
      num_numbers_(num_numbers),
      normalize_(normalize),
      dropout_layer_(stream_of(name)) {
  std::size_t in = input_dim();
  for (const LayerConfig& layer : layers) {
    const std::string prefix = concat(name, ".", layers_.size(), ".");
    layers_.push_back({{.name = prefix + "weight", .value = glorot_uniform(in, layer.units, rng)},
                       {.name = prefix + "bias", .value = Matrix(1, layer.units)},
                       layer.activation});
    in = layer.units;
  }
}

void Tower::forward(std::span<const Parameter> tables, const TowerInput& input, const Dropout& dropout, Activations& activations,
                    ThreadPool& pool) const {
  GEMEL_CHECK(input.bags.size() == tables_.size() && input.numbers.cols() == num_numbers_ && activations.encoded.cols() == encoded_dim_,
              "a tower got another tower's input");
  activations.input.resize(input.size, input_dim());
  for (std::size_t bag = 0; bag < tables_.size(); ++bag)
    embedding_bag_forward(tables[tables_[bag]].value, input.bags[bag], activations.input, input_column(bag), pool);
  for (std::size_t row = 0; row < input.size; ++row) {
    std::ranges::copy(activations.encoded.row(row), activations.input.row(row).subspan(encoded_column()).begin());
    std::ranges::copy(input.numbers.row(row), activations.input.row(row).subspan(numbers_column()).begin());
  }
  if (dropout.rate > 0) gemel::dropout(activations.input, dropout.rate, {dropout.seed, dropout.step, dropout_layer_}, pool);

  activations.pre.resize(layers_.size());
  activations.out.resize(layers_.size());
  ConstMatrixView x = activations.input;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const Layer& layer = layers_[l];
    activations.pre[l].resize(input.size, layer.weight.value.cols());
    activations.out[l].resize(input.size, layer.weight.value.cols());
    dense_forward(x, layer.weight.value, layer.bias.value.row(0), layer.activation, activations.pre[l], activations.out[l], pool);
    x = activations.out[l];
  }
  activations.embeddings.resize(input.size, output_dim());
  if (normalize_) {
    activations.norms.resize(input.size);
    l2_normalize_forward(x, activations.embeddings, activations.norms, pool);
  } else {
    std::copy(x.data, x.data + x.size(), activations.embeddings.data());
  }
}

void Tower::backward(const Dropout& dropout, Activations& activations, MatrixView d_embeddings, Gradients& gradients,
                     ThreadPool& pool) const {
  if (normalize_) l2_normalize_backward(activations.embeddings, activations.norms, d_embeddings, d_embeddings, pool);
  gradients.weight.resize(layers_.size());
  gradients.bias.resize(layers_.size());
  gradients.hidden.resize(layers_.size());
  MatrixView dy = d_embeddings;
  for (std::size_t l = layers_.size(); l-- > 0;) {
    const Layer& layer = layers_[l];
    gradients.weight[l].resize(layer.weight.value.rows(), layer.weight.value.cols());
    gradients.bias[l].resize(1, layer.bias.value.cols());
    Matrix& dx = l == 0 ? gradients.input : gradients.hidden[l];
    dx.resize(activations.input.rows(), layer.weight.value.rows());
    dense_backward(l == 0 ? activations.input : activations.out[l - 1], layer.weight.value, layer.activation, activations.pre[l], dy, dx,
                   gradients.weight[l], gradients.bias[l].row(0), pool);
    dy = dx;
  }
  if (dropout.rate > 0) gemel::dropout(gradients.input, dropout.rate, {dropout.seed, dropout.step, dropout_layer_}, pool);
}

std::vector<Parameter*> Tower::parameters() {
  std::vector<Parameter*> all;
  for (Layer& layer : layers_) {
    all.push_back(&layer.weight);
    all.push_back(&layer.bias);
  }
  return all;
}

}  // namespace gemel
