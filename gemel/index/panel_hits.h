// What both ways of the exact search do with the panels that a scan kept of one query: panels ascending, kPanelWidth scores of each.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "gemel/index/vector_index.h"

namespace gemel {

inline constexpr float kSmallest = std::numeric_limits<float>::lowest();  // a score below it is none

// kNever for those of `excluded` (ascending) that lie before panel end_panel; they leave the span. Panels count from first_panel.
void strike_excluded(std::span<const std::uint32_t> panels, std::size_t first_panel, std::size_t end_panel,
                     std::span<const std::uint32_t>& excluded, float* scores);

// How many of `excluded` (ascending) are below end.
std::size_t num_before(std::span<const std::uint32_t> excluded, std::size_t end);

// Groups of candidates whose maxima tell what k of them reach: so many that few of the k best share one.
std::size_t num_groups(std::size_t k, std::size_t num_panels);

// A score that the k-th best reaches, k > 0; kSmallest when none is known. Each of the scores is in one of some groups; the k-th largest
// of their maxima is reached by k candidates. NaN counts as nothing. maxima: scratch.
float bound_of_best(std::span<const float> scores, std::size_t k, std::vector<float>& maxima);

}  // namespace gemel
