// Pairs of a matrix in an order by which threads can take gradient steps at the same time and yet give the same bits for any number of them
// (Gemulla et al., "Large-Scale Matrix Factorization with Distributed Stochastic Gradient Descent", KDD 2011, section 3): rows and columns
// are cut into kBlocks blocks each, and at any time the blocks of pairs that are worked on share no row and no column.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "gemel/models/interactions.h"
#include "gemel/numerics/thread_pool.h"

namespace gemel {

struct MatrixPair {
  std::uint32_t row;
  std::uint32_t column;
  float value;
};

class StratifiedPairs {
 public:
  static constexpr std::size_t kBlocks = 8;

  // Borrows `rows` as long as it lives.
  StratifiedPairs(const InteractionRows& rows, std::size_t num_columns);

  struct Block {
    std::size_t number;  // of kBlocks^2, as long as the order lasts
    std::span<const MatrixPair> pairs;
    std::span<const std::uint32_t> columns;  // of this block of columns, those with any pair
  };
  // Cuts and orders the pairs anew, then visits every block once; blocks that run at the same time share nothing.
  void epoch(std::uint64_t seed, std::uint64_t number, ThreadPool& pool, const std::function<void(const Block&)>& visit);

 private:
  void cut(std::uint64_t seed, std::uint64_t number);

  const InteractionRows& rows_;
  std::vector<std::uint32_t> columns_;  // with any pair
  std::vector<MatrixPair> pairs_;  // by block
  std::vector<std::size_t> offsets_;  // [kBlocks^2 + 1]
  std::vector<std::vector<std::uint32_t>> column_blocks_;
};

}  // namespace gemel
