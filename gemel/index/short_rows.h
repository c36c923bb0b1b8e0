// Rows of 16 bits a value: half the memory of floats. A value is a whole number times its row's step, off by at most half a step, which is
// 1 / 65,534 of the row's largest magnitude; a score therefore by at most dim / 65,534 of the product of both largest magnitudes, and
// usually by the root of dim in place of dim. That holds where the largest magnitude of a row is above 1e-33 and that of a query below
// 1e30: a step must not lose digits, nor whole numbers times a query leave the floats. Thread safety: const after construction.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gemel/numerics/matrix.h"
#include "gemel/numerics/thread_pool.h"

namespace gemel {

class ShortRows {
 public:
  ShortRows() = default;
  // Of a row with a value that is infinite or no number, every score is NaN.
  ShortRows(ConstMatrixView rows, ThreadPool& pool);
  // values [steps.size(), dim], as values() and steps() gave them.
  ShortRows(std::span<const std::int16_t> values, std::span<const float> steps);

  std::size_t size() const { return steps_.size(); }
  std::size_t size_bytes() const { return values_.size() * sizeof(std::int16_t) + steps_.size() * sizeof(float); }
  std::span<const std::int16_t> values() const { return values_; }
  std::span<const float> steps() const { return steps_; }  // [size()]

  // The row is fetched, for a score to come.
  void prefetch(std::uint32_t row) const;
  // out[i] = <query, rows[which[i]]>, the same bits whatever is asked beside it.
  void score(std::span<const std::uint32_t> which, std::span<const float> query, float* out) const;

 private:
  std::size_t dim() const { return steps_.empty() ? 0 : values_.size() / steps_.size(); }

  std::vector<std::int16_t, AlignedAllocator<std::int16_t>> values_;  // [size, dim]
  std::vector<float> steps_;
};

}  // namespace gemel
