#include "gemel/index/panel_hits.h"

#include <algorithm>
#include <functional>

#include "gemel/numerics/kernels.h"

namespace gemel {

void strike_excluded(std::span<const std::uint32_t> panels, std::size_t first_panel, std::size_t end_panel,
                     std::span<const std::uint32_t>& excluded, float* scores) {
  const std::size_t end = end_panel * kPanelWidth;
  for (; !excluded.empty() && excluded.front() < end; excluded = excluded.subspan(1)) {
    const auto panel = static_cast<std::uint32_t>(excluded.front() / kPanelWidth - first_panel);
    const auto hit = std::lower_bound(panels.begin(), panels.end(), panel);
    if (hit == panels.end() || *hit != panel) continue;
    scores[static_cast<std::size_t>(hit - panels.begin()) * kPanelWidth + excluded.front() % kPanelWidth] = kNever;
  }
}

float bound_of_best(std::span<const float> scores, std::size_t k, std::vector<float>& maxima) {
  const std::size_t num_groups = std::min(scores.size(), (4 * k + kPanelWidth - 1) / kPanelWidth * kPanelWidth);
  if (num_groups < k) return kSmallest;
  maxima.assign(num_groups, kSmallest);
  kernels().fold_maxima(scores.data(), scores.size(), maxima.data(), num_groups);
  const auto kth = maxima.begin() + static_cast<std::ptrdiff_t>(k - 1);
  std::nth_element(maxima.begin(), kth, maxima.end(), std::greater<>());
  return *kth;
}

}  // namespace gemel
