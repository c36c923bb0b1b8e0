#include "gemel/nn/softmax_chunk.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "gemel/numerics/kernels.h"

namespace gemel {
namespace {

constexpr std::size_t kRowTile = SoftmaxPlan::kRowTile, kColumnBlock = SoftmaxPlan::kColumnBlock;
constexpr std::size_t kMostColumnsKept = 32768;  // up to here a row tile's exponentials are kept for the gradient: 6 MiB
constexpr std::size_t kMostChunks = 16;          // partial sums of d_candidates, and of what else sums over the batch
constexpr std::size_t kMostPartialFloats = std::size_t{64} << 20;
constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

std::size_t divide_up(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

}  // namespace

SoftmaxPlan::SoftmaxPlan(const SoftmaxBatchView& batch)
    : padded_dim(divide_up(batch.queries.cols, kProductColumns) * kProductColumns),
      num_column_blocks(divide_up(batch.candidates.rows, kColumnBlock)),
      keeps_exponentials(batch.candidates.rows <= kMostColumnsKept) {
  const std::size_t affordable = std::max<std::size_t>(1, kMostPartialFloats / std::max<std::size_t>(1, batch.candidates.size()));
  const std::size_t num_row_tiles = divide_up(batch.queries.rows, kRowTile);
  const std::size_t wanted = std::min({num_row_tiles, kMostChunks, affordable});
  const std::size_t tiles_per_chunk = wanted == 0 ? 1 : divide_up(num_row_tiles, wanted);
  rows_per_chunk = tiles_per_chunk * kRowTile;
  num_chunks = divide_up(num_row_tiles, tiles_per_chunk);
}

void SoftmaxCandidates::copy(ConstMatrixView candidates, const SoftmaxPlan& plan, ThreadPool& pool) {
  rows.resize(plan.padded_columns(), plan.padded_dim);
  transposed.resize(plan.num_column_blocks * candidates.cols, kColumnBlock);
  pool.for_blocks(plan.num_column_blocks, 4, [&](std::size_t begin, std::size_t end) {
    for (std::size_t block = begin; block < end; ++block) {
      const std::size_t first = block * kColumnBlock, last = std::min(candidates.rows, first + kColumnBlock);
      for (std::size_t column = first; column < last; ++column) std::ranges::copy(candidates.row(column), rows.row(column).begin());
      for (std::size_t column = first; column < last; ++column) std::ranges::fill(rows.row(column).subspan(candidates.cols), 0.0f);
      for (std::size_t column = last; column < first + kColumnBlock; ++column) std::ranges::fill(rows.row(column), 0.0f);
      for (std::size_t d = 0; d < candidates.cols; ++d)
        for (std::size_t column = 0; column < kColumnBlock; ++column)
          transposed(block * candidates.cols + d, column) = rows(first + column, d);
    }
  });
}

Matrix SoftmaxTiles::take() {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) return Matrix();
  Matrix tile = std::move(free_.back());
  free_.pop_back();
  return tile;
}

void SoftmaxTiles::give(Matrix tile) {
  const std::lock_guard lock(mutex_);
  free_.push_back(std::move(tile));
}

void SoftmaxChunk::run(const SoftmaxTask& task, std::size_t begin, std::size_t end) {
  task_ = &task;
  result_ = {};
  d_scale_ = 0;
  is_first_tile_ = true;
  if (task.gradients != nullptr) d_candidates_.resize(plan().padded_columns(), plan().padded_dim);
  if (wants_group_bias()) {
    first_group_ = batch().group[begin];
    d_first_group_.assign(batch().candidates.rows, 0);
  }
  exponentials_ = task.tiles.take();
  exponentials_.resize(plan().keeps_exponentials ? plan().num_column_blocks : 1, kRowTile * kColumnBlock);
  for (std::size_t row = begin; row < end; row += kRowTile) run_tile(row, std::min(end, row + kRowTile));
  task.tiles.give(std::move(exponentials_));
  exponentials_ = Matrix();
}

void SoftmaxChunk::run_tile(std::size_t begin, std::size_t end) {
  begin_ = begin;
  end_ = end;
  positive_logit_.assign(num_rows(), 0);
  largest_other_.assign(num_rows(), kMinusInfinity);
  shift_.assign(num_rows(), kMinusInfinity);
  sum_others_.assign(num_rows(), 0);
  sum_again_.assign(num_rows(), 0);
  rescale_.resize(num_rows());
  scale_queries();
  combine_biases();
  find_specials();
  for (std::size_t block = 0; block < plan().num_column_blocks; ++block) make_exponentials(block, sum_others_);
  add_loss();
  if (task_->gradients == nullptr) return;
  weigh_queries();
  d_logits_times_candidates_.resize(num_rows(), plan().padded_dim);
  for (std::size_t block = 0; block < plan().num_column_blocks; ++block) {
    finish_exponentials(block);
    add_gradients(block);
  }
  finish_queries();
  is_first_tile_ = false;
}

void SoftmaxChunk::scale_queries() {
  queries_.resize(num_rows(), plan().padded_dim);
  for (std::size_t row = begin_; row < end_; ++row) {
    const auto query = batch().queries.row(row);
    const auto scaled = queries_.row(row - begin_);
    for (std::size_t d = 0; d < query.size(); ++d) scaled[d] = batch().scale * query[d];
    std::fill(scaled.begin() + static_cast<std::ptrdiff_t>(query.size()), scaled.end(), 0.0f);
  }
}

void SoftmaxChunk::combine_biases() {
  const bool has_groups = batch().group_bias.data != nullptr;
  const auto group_of = [&](std::size_t row) { return has_groups ? batch().group[row] : 0; };
  std::size_t num_groups = 1;
  for (std::size_t row = begin_ + 1; row < end_; ++row) num_groups += group_of(row) != group_of(row - 1);
  biases_.resize(num_groups, plan().padded_columns());
  bias_of_row_.resize(num_rows());
  std::size_t group = 0;
  for (std::size_t row = begin_; row < end_; ++row) {
    const bool is_new = row == begin_ || group_of(row) != group_of(row - 1);
    group += is_new && row > begin_;
    const auto bias = biases_.row(group);
    bias_of_row_[row - begin_] = bias.data();
    if (!is_new) continue;
    std::ranges::copy(batch().column_bias, bias.begin());
    std::ranges::fill(bias.subspan(batch().column_bias.size()), kMinusInfinity);
    if (has_groups) kernels().add(batch().group_bias.row(group_of(row)).data(), bias.data(), batch().group_bias.cols);
  }
}

// A stable counting sort by block: biases come before what is taken out.
void SoftmaxChunk::find_specials() {
  unsorted_specials_.clear();
  specials_begin_.assign(plan().num_column_blocks + 1, 0);
  const auto push = [&](std::size_t row, std::uint32_t column, std::size_t entry, Special::Kind kind) {
    const auto block = static_cast<std::uint32_t>(column / kColumnBlock);
    unsorted_specials_.push_back({block, static_cast<std::uint32_t>(column % kColumnBlock), static_cast<std::uint32_t>(row - begin_),
                                  static_cast<std::uint32_t>(entry), kind});
    ++specials_begin_[block + 1];
  };
  for (std::size_t row = begin_; row < end_ && !batch().row_bias_offsets.empty(); ++row)
    for (std::size_t e = batch().row_bias_offsets[row]; e < batch().row_bias_offsets[row + 1]; ++e)
      push(row, batch().row_bias_columns[e], e, Special::Kind::kBias);
  for (std::size_t row = begin_; row < end_; ++row) push(row, batch().positive[row], 0, Special::Kind::kPositive);
  for (std::size_t row = begin_; row < end_ && !batch().masked_offsets.empty(); ++row)
    for (std::size_t i = batch().masked_offsets[row]; i < batch().masked_offsets[row + 1]; ++i)
      if (batch().masked_columns[i] != batch().positive[row]) push(row, batch().masked_columns[i], 0, Special::Kind::kMasked);
  for (std::size_t block = 0; block < plan().num_column_blocks; ++block) specials_begin_[block + 1] += specials_begin_[block];
  specials_.resize(unsorted_specials_.size());
  for (const Special& special : unsorted_specials_) specials_[specials_begin_[special.block]++] = special;
  for (std::size_t block = plan().num_column_blocks; block > 0; --block) specials_begin_[block] = specials_begin_[block - 1];
  specials_begin_[0] = 0;
}

std::span<const SoftmaxChunk::Special> SoftmaxChunk::specials_of(std::size_t block) const {
  return std::span(specials_).subspan(specials_begin_[block], specials_begin_[block + 1] - specials_begin_[block]);
}

std::size_t SoftmaxChunk::num_columns_of(std::size_t block) const {
  return std::min(kColumnBlock, batch().candidates.rows - block * kColumnBlock);
}

float* SoftmaxChunk::exponentials(std::size_t block) { return exponentials_.row(plan().keeps_exponentials ? block : 0).data(); }

// Without the bias that many rows share; minus infinity for the positive, whose logit is noted, and for masked columns.
void SoftmaxChunk::make_logits(std::size_t block) {
  const std::size_t dim = batch().queries.cols;
  float* logits = exponentials(block);
  kernels().tile_product({.a = queries_.data(),
                          .a_stride = plan().padded_dim,
                          .b = task_->candidates.transposed.row(block * dim).data(),
                          .b_stride = kColumnBlock,
                          .c = logits,
                          .c_stride = kColumnBlock,
                          .m = num_rows(),
                          .k = dim,
                          .n = kColumnBlock});
  for (const Special& special : specials_of(block)) take_out(special, block, logits[special.row * kColumnBlock + special.column]);
}

void SoftmaxChunk::take_out(const Special& special, std::size_t block, float& logit) {
  if (special.kind == Special::Kind::kBias) {
    logit += batch().row_bias[special.entry];
    return;
  }
  if (special.kind == Special::Kind::kPositive) {
    const std::size_t row = begin_ + special.row, column = block * kColumnBlock + special.column;
    const float prior = batch().group_bias.data == nullptr ? 0 : batch().group_bias.row(batch().group[row])[column];
    positive_logit_[special.row] = logit + batch().positive_bias[row] + prior;
  }
  logit = kMinusInfinity;
}

// Online logsumexp (Milakov, Gimelshein 2018): a much larger maximum rescales what was made before.
void SoftmaxChunk::make_exponentials(std::size_t block, std::span<double> sums) {
  make_logits(block);
  const float* bias[kRowTile];
  for (std::size_t row = 0; row < num_rows(); ++row) bias[row] = bias_of_row_[row] + block * kColumnBlock;
  const bool has_moved = kernels().exp_tile({.x = exponentials(block),
                                             .num_rows = num_rows(),
                                             .num_columns = kColumnBlock,
                                             .bias = bias,
                                             .largest = largest_other_.data(),
                                             .shift = shift_.data(),
                                             .sum = sums.data(),
                                             .rescale = rescale_.data()});
  if (!has_moved || !plan().keeps_exponentials) return;
  for (std::size_t earlier = 0; earlier < block; ++earlier)
    for (std::size_t row = 0; row < num_rows(); ++row)
      if (rescale_[row] != 1) kernels().scale(rescale_[row], exponentials(earlier) + row * kColumnBlock, kColumnBlock);
}

// With S = sum_others relative to a shift m and positive logit p: the positive's chance is exp(p) / (exp(p) + S exp(m)). The gradient of
// the loss by another logit l is factor * exp(l - m), by the positive's -factor * S: no difference of nearly equal numbers.
void SoftmaxChunk::add_loss() {
  factor_.resize(num_rows());
  for (std::size_t row = 0; row < num_rows(); ++row) {
    const double weight = batch().row_weight[begin_ + row], positive = positive_logit_[row];
    const double shift = shift_[row] == kMinusInfinity ? 0 : shift_[row] * std::numbers::ln2;
    const double largest = std::max<double>(largest_other_[row], positive);
    const double others_scale = std::exp(shift - largest);
    const double denominator = sum_others_[row] * others_scale + std::exp(positive - largest);
    result_.loss += weight * (largest + std::log(denominator) - positive);
    result_.weight += weight;
    result_.num_correct += positive >= largest_other_[row];
    factor_[row] = static_cast<float>(weight * others_scale / denominator);
  }
}

void SoftmaxChunk::weigh_queries() {
  weighted_queries_.resize(num_rows(), plan().padded_dim);
  std::copy_n(queries_.data(), queries_.size(), weighted_queries_.data());
  for (std::size_t row = 0; row < num_rows(); ++row) kernels().scale(factor_[row], weighted_queries_.row(row).data(), plan().padded_dim);
}

// Puts the gradient in the place of the positive and hands on that of row biases.
void SoftmaxChunk::finish_exponentials(std::size_t block) {
  if (!plan().keeps_exponentials) make_exponentials(block, sum_again_);
  float* gradient = exponentials(block);
  for (const Special& special : specials_of(block)) {
    if (special.kind == Special::Kind::kPositive)
      gradient[special.row * kColumnBlock + special.column] = static_cast<float>(-sum_others_[special.row]);
  }
  if (task_->gradients->d_row_bias.empty()) return;
  for (const Special& special : specials_of(block)) {
    if (special.kind == Special::Kind::kBias)
      task_->gradients->d_row_bias[special.entry] = factor_[special.row] * gradient[special.row * kColumnBlock + special.column];
  }
}

float* SoftmaxChunk::group_sum(std::size_t group) {
  return group == first_group_ ? d_first_group_.data() : task_->gradients->d_group_bias.row(group).data();
}

void SoftmaxChunk::add_group_gradients(std::size_t block) {
  const float* rows[kRowTile];
  for (std::size_t row = 0; row < num_rows(); ++row) rows[row] = exponentials(block) + row * kColumnBlock;
  for (std::size_t row = 0; row < num_rows();) {
    const std::uint32_t group = batch().group[begin_ + row];
    const std::size_t first = row;
    while (row < num_rows() && batch().group[begin_ + row] == group) ++row;
    float sum[kColumnBlock];
    kernels().sum_rows(rows + first, factor_.data() + first, row - first, sum, kColumnBlock);
    kernels().add(sum, group_sum(group) + block * kColumnBlock, num_columns_of(block));
  }
}

void SoftmaxChunk::add_gradients(std::size_t block) {
  if (wants_group_bias()) add_group_gradients(block);
  const TileProduct d_queries{.a = exponentials(block),
                              .a_stride = kColumnBlock,
                              .b = task_->candidates.rows.row(block * kColumnBlock).data(),
                              .b_stride = plan().padded_dim,
                              .c = d_logits_times_candidates_.data(),
                              .c_stride = plan().padded_dim,
                              .m = num_rows(),
                              .k = kColumnBlock,
                              .n = plan().padded_dim,
                              .add = block > 0};
  kernels().tile_product(d_queries);
  const TileProduct d_candidates{.a = exponentials(block),
                                 .a_stride = kColumnBlock,
                                 .b = weighted_queries_.data(),
                                 .b_stride = plan().padded_dim,
                                 .c = d_candidates_.row(block * kColumnBlock).data(),
                                 .c_stride = plan().padded_dim,
                                 .m = kColumnBlock,
                                 .k = num_rows(),
                                 .n = plan().padded_dim,
                                 .a_is_transposed = true,
                                 .add = !is_first_tile_};
  kernels().tile_product(d_candidates);
}

void SoftmaxChunk::finish_queries() {
  for (std::size_t row = begin_; row < end_; ++row) {
    const auto sum = d_logits_times_candidates_.row(row - begin_);
    const auto query = batch().queries.row(row);
    const auto d_query = task_->gradients->d_queries.row(row);
    const float factor = factor_[row - begin_];
    d_scale_ += double{factor} * kernels().dot(sum.data(), query.data(), query.size());
    for (std::size_t d = 0; d < query.size(); ++d) d_query[d] = factor * batch().scale * sum[d];
  }
}

}  // namespace gemel
