#include "gemel/models/stratified_pairs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

namespace gemel {
namespace {

InteractionRows every_third(std::uint32_t num_rows, std::uint32_t num_columns) {
  InteractionRows rows;
  for (std::uint32_t row = 0; row < num_rows; ++row) {
    for (std::uint32_t column = row % 3; column < num_columns; column += 3) {
      rows.columns.push_back(column);
      rows.values.push_back(static_cast<float>(row * 100 + column));
    }
    rows.offsets.push_back(rows.columns.size());
  }
  return rows;
}

TEST(StratifiedPairs, VisitEveryPairOnceAndNoRowOrColumnTwiceAtATime) {
  const InteractionRows rows = every_third(50, 70);
  StratifiedPairs pairs(rows, 80);
  ThreadPool pool(2);
  std::vector<std::vector<std::uint32_t>> orders;
  for (std::uint64_t epoch = 0; epoch < 2; ++epoch) {
    std::mutex mutex;
    std::map<std::size_t, std::vector<MatrixPair>> by_block;
    pairs.epoch(7, epoch, pool, [&](const StratifiedPairs::Block& block) {
      const std::lock_guard lock(mutex);
      by_block[block.number].assign(block.pairs.begin(), block.pairs.end());
      for (const MatrixPair& pair : block.pairs) {
        EXPECT_TRUE(std::ranges::binary_search(block.columns, pair.column));
        EXPECT_EQ(pair.value, static_cast<float>(pair.row * 100 + pair.column));
      }
    });
    std::map<std::uint32_t, std::size_t> row_block, column_block;
    std::vector<std::uint32_t> order;
    for (const auto& [number, block] : by_block) {
      for (const MatrixPair& pair : block) {
        order.push_back(pair.row * 100 + pair.column);
        EXPECT_EQ(row_block.emplace(pair.row, number / StratifiedPairs::kBlocks).first->second, number / StratifiedPairs::kBlocks);
        EXPECT_EQ(column_block.emplace(pair.column, number % StratifiedPairs::kBlocks).first->second, number % StratifiedPairs::kBlocks);
      }
    }
    EXPECT_EQ(std::set(order.begin(), order.end()).size(), rows.columns.size());
    EXPECT_EQ(order.size(), rows.columns.size());
    orders.push_back(order);
  }
  EXPECT_NE(orders[0], orders[1]);
}

}  // namespace
}  // namespace gemel
