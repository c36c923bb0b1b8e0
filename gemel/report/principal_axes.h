// The two directions in which rows differ most (principal components), by power iteration on the covariance matrix: deterministic, and
// plenty for a drawing. Thread safety: pure.
#pragma once

#include <array>
#include <vector>

#include "gemel/numerics/matrix.h"

namespace gemel::report {

using Point = std::array<double, 2>;

// Coordinates of each row along both axes, around the mean row. The largest entry of an axis is positive, so that the drawing does not
// flip.
std::vector<Point> along_principal_axes(ConstMatrixView rows);

}  // namespace gemel::report
