// Approximate search for many candidates. k-means cuts them into partitions (inverted lists: Jegou, Douze, Schmid 2011, section 4); what a
// candidate differs from its centroid by is kept in 4 bits a value, and a query scans the partitions that look best: 16-bit sums of
// products of nibbles and bytes, many candidates in a register. The best of these estimates are scored in floats.
// Partitions are opened in the order of the best score that they are likely to hold: <query, centroid> + reach * |query| * the standard
// deviation of a member about the centroid in any direction; the search ends where that falls below the worst estimate that will be scored.
// So it looks longer where the best are spread out, where a filter lets few pass, and until k have passed. Thread safety: const after
// construction; one caller of a pool at a time. Memory: half a byte a value and 4 bytes a candidate; the candidates themselves stay with
// the caller, or with keep_rows in 16 bits a value here. The same bytes for any number of threads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <vector>

#include "gemel/base/result.h"
#include "gemel/index/exact_index.h"
#include "gemel/index/short_rows.h"
#include "gemel/index/vector_index.h"
#include "gemel/numerics/safetensors.h"

namespace gemel {

class PartitionedIndex : public VectorIndex {
 public:
  static constexpr std::size_t kMaxDim = 1024;
  struct Options {
    std::size_t num_partitions = 0;  // 0: 2 sqrt(candidates)
    std::uint64_t seed = 1;
    bool keep_rows = false;  // then a search needs no candidates, and scores are those of ShortRows in place of exact ones
  };
  // How far to look: the larger, the better and the slower.
  struct Effort {
    float reach = 2;
    std::size_t num_scored = 40;  // estimates that are scored anew; at least k
  };

  PartitionedIndex(ConstMatrixView candidates, const Options& options, ThreadPool& pool);

  std::size_t size() const override { return num_candidates_; }
  std::size_t num_partitions() const { return starts_.size() - 1; }
  std::size_t size_bytes() const;
  bool keeps_rows() const { return rows_.size() > 0; }
  Effort effort() const { return effort_; }
  void set_effort(Effort effort);

  // [num_partitions] the largest bias in each, then [num_blocks * kNibbleBlock] all of them in the order of the codes.
  std::vector<float> arrange_bias(std::span<const float> candidate_bias) const override;

  // As VectorIndex::search; request.candidates are those that the index was made from, or are not read if it keeps their rows.
  void search(const SearchRequest& request, ThreadPool& pool, std::vector<std::vector<ScoredIndex>>& out) const override;

  // With what the writer has already; the effort is not in it. Errors: kIo; kCorrupt.
  Result<void> save(SafetensorsWriter& writer, const std::filesystem::path& path) const;
  static Result<PartitionedIndex> load(const SafetensorsFile& file, std::size_t num_candidates, std::size_t dim,
                                       const std::filesystem::path& path);

 private:
  class Probe;
  class Seeker;
  static constexpr std::uint32_t kNobody = std::numeric_limits<std::uint32_t>::max();
  PartitionedIndex() = default;
  void set_steps(ConstMatrixView candidates, const std::vector<std::uint32_t>& partition_of);
  void code_partition(ConstMatrixView candidates, std::size_t partition, std::span<const std::uint32_t> members);
  void finish();  // what follows from partitions and spreads, built or loaded

  std::size_t num_candidates_ = 0, dim_ = 0, num_groups_ = 0;  // of 4 values
  Matrix centroids_;
  ExactIndex coarse_;  // over them
  std::vector<std::size_t> starts_;  // [num_partitions + 1], blocks of kNibbleBlock candidates
  std::vector<float> spreads_;  // [num_partitions], the root of the mean square of a value's difference from the centroid
  std::vector<float> steps_;  // [4 * num_groups], of a code where the spread is 1
  std::vector<std::uint32_t> ids_;  // [num_blocks * kNibbleBlock]; the last block of a partition is filled up with kNobody
  std::vector<std::uint8_t, AlignedAllocator<std::uint8_t>> codes_;  // [num_blocks, num_groups, kNibbleBlock, 2]
  ShortRows rows_;  // of the candidates; empty: not kept
  Effort effort_;
  std::vector<float> hopes_;  // [num_partitions], reach * spread
  std::size_t largest_ = 0;  // partition, in candidates of whole blocks
};

}  // namespace gemel
