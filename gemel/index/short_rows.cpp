#include "gemel/index/short_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gemel/numerics/kernels.h"
#include "gemel/numerics/prefetch.h"

namespace gemel {
namespace {

constexpr float kLargest = 32767;
constexpr std::size_t kRowsPerBlock = 1024;

}  // namespace

ShortRows::ShortRows(ConstMatrixView rows, ThreadPool& pool) : values_(rows.size()), steps_(rows.rows) {
  pool.for_blocks(rows.rows, kRowsPerBlock, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      const std::span<const float> values = rows.row(row);
      const float step = kernels().largest_magnitude(values.data(), rows.cols) / kLargest;
      steps_[row] = std::isfinite(step) ? step : std::numeric_limits<float>::quiet_NaN();
      if (!std::isfinite(step) || step == 0) continue;
      // Where even the largest is nearly nothing, a value may be too large for its step.
      for (std::size_t d = 0; d < rows.cols; ++d)
        values_[row * rows.cols + d] = static_cast<std::int16_t>(std::clamp(std::nearbyint(values[d] / step), -kLargest, kLargest));
    }
  });
}

ShortRows::ShortRows(std::span<const std::int16_t> values, std::span<const float> steps)
    : values_(values.begin(), values.end()), steps_(steps.begin(), steps.end()) {}

void ShortRows::prefetch(std::uint32_t row) const { gemel::prefetch(values().subspan(row * dim(), dim())); }

void ShortRows::score(std::span<const std::uint32_t> which, std::span<const float> query, float* out) const {
  kernels().score_short_rows(values_.data(), which.data(), which.size(), query.data(), query.size(), out);
  for (std::size_t i = 0; i < which.size(); ++i) out[i] *= steps_[which[i]];
}

}  // namespace gemel
