#include "gemel/models/stratified_pairs.h"

#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

std::size_t block_of(std::uint64_t salt, std::uint32_t index) { return splitmix64(salt ^ index) % StratifiedPairs::kBlocks; }

}  // namespace

StratifiedPairs::StratifiedPairs(const InteractionRows& rows, std::size_t num_columns)
    : rows_(rows), pairs_(rows.columns.size()), column_blocks_(kBlocks) {
  std::vector<std::uint8_t> has_pair(num_columns);
  for (const std::uint32_t column : rows.columns) has_pair[column] = 1;
  for (std::uint32_t column = 0; column < num_columns; ++column) {
    if (has_pair[column] != 0) columns_.push_back(column);
  }
}

void StratifiedPairs::cut(std::uint64_t seed, std::uint64_t number) {
  Rng rng(seed, number);
  const std::uint64_t row_salt = rng.next(), column_salt = rng.next();
  for (auto& block : column_blocks_) block.clear();
  for (const std::uint32_t column : columns_) column_blocks_[block_of(column_salt, column)].push_back(column);
  const auto for_each_pair = [&](const auto& visit) {
    for (std::uint32_t row = 0; row < rows_.size(); ++row) {
      const std::size_t row_block = block_of(row_salt, row);
      for (std::size_t n = rows_.offsets[row]; n < rows_.offsets[row + 1]; ++n) {
        visit(row_block * kBlocks + block_of(column_salt, rows_.columns[n]), MatrixPair{row, rows_.columns[n], rows_.values[n]});
      }
    }
  };
  offsets_.assign(kBlocks * kBlocks + 1, 0);
  for_each_pair([&](std::size_t block, const MatrixPair&) { ++offsets_[block + 1]; });
  for (std::size_t block = 0; block + 1 < offsets_.size(); ++block) offsets_[block + 1] += offsets_[block];
  std::vector<std::size_t> next(offsets_.begin(), offsets_.end() - 1);
  for_each_pair([&](std::size_t block, const MatrixPair& pair) { pairs_[next[block]++] = pair; });
}

void StratifiedPairs::epoch(std::uint64_t seed, std::uint64_t number, ThreadPool& pool, const std::function<void(const Block&)>& visit) {
  cut(seed, number);
  for (std::size_t shift = 0; shift < kBlocks; ++shift) {
    pool.run(kBlocks, [&](std::size_t row_block) {
      const std::size_t column_block = (row_block + shift) % kBlocks, block = row_block * kBlocks + column_block;
      const std::span<MatrixPair> pairs = std::span(pairs_).subspan(offsets_[block], offsets_[block + 1] - offsets_[block]);
      Rng(seed ^ splitmix64(number), block).shuffle(pairs);
      visit({block, pairs, column_blocks_[column_block]});
    });
  }
}

}  // namespace gemel
