#include "gemel/index/brute_force.h"

#include <algorithm>

#include "gemel/base/check.h"
#include "gemel/numerics/gemm.h"

namespace gemel {
namespace {

// A block of logits is [64, 2048] floats, 512 kB: it stays in the second-level cache between gemm and the scan.
constexpr std::size_t kQueryBlock = 64;
constexpr std::size_t kCandidateBlock = 2048;

// Offers the candidates [begin, begin + logits.size()) of one query. `excluded` is moved past the block.
void scan_row(const SearchRequest& request, std::span<const float> logits, std::size_t begin, std::span<const std::uint32_t>& excluded,
              TopK& best) {
  for (std::size_t c = 0; c < logits.size(); ++c) {
    const std::size_t index = begin + c;
    const float score = request.candidate_bias.empty() ? logits[c] : logits[c] + request.candidate_bias[index];
    if (!(score >= best.threshold())) continue;
    if (!request.eligible.empty() && request.eligible[index] == 0) continue;
    while (!excluded.empty() && excluded.front() < index) excluded = excluded.subspan(1);
    if (!excluded.empty() && excluded.front() == index) continue;
    best.offer(static_cast<std::uint32_t>(index), score);
  }
}

void search_block(const SearchRequest& request, std::size_t begin, std::size_t end, std::vector<std::vector<ScoredIndex>>& out) {
  const ConstMatrixView queries = request.queries.row_block(begin, end);
  std::vector<TopK> best(queries.rows, TopK(request.k));
  std::vector<std::span<const std::uint32_t>> excluded(queries.rows);
  if (!request.excluded.empty()) std::copy_n(request.excluded.begin() + static_cast<std::ptrdiff_t>(begin), queries.rows, excluded.begin());
  Matrix logits;  // [queries of the block, candidates of the block]
  for (std::size_t first = 0; first < request.candidates.rows; first += kCandidateBlock) {
    const std::size_t last = std::min(first + kCandidateBlock, request.candidates.rows);
    logits.resize(queries.rows, last - first);
    gemm(Transpose::kNo, queries, Transpose::kYes, request.candidates.row_block(first, last), 1, 0, logits);
    for (std::size_t q = 0; q < queries.rows; ++q) scan_row(request, logits.view().row(q), first, excluded[q], best[q]);
  }
  for (std::size_t q = 0; q < queries.rows; ++q) best[q].take(out[begin + q]);
}

}  // namespace

void search(const SearchRequest& request, ThreadPool& pool, std::vector<std::vector<ScoredIndex>>& out) {
  const std::size_t num_candidates = request.candidates.rows;
  GEMEL_CHECK(request.queries.cols == request.candidates.cols || num_candidates == 0, "search: queries and candidates differ in width");
  GEMEL_CHECK(request.candidate_bias.empty() || request.candidate_bias.size() == num_candidates, "search: one bias for each candidate");
  GEMEL_CHECK(request.eligible.empty() || request.eligible.size() == num_candidates, "search: one eligible flag for each candidate");
  GEMEL_CHECK(request.excluded.empty() || request.excluded.size() == request.queries.rows, "search: one excluded list for each query");
  out.resize(request.queries.rows);
  pool.for_blocks(request.queries.rows, kQueryBlock, [&](std::size_t begin, std::size_t end) { search_block(request, begin, end, out); });
}

}  // namespace gemel
