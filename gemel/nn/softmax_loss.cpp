#include "gemel/nn/softmax_loss.h"

#include <algorithm>
#include <vector>

#include "gemel/nn/softmax_chunk.h"
#include "gemel/numerics/kernels.h"

namespace gemel {
namespace {

void check_shapes(const SoftmaxBatchView& batch, const SoftmaxGradients* gradients) {
  const std::size_t rows = batch.queries.rows, candidates = batch.candidates.rows;
  GEMEL_CHECK(batch.queries.cols == batch.candidates.cols, "softmax_loss: queries and candidates of different width");
  GEMEL_CHECK(batch.positive.size() == rows && batch.row_weight.size() == rows && batch.positive_bias.size() == rows,
              "softmax_loss: one positive, weight and bias for each row");
  GEMEL_CHECK(batch.column_bias.size() == candidates, "softmax_loss: one column_bias for each candidate");
  GEMEL_CHECK(batch.masked_offsets.empty() || batch.masked_offsets.size() == rows + 1, "softmax_loss: masked_offsets");
  for (const std::uint32_t positive : batch.positive) GEMEL_CHECK(positive < candidates, "softmax_loss: positive outside the candidates");
  const bool has_groups = batch.group_bias.data != nullptr;
  GEMEL_CHECK(!has_groups || (batch.group_bias.cols == candidates && batch.group.size() == rows), "softmax_loss: group_bias");
  for (std::size_t row = 0; has_groups && row < rows; ++row)
    GEMEL_CHECK(batch.group[row] < batch.group_bias.rows && (row == 0 || batch.group[row - 1] <= batch.group[row]),
                "softmax_loss: groups must ascend");
  GEMEL_CHECK(batch.row_bias_offsets.empty() || batch.row_bias_offsets.size() == rows + 1, "softmax_loss: row_bias_offsets");
  GEMEL_CHECK(batch.row_bias.size() == batch.row_bias_columns.size(), "softmax_loss: row_bias");
  if (gradients == nullptr) return;
  GEMEL_CHECK(gradients->d_row_bias.empty() || gradients->d_row_bias.size() == batch.row_bias.size(), "softmax_loss: d_row_bias");
  const auto fits = [](MatrixView gradient, ConstMatrixView value) { return gradient.rows == value.rows && gradient.cols == value.cols; };
  GEMEL_CHECK(fits(gradients->d_queries, batch.queries) && fits(gradients->d_candidates, batch.candidates), "softmax_loss: gradients");
  GEMEL_CHECK(gradients->d_group_bias.data == nullptr || (has_groups && fits(gradients->d_group_bias, batch.group_bias)),
              "softmax_loss: d_group_bias");
}

// Partial sums of the chunks, in their order.
void add_chunks(std::span<const SoftmaxChunk> chunks, SoftmaxGradients& gradients, ThreadPool& pool) {
  constexpr std::size_t kRowsPerBlock = 64;
  const MatrixView d_candidates = gradients.d_candidates;
  pool.for_blocks(d_candidates.rows, kRowsPerBlock, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      const auto sum = d_candidates.row(row);
      std::ranges::fill(sum, 0.0f);
      for (const SoftmaxChunk& chunk : chunks) kernels().add(chunk.d_candidates().row(row).data(), sum.data(), sum.size());
    }
  });
  double d_scale = 0;
  for (const SoftmaxChunk& chunk : chunks) {
    d_scale += chunk.d_scale();
    if (gradients.d_group_bias.data == nullptr) continue;
    const auto row = gradients.d_group_bias.row(chunk.first_group());
    kernels().add(chunk.d_first_group().data(), row.data(), row.size());
  }
  gradients.d_scale = static_cast<float>(d_scale);
}

}  // namespace

SoftmaxScratch::SoftmaxScratch() : state_(std::make_unique<State>()) {}
SoftmaxScratch::~SoftmaxScratch() = default;
SoftmaxScratch::SoftmaxScratch(const SoftmaxScratch&) : SoftmaxScratch() {}
SoftmaxScratch& SoftmaxScratch::operator=(const SoftmaxScratch&) { return *this; }

SoftmaxResult softmax_loss(const SoftmaxBatchView& batch, SoftmaxGradients* gradients, ThreadPool& pool, SoftmaxScratch& scratch) {
  check_shapes(batch, gradients);
  const SoftmaxPlan plan(batch);
  if (gradients != nullptr && gradients->d_group_bias.data != nullptr)
    std::fill_n(gradients->d_group_bias.data, gradients->d_group_bias.size(), 0.0f);
  SoftmaxScratch::State& state = scratch.state();
  state.candidates.copy(batch.candidates, plan, pool);
  if (state.chunks.size() < plan.num_chunks) state.chunks.resize(plan.num_chunks);
  const auto chunks = std::span(state.chunks).first(plan.num_chunks);
  const SoftmaxTask task{batch, plan, state.candidates, gradients, state.tiles};
  pool.run(chunks.size(), [&](std::size_t chunk) {
    const std::size_t begin = chunk * plan.rows_per_chunk;
    chunks[chunk].run(task, begin, std::min(batch.queries.rows, begin + plan.rows_per_chunk));
  });
  SoftmaxResult total;
  for (const SoftmaxChunk& chunk : chunks) {
    total.loss += chunk.result().loss;
    total.weight += chunk.result().weight;
    total.num_correct += chunk.result().num_correct;
  }
  if (gradients != nullptr) add_chunks(chunks, *gradients, pool);
  return total;
}

SoftmaxResult softmax_loss(const SoftmaxBatchView& batch, SoftmaxGradients* gradients, ThreadPool& pool) {
  SoftmaxScratch scratch;
  return softmax_loss(batch, gradients, pool, scratch);
}

}  // namespace gemel
