// Eigenvectors of a small symmetric matrix (up to a few hundred rows), by Jacobi's rotations in double. On the calling thread.
#pragma once

#include <cstddef>
#include <vector>

namespace gemel {

// a [n, n], symmetric, becomes diagonal: its eigenvalues, in no order. The rows of vectors [n, n] are turned along with it: begun as the
// identity they end as the eigenvectors; begun as the eigenvectors of a matrix near by, with a turned by them, few rotations are left.
// Returns early, with a not yet diagonal, when interrupted. Cost: about 10 n^3 for each sweep, up to ten of them, three where a is nearly
// diagonal.
void diagonalize(std::vector<double>& a, std::vector<double>& vectors, std::size_t n);

}  // namespace gemel
