#include "gemel/models/two_tower/history_encoder.h"

#include <algorithm>

#include "gemel/numerics/kernels.h"

namespace gemel {
namespace {

constexpr std::size_t kTokensPerBlock = 256;
constexpr std::uint64_t kDropoutStream = 0x686973746f7279;

DropoutKey key_of(const Tower::Dropout& dropout) { return {dropout.seed, dropout.step, kDropoutStream}; }

// tokens = sum over the parts of the table row that each names.
void sum_parts(std::span<const ConstMatrixView> tables, const std::vector<std::size_t>& used, const std::vector<Bags>& parts,
               Matrix& tokens, ThreadPool& pool) {
  pool.for_blocks(tokens.rows(), kTokensPerBlock, [&](std::size_t begin, std::size_t end) {
    std::vector<const float*> rows(parts.size());
    std::vector<float> weights(parts.size());
    for (std::size_t token = begin; token < end; ++token) {
      for (std::size_t part = 0; part < parts.size(); ++part) {
        rows[part] = tables[used[part]].row(parts[part].rows[token]).data();
        weights[part] = parts[part].weights[token];
      }
      kernels().sum_rows(rows.data(), weights.data(), parts.size(), tokens.row(token).data(), tokens.cols());
    }
  });
}

}  // namespace

HistoryEncoder::HistoryEncoder(const TwoTowerConfig& config, std::vector<std::size_t> tables, Rng& rng) : tables_(std::move(tables)) {
  if (tables_.empty()) return;
  encoder_ = SequenceEncoder(
      "history_encoder",
      {.dim = config.embedding_dim, .num_blocks = config.history.attention_blocks, .num_heads = config.history.attention_heads}, rng);
}

void HistoryEncoder::forward(std::span<const ConstMatrixView> tables, const TowerInput& input, const Tower::Dropout& dropout,
                             Activations& activations, Matrix& out, ThreadPool& pool) const {
  out.resize(input.size, output_dim());
  if (tables_.empty()) return;
  GEMEL_CHECK(input.token_parts.size() == tables_.size() && input.token_offsets.size() == input.size + 1, "a history without its tokens");
  activations.tokens.resize(input.token_offsets.back(), output_dim());
  sum_parts(tables, tables_, input.token_parts, activations.tokens, pool);
  encoder_.forward(activations.tokens, input.token_offsets, dropout.rate, key_of(dropout), activations.sequences, pool);
  std::copy_n(activations.sequences.last_norm.y.data(), out.size(), out.data());
}

void HistoryEncoder::backward(const Tower::Dropout& dropout, const Activations& activations, ConstMatrixView d_input, std::size_t column,
                              Gradients& gradients, ThreadPool& pool) const {
  if (tables_.empty()) return;
  Matrix d_out(d_input.rows, output_dim());
  for (std::size_t row = 0; row < d_out.rows(); ++row)
    std::ranges::copy(d_input.row(row).subspan(column, output_dim()), d_out.row(row).begin());
  encoder_.backward(dropout.rate, key_of(dropout), activations.sequences, d_out, gradients, pool);
}

std::vector<Parameter*> HistoryEncoder::parameters() { return encoder_.parameters(); }

}  // namespace gemel
