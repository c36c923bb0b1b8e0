// Spearman's rank correlation, ties at the mean of their ranks, and its partial form. Thread safety: pure functions.
#pragma once

#include <span>
#include <vector>

namespace gemel {

std::vector<double> mean_ranks(std::span<const double> values);

// Of two lists of equal length; 0 where one of them is constant or shorter than 2.
double rank_correlation(std::span<const double> a, std::span<const double> b);

// Of a and b with what both share with c taken out of each (first-order partial correlation of the ranks).
double partial_rank_correlation(std::span<const double> a, std::span<const double> b, std::span<const double> c);

}  // namespace gemel
