#include "gemel/report/principal_axes.h"

#include <algorithm>
#include <cmath>

namespace gemel::report {
namespace {

using Vector = std::vector<double>;

constexpr int kIterations = 200;

Vector mean_of(ConstMatrixView rows) {
  Vector mean(rows.cols, 0);
  for (std::size_t r = 0; r < rows.rows; ++r)
    for (std::size_t c = 0; c < rows.cols; ++c) mean[c] += rows.row(r)[c];
  for (double& value : mean) value /= static_cast<double>(rows.rows);
  return mean;
}

// [cols, cols]
Vector covariance_of(ConstMatrixView rows, const Vector& mean) {
  Vector covariance(rows.cols * rows.cols, 0), centred(rows.cols);
  for (std::size_t r = 0; r < rows.rows; ++r) {
    for (std::size_t c = 0; c < rows.cols; ++c) centred[c] = rows.row(r)[c] - mean[c];
    for (std::size_t a = 0; a < rows.cols; ++a)
      for (std::size_t b = 0; b < rows.cols; ++b) covariance[a * rows.cols + b] += centred[a] * centred[b];
  }
  return covariance;
}

double dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

void remove_part_along(const Vector& axis, Vector& vector) {
  const double along = dot(axis, vector);
  for (std::size_t i = 0; i < vector.size(); ++i) vector[i] -= along * axis[i];
}

// Length 1 with a positive largest entry; all zero when nothing is left of it.
void settle(Vector& axis) {
  const auto largest = std::ranges::max_element(axis, {}, [](double value) { return std::abs(value); });
  const double length = std::sqrt(dot(axis, axis));
  const double factor = length < 1e-12 ? 0 : (*largest < 0 ? -1 : 1) / length;
  for (double& value : axis) value *= factor;
}

// Of the covariance, orthogonal to `earlier` (which may be empty).
Vector leading_axis(const Vector& covariance, std::size_t dim, const Vector& earlier) {
  Vector axis(dim), next(dim);
  for (std::size_t i = 0; i < dim; ++i) axis[i] = 1 + 1 / static_cast<double>(i + 2);  // no symmetry that could hide a direction
  for (int iteration = 0; iteration < kIterations; ++iteration) {
    if (!earlier.empty()) remove_part_along(earlier, axis);
    settle(axis);
    for (std::size_t a = 0; a < dim; ++a) {
      next[a] = 0;
      for (std::size_t b = 0; b < dim; ++b) next[a] += covariance[a * dim + b] * axis[b];
    }
    std::swap(axis, next);
  }
  if (!earlier.empty()) remove_part_along(earlier, axis);
  settle(axis);
  return axis;
}

}  // namespace

std::vector<Point> along_principal_axes(ConstMatrixView rows) {
  std::vector<Point> points(rows.rows, Point{0, 0});
  if (rows.size() == 0) return points;
  const Vector mean = mean_of(rows), covariance = covariance_of(rows, mean);
  const Vector first = leading_axis(covariance, rows.cols, {}), second = leading_axis(covariance, rows.cols, first);
  for (std::size_t r = 0; r < rows.rows; ++r) {
    for (std::size_t c = 0; c < rows.cols; ++c) {
      points[r][0] += (rows.row(r)[c] - mean[c]) * first[c];
      points[r][1] += (rows.row(r)[c] - mean[c]) * second[c];
    }
  }
  return points;
}

}  // namespace gemel::report
