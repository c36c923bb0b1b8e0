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
    for (std::size_t bag = begin; bag < end; ++bag) {
      float* sum = out.row(bag).data() + column;
      std::fill_n(sum, dim, 0.0f);
      for (std::size_t entry = bags.offsets[bag]; entry < bags.offsets[bag + 1]; ++entry) {
        GEMEL_CHECK(bags.rows[entry] < table.rows, "embedding_bag_forward: row outside the table");
        kernels().axpy(weight_of(bags, entry), table.row(bags.rows[entry]).data(), sum, dim);
      }
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
  entries_.resize(entry_begin_.back());
  for (const BagUseView& use : uses)
    for (std::size_t bag = 0; bag < use.bags->size(); ++bag)
      for (std::size_t entry = use.bags->offsets[bag]; entry < use.bags->offsets[bag + 1]; ++entry) {
        const std::size_t slot = slot_of_row_[use.bags->rows[entry]] - 1;
        entries_[entry_begin_[slot]++] = {use.d_out.row(bag).data() + use.column, weight_of(*use.bags, entry)};
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

void RowGradients::gather(std::span<const BagUseView> uses, std::size_t num_table_rows, std::size_t dim, ThreadPool& pool) {
  for (const BagUseView& use : uses)
    GEMEL_CHECK(use.d_out.rows == use.bags->size() && use.column + dim <= use.d_out.cols, "RowGradients: d_out does not fit");
  find_rows(uses, num_table_rows);
  sort_entries(uses);
  cut_blocks();
  values_.resize(rows_.size(), dim);
  pool.run(block_begin_.size() - 1, [&](std::size_t block) {
    for (std::size_t slot = block_begin_[block]; slot < block_begin_[block + 1]; ++slot) {
      float* sum = values_.row(slot).data();
      std::fill_n(sum, dim, 0.0f);
      for (std::size_t i = entry_begin_[slot]; i < entry_begin_[slot + 1]; ++i)
        kernels().axpy(entries_[i].weight, entries_[i].gradient, sum, dim);
    }
  });
}

}  // namespace gemel
