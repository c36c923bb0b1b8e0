#include "gemel/nn/embedding_bag.h"

#include <algorithm>

#include "gemel/numerics/kernels.h"

namespace gemel {
namespace {
constexpr std::size_t kBagsPerBlock = 64;
constexpr std::size_t kEntriesPerBlock = 1024;

float weight_of(const Bags& bags, std::size_t entry) { return bags.weights.empty() ? 1 : bags.weights[entry]; }
}  // namespace

void embedding_bag_forward(ConstMatrixView table, const Bags& bags, MatrixView out, std::size_t column, ThreadPool& pool) {
  const std::size_t dim = table.cols;
  GEMEL_CHECK(out.rows == bags.size() && column + dim <= out.cols, "embedding_bag_forward: out does not fit");
  GEMEL_CHECK(bags.weights.empty() || bags.weights.size() == bags.rows.size(), "embedding_bag_forward: a weight for each row");
  pool.for_blocks(bags.size(), kBagsPerBlock, [&](std::size_t begin, std::size_t end) {
    std::vector<const float*> rows;
    std::vector<float> weights;
    for (std::size_t bag = begin; bag < end; ++bag) {
      rows.clear();
      weights.clear();
      for (std::size_t entry = bags.offsets[bag]; entry < bags.offsets[bag + 1]; ++entry) {
        GEMEL_CHECK(bags.rows[entry] < table.rows, "embedding_bag_forward: row outside the table");
        rows.push_back(table.row(bags.rows[entry]).data());
        weights.push_back(weight_of(bags, entry));
      }
      kernels().sum_rows(rows.data(), weights.data(), rows.size(), out.row(bag).data() + column, dim);
    }
  });
}

// Numbers the rows by first use and counts their entries; entry_begin_ then tells where each row's entries lie.
void RowGradients::find_rows(std::span<const BagUseView> uses, std::size_t num_table_rows) {
  if (slot_of_row_.size() < num_table_rows) slot_of_row_.resize(num_table_rows, 0);
  rows_.clear();
  entry_begin_.assign(1, 0);
  for (const BagUseView& use : uses)
    for (const std::uint32_t row : use.bags->rows) {
      GEMEL_CHECK(row < num_table_rows, "RowGradients: row outside the table");
      std::uint32_t& slot = slot_of_row_[row];
      if (slot == 0) {
        rows_.push_back(row);
        entry_begin_.push_back(0);
        slot = static_cast<std::uint32_t>(rows_.size());
      }
      ++entry_begin_[slot];
    }
  for (std::size_t slot = 0; slot < rows_.size(); ++slot) entry_begin_[slot + 1] += entry_begin_[slot];
}

// A stable counting sort by slot. While it runs, entry_begin_[slot] is where the slot's next entry goes.
void RowGradients::sort_entries(std::span<const BagUseView> uses) {
  entry_rows_.resize(entry_begin_.back());
  entry_weights_.resize(entry_begin_.back());
  for (const BagUseView& use : uses)
    for (std::size_t bag = 0; bag < use.bags->size(); ++bag)
      for (std::size_t entry = use.bags->offsets[bag]; entry < use.bags->offsets[bag + 1]; ++entry) {
        const std::size_t slot = slot_of_row_[use.bags->rows[entry]] - 1;
        const std::size_t place = entry_begin_[slot]++;
        entry_rows_[place] = use.d_out.row(bag).data() + use.column;
        entry_weights_[place] = weight_of(*use.bags, entry);
      }
  for (std::size_t slot = rows_.size(); slot > 0; --slot) entry_begin_[slot] = entry_begin_[slot - 1];
  entry_begin_[0] = 0;
  for (const std::uint32_t row : rows_) slot_of_row_[row] = 0;
}

void RowGradients::cut_blocks() {
  block_begin_.assign(1, 0);
  for (std::size_t slot = 0; slot < rows_.size(); ++slot)
    if (entry_begin_[slot + 1] - entry_begin_[block_begin_.back()] >= kEntriesPerBlock)
      block_begin_.push_back(static_cast<std::uint32_t>(slot + 1));
  if (block_begin_.back() != rows_.size()) block_begin_.push_back(static_cast<std::uint32_t>(rows_.size()));
}

void RowGradients::prepare(std::span<const BagUseView> uses, std::size_t num_table_rows, std::size_t dim) {
  for (const BagUseView& use : uses)
    GEMEL_CHECK(use.d_out.rows == use.bags->size() && use.column + dim <= use.d_out.cols, "RowGradients: d_out does not fit");
  find_rows(uses, num_table_rows);
  sort_entries(uses);
  cut_blocks();
  values_.resize(rows_.size(), dim);
}

void RowGradients::sum(ThreadPool& pool) {
  pool.run(block_begin_.size() - 1, [&](std::size_t block) {
    for (std::size_t slot = block_begin_[block]; slot < block_begin_[block + 1]; ++slot) {
      const std::size_t begin = entry_begin_[slot];
      kernels().sum_rows(entry_rows_.data() + begin, entry_weights_.data() + begin, entry_begin_[slot + 1] - begin,
                         values_.row(slot).data(), values_.cols());
    }
  });
}

void RowGradients::gather(std::span<const BagUseView> uses, std::size_t num_table_rows, std::size_t dim, ThreadPool& pool) {
  prepare(uses, num_table_rows, dim);
  sum(pool);
}

}  // namespace gemel
