#include "gemel/index/panel_hits.h"

#include <algorithm>

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

std::size_t num_before(std::span<const std::uint32_t> excluded, std::size_t end) {
  return static_cast<std::size_t>(std::ranges::lower_bound(excluded, end) - excluded.begin());
}

std::size_t num_groups(std::size_t k, std::size_t num_panels) {
  return std::min(num_panels, (4 * k + kPanelWidth - 1) / kPanelWidth) * kPanelWidth;
}

float bound_of_best(std::span<const float> scores, std::size_t k, std::vector<float>& maxima) {
  maxima.assign(num_groups(k, scores.size() / kPanelWidth), kSmallest);
  kernels().fold_maxima(scores.data(), scores.size(), maxima.data(), maxima.size());
  return kernels().value_reached_by(k, maxima.data(), maxima.size());
}

}  // namespace gemel
