#include "gemel/nn/softmax_loss.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "gemel/numerics/gemm.h"
#include "gemel/numerics/kernels.h"

namespace gemel {
namespace {

constexpr std::size_t kRowTile = 64;
constexpr std::size_t kMostColumnsKept = 32768;   // up to here a row tile's logits are kept for the gradient: 8 MiB
constexpr std::size_t kColumnTile = 4096;         // above, they are made twice, so many columns at a time
constexpr std::size_t kMostChunks = 16;           // partial sums of d_candidates, and of what else sums over the batch
constexpr std::size_t kMostPartialFloats = std::size_t{64} << 20;
constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

std::size_t divide_up(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

// How the batch is cut; follows from its shape alone.
struct Plan {
  std::size_t column_tile;
  std::size_t num_column_tiles;
  std::size_t rows_per_chunk;
  std::size_t num_chunks;
};

Plan make_plan(const SoftmaxBatchView& batch) {
  const std::size_t num_candidates = batch.candidates.rows;
  const std::size_t column_tile = num_candidates <= kMostColumnsKept ? std::max<std::size_t>(1, num_candidates) : kColumnTile;
  const std::size_t affordable = std::max<std::size_t>(1, kMostPartialFloats / std::max<std::size_t>(1, batch.candidates.size()));
  const std::size_t num_row_tiles = divide_up(batch.queries.rows, kRowTile);
  const std::size_t wanted = std::min({num_row_tiles, kMostChunks, affordable});
  const std::size_t tiles_per_chunk = wanted == 0 ? 1 : divide_up(num_row_tiles, wanted);
  return {column_tile, divide_up(num_candidates, column_tile), tiles_per_chunk * kRowTile, divide_up(num_row_tiles, tiles_per_chunk)};
}

// The candidates with dimensions as rows, a matrix [dim, columns] for each column tile: the product that makes the logits runs at 105
// GFLOP/s on a core this way and at 75 with candidates as rows (64 x 4000 x 64, oneDNN 2.6, AVX-512).
std::vector<Matrix> transpose_candidates(ConstMatrixView candidates, const Plan& plan, ThreadPool& pool) {
  std::vector<Matrix> tiles(plan.num_column_tiles);
  for (std::size_t tile = 0; tile < tiles.size(); ++tile)
    tiles[tile].resize(candidates.cols, std::min(plan.column_tile, candidates.rows - tile * plan.column_tile));
  constexpr std::size_t kCacheLine = 16;
  pool.for_blocks(divide_up(candidates.rows, kCacheLine), 16, [&](std::size_t begin, std::size_t end) {
    for (std::size_t line = begin; line < end; ++line)
      for (std::size_t d = 0; d < candidates.cols; ++d)
        for (std::size_t j = line * kCacheLine; j < std::min(candidates.rows, (line + 1) * kCacheLine); ++j)
          tiles[j / plan.column_tile](d, j % plan.column_tile) = candidates.data[j * candidates.cols + d];
  });
  return tiles;
}

// What a row has gathered over its column tiles. "Others" are all candidates but the positive and the masked ones.
struct RowState {
  float positive_logit = 0;
  float largest_other = kMinusInfinity;
  double sum_others = 0;  // of exp(logit - shift())

  float shift() const { return largest_other == kMinusInfinity ? 0 : largest_other; }
};

// Some consecutive row tiles: takes them one after the other on one thread and keeps their sums to itself.
class Chunk {
 public:
  Chunk(const SoftmaxBatchView& batch, const Plan& plan, const std::vector<Matrix>& transposed, SoftmaxGradients* gradients)
      : batch_(batch), plan_(plan), transposed_(transposed), gradients_(gradients) {}

  void run(std::size_t begin, std::size_t end) {
    if (gradients_ != nullptr) d_candidates_ = Matrix(batch_.candidates.rows, batch_.candidates.cols);
    if (wants_group_bias()) {
      first_group_ = batch_.group[begin];
      d_first_group_.assign(batch_.candidates.rows, 0);
    }
    for (std::size_t row = begin; row < end; row += kRowTile) run_tile(row, std::min(end, row + kRowTile));
    tile_ = Matrix();
    combined_bias_ = FloatBuffer();
  }

  const SoftmaxResult& result() const { return result_; }
  double d_scale() const { return d_scale_; }
  const Matrix& d_candidates() const { return d_candidates_; }
  std::size_t first_group() const { return first_group_; }
  std::span<const float> d_first_group() const { return d_first_group_; }
  bool wants_group_bias() const { return gradients_ != nullptr && gradients_->d_group_bias.data != nullptr; }

 private:
  void run_tile(std::size_t begin, std::size_t end);
  void make_logits(std::size_t column_begin, std::size_t column_end, std::span<float> largest);
  // Calls visit(entry, column in the tile) for each entry of the row's sparse bias that lies in these columns.
  void for_row_bias(std::size_t row, std::size_t column_begin, std::size_t column_end, auto&& visit) const {
    if (batch_.row_bias_offsets.empty()) return;
    for (std::size_t e = batch_.row_bias_offsets[row]; e < batch_.row_bias_offsets[row + 1]; ++e) {
      const std::size_t column = batch_.row_bias_columns[e];
      if (column >= column_begin && column < column_end) visit(e, column - column_begin);
    }
  }
  void leave_out(std::size_t row, std::size_t column_begin, std::size_t column_end, std::span<float> logits);
  void sum_exponentials(std::size_t column_begin, std::size_t column_end);
  void add_loss();
  void add_gradients(std::size_t column_begin, std::size_t column_end);
  void finish_queries();
  const float* bias_of(std::size_t row, std::size_t column_begin, std::size_t num_columns);
  float* group_sum(std::size_t group);

  bool one_pass() const { return plan_.num_column_tiles == 1; }
  std::size_t num_rows() const { return end_ - begin_; }
  MatrixView tile(std::size_t num_columns) {
    tile_.resize(num_rows(), num_columns);
    return tile_;
  }

  const SoftmaxBatchView& batch_;
  const Plan& plan_;
  const std::vector<Matrix>& transposed_;  // [column tiles] of [dim, columns]
  SoftmaxGradients* gradients_;
  std::size_t begin_ = 0, end_ = 0;  // rows of the tile at work
  std::vector<RowState> states_;
  Matrix tile_;            // [rows, columns of a column tile]: logits, then exp(logit - shift)
  Matrix scaled_queries_;  // [rows, dim]: queries times row_factor
  Matrix d_logits_times_candidates_;
  std::vector<float> row_factors_;
  FloatBuffer combined_bias_;  // column_bias + the group's
  SoftmaxResult result_;
  double d_scale_ = 0;
  Matrix d_candidates_;
  std::size_t first_group_ = 0;
  std::vector<float> d_first_group_;  // groups may straddle chunks: the first one's sum is kept apart and added at the end
};

void Chunk::run_tile(std::size_t begin, std::size_t end) {
  begin_ = begin;
  end_ = end;
  states_.assign(num_rows(), RowState());
  const std::size_t num_candidates = batch_.candidates.rows;
  for (std::size_t column = 0; column < num_candidates; column += plan_.column_tile)
    sum_exponentials(column, std::min(num_candidates, column + plan_.column_tile));
  add_loss();
  if (gradients_ == nullptr) return;
  d_logits_times_candidates_.resize(num_rows(), batch_.queries.cols);
  for (std::size_t column = 0; column < num_candidates; column += plan_.column_tile)
    add_gradients(column, std::min(num_candidates, column + plan_.column_tile));
  finish_queries();
}

// The bias of these columns in this row. Rows of a group follow each other: their combined bias is made once.
const float* Chunk::bias_of(std::size_t row, std::size_t column_begin, std::size_t num_columns) {
  const float* columns = batch_.column_bias.data() + column_begin;
  if (batch_.group_bias.data == nullptr) return columns;
  if (row == begin_ || batch_.group[row] != batch_.group[row - 1]) {
    combined_bias_.assign(columns, columns + num_columns);
    kernels().add(batch_.group_bias.row(batch_.group[row]).data() + column_begin, combined_bias_.data(), num_columns);
  }
  return combined_bias_.data();
}

// Takes the positive's logit out of the row and puts minus infinity there and at the masked columns.
void Chunk::leave_out(std::size_t row, std::size_t column_begin, std::size_t column_end, std::span<float> logits) {
  const std::size_t positive = batch_.positive[row];
  if (positive >= column_begin && positive < column_end) {
    float& logit = logits[positive - column_begin];
    const float prior = batch_.group_bias.data == nullptr ? 0 : batch_.group_bias.row(batch_.group[row])[positive];
    states_[row - begin_].positive_logit = logit + batch_.positive_bias[row] + prior;
    logit = kMinusInfinity;
  }
  if (batch_.masked_offsets.empty()) return;
  for (std::size_t i = batch_.masked_offsets[row]; i < batch_.masked_offsets[row + 1]; ++i) {
    const std::size_t column = batch_.masked_columns[i];
    if (column >= column_begin && column < column_end) logits[column - column_begin] = kMinusInfinity;
  }
}

// The tile becomes the logits of the others; largest [rows] their maxima.
void Chunk::make_logits(std::size_t column_begin, std::size_t column_end, std::span<float> largest) {
  const std::size_t num_columns = column_end - column_begin;
  const MatrixView logits = tile(num_columns);
  gemm(Transpose::kNo, batch_.queries.row_block(begin_, end_), Transpose::kNo, transposed_[column_begin / plan_.column_tile], batch_.scale,
       0, logits);
  for (std::size_t row = begin_; row < end_; ++row) {
    const auto row_logits = logits.row(row - begin_);
    for_row_bias(row, column_begin, column_end, [&](std::size_t e, std::size_t column) { row_logits[column] += batch_.row_bias[e]; });
    leave_out(row, column_begin, column_end, row_logits);
    largest[row - begin_] = kernels().add_bias_max(bias_of(row, column_begin, num_columns), row_logits.data(), num_columns);
  }
}

// Online logsumexp (Milakov, Gimelshein 2018): a larger maximum rescales what was summed before.
void Chunk::sum_exponentials(std::size_t column_begin, std::size_t column_end) {
  float largest[kRowTile];
  make_logits(column_begin, column_end, largest);
  for (std::size_t row = 0; row < num_rows(); ++row) {
    RowState& state = states_[row];
    if (largest[row] > state.largest_other) {
      state.sum_others *= std::exp(double{state.shift()} - largest[row]);
      state.largest_other = largest[row];
    }
    state.sum_others += kernels().exp_sum(state.shift(), tile_.row(row).data(), tile_.cols());
  }
}

// With S = sum_others, shift m and positive logit p: the positive's chance is exp(p) / (exp(p) + S exp(m)). The gradient of the loss by
// another logit l is row_factor * exp(l - m), by the positive's -row_factor * S: no difference of nearly equal numbers.
void Chunk::add_loss() {
  row_factors_.resize(num_rows());
  for (std::size_t row = begin_; row < end_; ++row) {
    const RowState& state = states_[row - begin_];
    const double weight = batch_.row_weight[row];
    const double largest = std::max(state.largest_other, state.positive_logit);
    const double others_scale = std::exp(state.shift() - largest);
    const double denominator = state.sum_others * others_scale + std::exp(state.positive_logit - largest);
    result_.loss += weight * (largest + std::log(denominator) - state.positive_logit);
    result_.weight += weight;
    result_.num_correct += state.positive_logit >= state.largest_other;
    row_factors_[row - begin_] = static_cast<float>(weight * others_scale / denominator);
  }
}

float* Chunk::group_sum(std::size_t group) {
  return group == first_group_ ? d_first_group_.data() : gradients_->d_group_bias.row(group).data();
}

void Chunk::add_gradients(std::size_t column_begin, std::size_t column_end) {
  const std::size_t num_columns = column_end - column_begin, dim = batch_.queries.cols;
  if (!one_pass()) {
    float largest[kRowTile];
    make_logits(column_begin, column_end, largest);
    for (std::size_t row = 0; row < num_rows(); ++row) kernels().exp_sum(states_[row].shift(), tile_.row(row).data(), num_columns);
  }
  scaled_queries_.resize(num_rows(), dim);
  for (std::size_t row = begin_; row < end_; ++row) {
    const std::size_t positive = batch_.positive[row];
    float* gradient = tile_.row(row - begin_).data();
    if (positive >= column_begin && positive < column_end)
      gradient[positive - column_begin] = static_cast<float>(-states_[row - begin_].sum_others);
    const float factor = row_factors_[row - begin_];
    for (std::size_t d = 0; d < dim; ++d) scaled_queries_(row - begin_, d) = factor * batch_.scale * batch_.queries.row(row)[d];
    if (!gradients_->d_row_bias.empty())
      for_row_bias(row, column_begin, column_end,
                   [&](std::size_t e, std::size_t column) { gradients_->d_row_bias[e] = factor * gradient[column]; });
    if (wants_group_bias()) kernels().axpy(factor, gradient, group_sum(batch_.group[row]) + column_begin, num_columns);
  }
  gemm(Transpose::kNo, tile_, Transpose::kNo, batch_.candidates.row_block(column_begin, column_end), 1, column_begin == 0 ? 0 : 1,
       d_logits_times_candidates_);
  gemm(Transpose::kYes, tile_, Transpose::kNo, scaled_queries_, 1, 1, d_candidates_.view().row_block(column_begin, column_end));
}

void Chunk::finish_queries() {
  for (std::size_t row = begin_; row < end_; ++row) {
    const auto sum = d_logits_times_candidates_.row(row - begin_);
    const auto query = batch_.queries.row(row);
    const auto d_query = gradients_->d_queries.row(row);
    const float factor = row_factors_[row - begin_];
    d_scale_ += double{factor} * kernels().dot(sum.data(), query.data(), sum.size());
    for (std::size_t d = 0; d < sum.size(); ++d) d_query[d] = factor * batch_.scale * sum[d];
  }
}

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
void add_chunks(const std::vector<Chunk>& chunks, SoftmaxGradients& gradients, ThreadPool& pool) {
  constexpr std::size_t kFloatsPerBlock = 8192;
  pool.for_blocks(gradients.d_candidates.size(), kFloatsPerBlock, [&](std::size_t begin, std::size_t end) {
    float* sum = gradients.d_candidates.data + begin;
    std::fill_n(sum, end - begin, 0.0f);
    for (const Chunk& chunk : chunks) kernels().add(chunk.d_candidates().data() + begin, sum, end - begin);
  });
  double d_scale = 0;
  for (const Chunk& chunk : chunks) {
    d_scale += chunk.d_scale();
    if (!chunk.wants_group_bias()) continue;
    const auto row = gradients.d_group_bias.row(chunk.first_group());
    kernels().add(chunk.d_first_group().data(), row.data(), row.size());
  }
  gradients.d_scale = static_cast<float>(d_scale);
}

}  // namespace

SoftmaxResult softmax_loss(const SoftmaxBatchView& batch, SoftmaxGradients* gradients, ThreadPool& pool) {
  check_shapes(batch, gradients);
  const Plan plan = make_plan(batch);
  if (gradients != nullptr && gradients->d_group_bias.data != nullptr)
    std::fill_n(gradients->d_group_bias.data, gradients->d_group_bias.size(), 0.0f);
  const std::vector<Matrix> transposed = transpose_candidates(batch.candidates, plan, pool);
  std::vector<Chunk> chunks(plan.num_chunks, Chunk(batch, plan, transposed, gradients));
  pool.run(chunks.size(), [&](std::size_t chunk) {
    const std::size_t begin = chunk * plan.rows_per_chunk;
    chunks[chunk].run(begin, std::min(batch.queries.rows, begin + plan.rows_per_chunk));
  });
  SoftmaxResult total;
  for (const Chunk& chunk : chunks) {
    total.loss += chunk.result().loss;
    total.weight += chunk.result().weight;
    total.num_correct += chunk.result().num_correct;
  }
  if (gradients != nullptr) add_chunks(chunks, *gradients, pool);
  return total;
}

}  // namespace gemel
