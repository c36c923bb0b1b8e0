// Some consecutive rows of a softmax (softmax_loss.h), worked on one thread; their sums are kept apart until all are added in order.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "gemel/nn/softmax_loss.h"

namespace gemel {

// How the batch is cut; follows from its shape alone.
struct SoftmaxPlan {
  static constexpr std::size_t kRowTile = 48, kColumnBlock = 96;  // multiples of what the kernels keep in registers; a tile is 18 KiB

  explicit SoftmaxPlan(const SoftmaxBatchView& batch);

  std::size_t padded_dim;          // a multiple of kProductColumns
  std::size_t num_column_blocks;
  std::size_t rows_per_chunk;
  std::size_t num_chunks;
  bool keeps_exponentials;  // of a row tile until its gradient; else they are made twice

  std::size_t padded_columns() const { return num_column_blocks * kColumnBlock; }
};

// The candidates as the products want them, padded by zeros.
struct SoftmaxCandidates {
  void copy(ConstMatrixView candidates, const SoftmaxPlan& plan, ThreadPool& pool);

  Matrix rows;        // [padded columns, padded dim]
  Matrix transposed;  // [column blocks * dim, kColumnBlock]
};

// Tiles of exponentials, one for each thread that is at work.
class SoftmaxTiles {
 public:
  Matrix take();
  void give(Matrix tile);

 private:
  std::mutex mutex_;
  std::vector<Matrix> free_;
};

// What the chunks of a batch share; gradients may be null.
struct SoftmaxTask {
  const SoftmaxBatchView& batch;
  const SoftmaxPlan& plan;
  const SoftmaxCandidates& candidates;
  SoftmaxGradients* gradients;
  SoftmaxTiles& tiles;
};

class SoftmaxChunk {
 public:
  void run(const SoftmaxTask& task, std::size_t begin, std::size_t end);

  const SoftmaxResult& result() const { return result_; }
  double d_scale() const { return d_scale_; }
  const Matrix& d_candidates() const { return d_candidates_; }  // [padded columns, padded dim]
  // Groups may straddle chunks: the first one's sum is kept apart.
  std::size_t first_group() const { return first_group_; }
  std::span<const float> d_first_group() const { return d_first_group_; }

 private:
  // What is particular about a logit of the tile.
  struct Special {
    enum class Kind : std::uint8_t { kBias, kPositive, kMasked };
    std::uint32_t block, column;  // a column of the block
    std::uint32_t row;            // of the tile
    std::uint32_t entry;          // of row_bias
    Kind kind;
  };

  void run_tile(std::size_t begin, std::size_t end);
  void scale_queries();
  void combine_biases();
  void find_specials();
  std::span<const Special> specials_of(std::size_t block) const;
  void make_logits(std::size_t block);
  void take_out(const Special& special, std::size_t block, float& logit);
  void make_exponentials(std::size_t block, std::span<double> sums);
  void add_loss();
  void weigh_queries();
  void finish_exponentials(std::size_t block);
  void add_group_gradients(std::size_t block);
  void add_gradients(std::size_t block);
  void finish_queries();

  std::size_t num_rows() const { return end_ - begin_; }
  std::size_t num_columns_of(std::size_t block) const;
  float* exponentials(std::size_t block);  // [rows, kColumnBlock]
  float* group_sum(std::size_t group);

  bool wants_group_bias() const { return task_->gradients != nullptr && task_->gradients->d_group_bias.data != nullptr; }
  const SoftmaxBatchView& batch() const { return task_->batch; }
  const SoftmaxPlan& plan() const { return task_->plan; }

  const SoftmaxTask* task_ = nullptr;  // while it runs
  std::size_t begin_ = 0, end_ = 0;  // rows of the tile at work
  Matrix queries_;                   // [rows, padded dim], times scale
  Matrix weighted_queries_;          // [rows, padded dim], times scale and factor
  Matrix exponentials_;              // [column blocks kept, kRowTile * kColumnBlock]
  Matrix biases_;                    // [groups of the tile, padded columns]: column_bias + the group's; -infinity beyond the candidates
  std::vector<const float*> bias_of_row_;
  std::vector<Special> specials_, unsorted_specials_;  // by block
  std::vector<std::uint32_t> specials_begin_;          // [column blocks + 1]
  // Of each row of the tile. "Others" are all candidates but the positive and the masked ones.
  std::vector<float> positive_logit_, largest_other_, shift_, factor_, rescale_;
  std::vector<double> sum_others_;  // of 2^(log2(e) * logit - shift)
  std::vector<double> sum_again_;   // where exponentials are made twice
  Matrix d_logits_times_candidates_;  // [rows, padded dim]
  bool is_first_tile_ = true;
  SoftmaxResult result_;
  double d_scale_ = 0;
  Matrix d_candidates_;
  std::size_t first_group_ = 0;
  std::vector<float> d_first_group_;
};

struct SoftmaxScratch::State {
  SoftmaxCandidates candidates;
  SoftmaxTiles tiles;
  std::vector<SoftmaxChunk> chunks;
};

}  // namespace gemel
