// How a model finds the best of its candidates: exactly up to kMaxExact of them, by partitions above. The effort of the partitions is
// chosen, when the index is made, as the least whose answers to queries like those to come agree with the exact search; the index knows
// that agreement and carries it into its file.
// Thread safety: const after construction; one caller of a pool at a time.
#pragma once

#include <filesystem>
#include <memory>

#include "gemel/base/result.h"
#include "gemel/index/exact_index.h"
#include "gemel/index/index_report.h"
#include "gemel/index/partitioned_index.h"

namespace gemel {

class CandidateIndex {
 public:
  static constexpr std::size_t kMaxExact = 100'000;  // candidates (docs/decisions/0013-indexes.md)

  CandidateIndex() = default;
  explicit CandidateIndex(ConstMatrixView candidates);  // exact
  // As the config says; `asked` are queries like those to come, with bias, filter and candidates. Where the candidates decide, by
  // partitions only if some effort reaches the recall asked for. Cost: that of both indexes, and some ten searches of all queries. After
  // Ctrl-C it comes to an end early, and is not to be kept.
  CandidateIndex(const IndexConfig& config, SearchRequest asked, ThreadPool& pool);

  static bool is_wanted(const IndexConfig& config, std::size_t num_candidates);  // one by partitions
  bool is_exact() const { return partitions_ == nullptr; }
  const IndexReport& report() const { return report_; }

  // As those of VectorIndex; request.candidates are needed.
  std::vector<float> arrange_bias(std::span<const float> candidate_bias) const;
  void search(const SearchRequest& request, ThreadPool& pool, std::vector<std::vector<ScoredIndex>>& out) const;

  // Of an index by partitions. Errors: kIo; kNotFound, kCorrupt.
  Result<void> save(const std::filesystem::path& path) const;
  static Result<CandidateIndex> load(const std::filesystem::path& path, std::size_t num_candidates, std::size_t dim);

 private:
  IndexReport choose_effort(double wanted, const SearchRequest& asked, const std::vector<std::vector<ScoredIndex>>& best, ThreadPool& pool);

  std::unique_ptr<const ExactIndex> exact_;
  std::unique_ptr<PartitionedIndex> partitions_;
  IndexReport report_;
};

// index_recall_at_k: how many of the best were found. What scores as much as the last of them is as good.
double index_recall(const std::vector<std::vector<ScoredIndex>>& found, const std::vector<std::vector<ScoredIndex>>& best);

}  // namespace gemel
