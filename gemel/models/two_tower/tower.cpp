#include "gemel/models/two_tower/tower.h"

#include <algorithm>
#include <cmath>

#include "gemel/nn/dense.h"
#include "gemel/nn/l2_normalize.h"
#include "gemel/numerics/kernels.h"

namespace gemel {
namespace {

constexpr std::size_t kRowsPerBlock = 256;
constexpr float kMostGateInput = 15;  // a gate is never 0: backward divides by it

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
             const std::vector<LayerConfig>& layers, Output output, Rng& rng)
    : tables_(std::move(tables)),
      embedding_dim_(embedding_dim),
      encoded_dim_(encoded_dim),
      num_numbers_(num_numbers),
      output_(output),
      dropout_layer_(stream_of(name)) {
  std::size_t in = input_dim();
  for (const LayerConfig& layer : layers) {
    const std::string prefix = concat(name, ".", layers_.size(), ".");
    layers_.push_back({{.name = prefix + "weight", .value = glorot_uniform(in, layer.units, rng)},
                       {.name = prefix + "bias", .value = Matrix(1, layer.units)},
                       layer.activation});
    in = layer.units;
  }
  if (output_ != Output::kGated) return;
  Layer& last = layers_.back();
  const Matrix weight = std::move(last.weight.value);
  last.weight.value = Matrix(weight.rows(), weight.cols() + 1);  // of the gate 0: it starts half open, at 1
  for (std::size_t row = 0; row < weight.rows(); ++row) std::ranges::copy(weight.row(row), last.weight.value.row(row).begin());
  last.bias.value = Matrix(1, weight.cols() + 1);
}

void Tower::forward(std::span<const ConstMatrixView> tables, const TowerInput& input, const Dropout& dropout, Activations& activations,
                    ThreadPool& pool) const {
  GEMEL_CHECK(input.bags.size() == tables_.size() && input.numbers.cols() == num_numbers_ && activations.encoded.cols() == encoded_dim_,
              "a tower got another tower's input");
  activations.input.resize(input.size, input_dim());
  for (std::size_t bag = 0; bag < tables_.size(); ++bag)
    embedding_bag_forward(tables[tables_[bag]], input.bags[bag], activations.input, input_column(bag), pool);
  pool.for_blocks(input.size, kRowsPerBlock, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      std::ranges::copy(activations.encoded.row(row), activations.input.row(row).subspan(encoded_column()).begin());
      std::ranges::copy(input.numbers.row(row), activations.input.row(row).subspan(numbers_column()).begin());
    }
  });
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
  finish(x, activations, pool);
}

void Tower::finish(ConstMatrixView x, Activations& activations, ThreadPool& pool) const {
  Matrix& embeddings = activations.embeddings;
  embeddings.resize(x.rows, output_dim());
  pool.for_blocks(x.rows, kRowsPerBlock, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) std::ranges::copy(x.row(row).first(output_dim()), embeddings.row(row).begin());
  });
  if (output_ == Output::kPlain) return;
  activations.norms.resize(x.rows);
  l2_normalize_forward(embeddings, embeddings, activations.norms, pool);
  if (output_ != Output::kGated) return;
  activations.gates.resize(x.rows);
  for (std::size_t row = 0; row < x.rows; ++row) {
    activations.gates[row] = 2 / (1 + std::exp(-std::clamp(x.row(row).back(), -kMostGateInput, kMostGateInput)));
    kernels().scale(activations.gates[row], embeddings.row(row).data(), embeddings.cols());
  }
}

MatrixView Tower::start_backward(Activations& activations, MatrixView d_embeddings, Gradients& gradients, ThreadPool& pool) const {
  if (output_ == Output::kPlain) return d_embeddings;
  std::vector<float> d_gates(activations.gates.size());
  for (std::size_t row = 0; row < d_gates.size(); ++row) {
    const float gate = activations.gates[row];
    const auto direction = activations.embeddings.row(row), d = d_embeddings.row(row);
    kernels().scale(1 / gate, direction.data(), direction.size());
    d_gates[row] = kernels().dot(direction.data(), d.data(), d.size()) * gate * (1 - gate / 2);
    kernels().scale(gate, d.data(), d.size());
  }
  l2_normalize_backward(activations.embeddings, activations.norms, d_embeddings, d_embeddings, pool);
  if (output_ != Output::kGated) return d_embeddings;
  gradients.output.resize(d_embeddings.rows, d_embeddings.cols + 1);
  for (std::size_t row = 0; row < d_gates.size(); ++row) {
    std::ranges::copy(d_embeddings.row(row), gradients.output.row(row).begin());
    gradients.output.row(row).back() = d_gates[row];
  }
  return gradients.output;
}

void Tower::backward(const Dropout& dropout, Activations& activations, MatrixView d_embeddings, Gradients& gradients,
                     ThreadPool& pool) const {
  gradients.weight.resize(layers_.size());
  gradients.bias.resize(layers_.size());
  gradients.hidden.resize(layers_.size());
  MatrixView dy = start_backward(activations, d_embeddings, gradients, pool);
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
