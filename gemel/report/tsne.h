// A map of rows on which near ones stay near: exact t-SNE (van der Maaten, Hinton, JMLR 2008, algorithm 1), begun at the principal axes so
// that the coarse order of the map means something (Kobak, Berens, Nature Communications 2019). Distances between far groups mean nothing.
// Thread safety: pure; the same map for any number of threads. Cost: iterations * rows^2; two thousand rows take seconds.
#pragma once

#include "gemel/numerics/thread_pool.h"
#include "gemel/report/principal_axes.h"

namespace gemel::report {

struct TsneOptions {
  double perplexity = 30;  // about how many neighbours a row looks at; at most a third of the rows
  int iterations = 500;
};

std::vector<Point> tsne(ConstMatrixView rows, const TsneOptions& options, ThreadPool& pool);

}  // namespace gemel::report
