// Embedding tables read through bags: row r of a batch takes the weighted sum of a few table rows. A single id is a bag of one,
// a tag set a bag of its tags, a history a bag of its items. Results do not depend on the number of threads.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gemel/numerics/bags.h"
#include "gemel/numerics/matrix.h"
#include "gemel/numerics/thread_pool.h"

namespace gemel {

// out[r, column .. column + dim) = sum of weight * table[row] over bag r; table [rows, dim], out [bags, at least column + dim].
// Other columns of out are left alone: features are written side by side into one wide matrix.
void embedding_bag_forward(ConstMatrixView table, const Bags& bags, MatrixView out, std::size_t column, ThreadPool& pool);

// One use of a table in a batch: its bags, and the gradient of the wide matrix they were written to, at `column`.
struct BagUseView {
  const Bags* bags;
  ConstMatrixView d_out;
  std::size_t column;
};

// Gradients of the table rows that were read, each once, in the order of their first use; with the scratch that finds them.
// Kept from step to step, it allocates only while it grows.
class RowGradients {
 public:
  // Sums the gradients of all uses of a table [num_table_rows, dim], several when towers share it. Entries of a row are added
  // in the order of uses, then bags, whatever the number of threads.
  void gather(std::span<const BagUseView> uses, std::size_t num_table_rows, std::size_t dim, ThreadPool& pool);
  // gather in two steps: finding and sorting on the calling thread, so that several tables can be prepared at the same time, then the sums.
  void prepare(std::span<const BagUseView> uses, std::size_t num_table_rows, std::size_t dim);
  void sum(ThreadPool& pool);

  std::span<const std::uint32_t> rows() const { return rows_; }  // unique
  ConstMatrixView values() const { return values_; }  // [rows, dim]

 private:
  void find_rows(std::span<const BagUseView> uses, std::size_t num_table_rows);
  void sort_entries(std::span<const BagUseView> uses);
  void cut_blocks();

  std::vector<std::uint32_t> rows_;
  Matrix values_;
  std::vector<std::uint32_t> slot_of_row_;  // [num_table_rows], position in rows_ + 1; 0: not seen; all 0 between calls
  std::vector<std::uint32_t> entry_begin_;  // [rows + 1]
  std::vector<const float*> entry_rows_;  // [entries] of [dim], inside d_out: valid until sum; sorted by slot, stable
  std::vector<float> entry_weights_;  // [entries]
  std::vector<std::uint32_t> block_begin_;  // slots where blocks of about equal numbers of entries begin
};

}  // namespace gemel
