#include "gemel/numerics/symmetric_eigen.h"

#include <cmath>

#include "gemel/base/check.h"
#include "gemel/base/progress.h"

namespace gemel {
namespace {

constexpr int kMaxSweeps = 30;          // quadratic convergence: ten are many
constexpr double kOffDiagonal = 1e-10;  // relative to the diagonal, where a rotation no longer pays

void rotate(double* x, double* y, double c, double s, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const double old = x[i];
    x[i] = c * old - s * y[i];
    y[i] = s * old + c * y[i];
  }
}

// Makes a(p, q) zero. Only whole rows are touched: columns p and q are then written from them.
void annihilate(std::vector<double>& a, std::vector<double>& vectors, std::size_t n, std::size_t p, std::size_t q) {
  double *row_p = &a[p * n], *row_q = &a[q * n];
  const double theta = (row_q[q] - row_p[p]) / (2 * row_p[q]);
  const double t = (theta < 0 ? -1 : 1) / (std::abs(theta) + std::sqrt(theta * theta + 1));
  const double c = 1 / std::sqrt(t * t + 1), s = t * c;
  const double pp = row_p[p] - t * row_p[q], qq = row_q[q] + t * row_p[q];
  rotate(row_p, row_q, c, s, n);
  rotate(&vectors[p * n], &vectors[q * n], c, s, n);
  row_p[p] = pp;
  row_q[q] = qq;
  row_p[q] = row_q[p] = 0;
  for (std::size_t i = 0; i < n; ++i) {
    a[i * n + p] = row_p[i];
    a[i * n + q] = row_q[i];
  }
}

}  // namespace

void diagonalize(std::vector<double>& a, std::vector<double>& vectors, std::size_t n) {
  GEMEL_CHECK(a.size() == n * n && vectors.size() == n * n, "diagonalize: expected two square matrices");
  for (int sweep = 0; sweep < kMaxSweeps; ++sweep) {
    bool is_diagonal = true;
    for (std::size_t p = 0; p + 1 < n; ++p) {
      if (interrupted()) return;
      for (std::size_t q = p + 1; q < n; ++q) {
        const double off = std::abs(a[p * n + q]);
        if (!(off * off > kOffDiagonal * kOffDiagonal * std::abs(a[p * n + p] * a[q * n + q])) || off < 1e-300) continue;
        is_diagonal = false;
        annihilate(a, vectors, n, p, q);
      }
    }
    if (is_diagonal) return;
  }
}

}  // namespace gemel
