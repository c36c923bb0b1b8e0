#include "gemel/index/partitioned_index.h"

#include <algorithm>
#include <cmath>

#include "gemel/base/check.h"
#include "gemel/index/k_means.h"
#include "gemel/numerics/evenly_spread.h"
#include "gemel/numerics/kernels.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

constexpr std::size_t kTrainingRows = 64;  // for each centroid
constexpr std::size_t kIterations = 10;
constexpr float kStep = 0.3352f;  // between the levels, of a normal variable's deviation: the least mean square error (Max 1960)

Matrix pick_rows(ConstMatrixView rows, std::span<const std::uint32_t> which) {
  Matrix picked(which.size(), rows.cols);
  for (std::size_t i = 0; i < which.size(); ++i) std::ranges::copy(rows.row(which[i]), picked.row(i).begin());
  return picked;
}

}  // namespace

PartitionedIndex::PartitionedIndex(ConstMatrixView candidates, const Options& options, ThreadPool& pool)
    : num_candidates_(candidates.rows), dim_(candidates.cols), num_groups_((candidates.cols + 3) / 4) {
  GEMEL_CHECK(candidates.rows > 0 && candidates.rows < kNobody, "PartitionedIndex: too few or too many candidates");
  GEMEL_CHECK(candidates.cols <= kMaxDim, "PartitionedIndex: too many values for sums of 16 bits");
  const auto by_size = static_cast<std::size_t>(2 * std::sqrt(static_cast<double>(candidates.rows)));
  const std::size_t wanted =
      std::min(options.num_partitions > 0 ? options.num_partitions : std::max<std::size_t>(by_size, 1), candidates.rows);
  const Matrix sample = pick_rows(candidates, evenly_spread(candidates.rows, wanted * kTrainingRows));
  centroids_ = k_means(sample, {.num_centroids = wanted, .iterations = kIterations, .seed = options.seed}, pool);
  coarse_ = ExactIndex(centroids_);
  const std::vector<std::uint32_t> partition_of = nearest_centroids(candidates, centroids_, pool);
  const Grouping groups = group_rows(partition_of, wanted);
  starts_.assign(wanted + 1, 0);
  for (std::size_t p = 0; p < wanted; ++p)
    starts_[p + 1] = starts_[p] + (groups.starts[p + 1] - groups.starts[p] + kNibbleBlock - 1) / kNibbleBlock;
  ids_.assign(starts_.back() * kNibbleBlock, kNobody);
  codes_.assign(starts_.back() * kNibbleBlock * num_groups_ * 2, 0);
  spreads_.assign(wanted, 0.0f);
  const auto members_of = [&](std::size_t p) {
    return std::span(groups.rows).subspan(groups.starts[p], groups.starts[p + 1] - groups.starts[p]);
  };
  pool.for_blocks(wanted, 1, [&](std::size_t p, std::size_t) {
    double squares = 0;
    for (const std::uint32_t member : members_of(p))
      for (std::size_t d = 0; d < dim_; ++d) {
        const double difference = double{candidates.row(member)[d]} - centroids_(p, d);
        squares += difference * difference;
      }
    spreads_[p] = static_cast<float>(std::sqrt(squares / static_cast<double>(std::max<std::size_t>(members_of(p).size() * dim_, 1))));
  });
  set_steps(candidates, partition_of);
  pool.for_blocks(wanted, 1, [&](std::size_t p, std::size_t) { code_partition(candidates, p, members_of(p)); });
  if (options.keep_rows) rows_ = ShortRows(candidates, pool);
  finish();
}

// A direction that all partitions are wide in has wider steps.
void PartitionedIndex::set_steps(ConstMatrixView candidates, const std::vector<std::uint32_t>& partition_of) {
  constexpr std::size_t kSampled = 100'000;
  std::vector<double> squares(dim_);
  std::size_t counted = 0;
  for (const std::uint32_t row : evenly_spread(candidates.rows, kSampled)) {
    const std::size_t p = partition_of[row];
    if (spreads_[p] == 0) continue;
    ++counted;
    for (std::size_t d = 0; d < dim_; ++d) {
      const double difference = (double{candidates.row(row)[d]} - centroids_(p, d)) / spreads_[p];
      squares[d] += difference * difference;
    }
  }
  steps_.assign(4 * num_groups_, 0.0f);
  for (std::size_t d = 0; d < dim_ && counted > 0; ++d)
    steps_[d] = kStep * static_cast<float>(std::sqrt(squares[d] / static_cast<double>(counted)));
}

void PartitionedIndex::code_partition(ConstMatrixView candidates, std::size_t partition, std::span<const std::uint32_t> members) {
  std::copy(members.begin(), members.end(), ids_.begin() + static_cast<std::ptrdiff_t>(starts_[partition] * kNibbleBlock));
  for (std::size_t i = 0; i < members.size(); ++i) {
    std::uint8_t* block = codes_.data() + (starts_[partition] + i / kNibbleBlock) * num_groups_ * kNibbleBlock * 2;
    for (std::size_t d = 0; d < dim_; ++d) {
      const float step = steps_[d] * spreads_[partition], difference = candidates.row(members[i])[d] - centroids_(partition, d);
      const float level = step > 0 ? std::floor(difference / step) + kNibbleLevels / 2 : kNibbleLevels / 2;
      const auto code = static_cast<unsigned>(std::clamp(level, 0.0f, kNibbleLevels - 1.0f));
      block[(d / 4 * kNibbleBlock + i % kNibbleBlock) * 2 + d % 2] |= static_cast<std::uint8_t>(d % 4 < 2 ? code : code << 4);
    }
  }
}

void PartitionedIndex::finish() {
  for (std::size_t p = 0; p < num_partitions(); ++p) largest_ = std::max(largest_, (starts_[p + 1] - starts_[p]) * kNibbleBlock);
  set_effort(effort_);
}

void PartitionedIndex::set_effort(Effort effort) {
  effort_ = effort;
  hopes_.resize(spreads_.size());
  for (std::size_t p = 0; p < hopes_.size(); ++p) hopes_[p] = effort.reach * spreads_[p];
}

std::size_t PartitionedIndex::size_bytes() const {
  const std::size_t num_centroids = centroids_.rows();
  return codes_.size() + ids_.size() * sizeof(std::uint32_t) + num_centroids * dim_ * 9 + num_centroids * sizeof(float) +
         rows_.size_bytes();
}

std::vector<float> PartitionedIndex::arrange_bias(std::span<const float> candidate_bias) const {
  if (candidate_bias.empty()) return {};
  std::vector<float> arranged(num_partitions() + ids_.size(), kNever);
  for (std::size_t p = 0; p < num_partitions(); ++p)
    for (std::size_t i = starts_[p] * kNibbleBlock; i < starts_[p + 1] * kNibbleBlock && ids_[i] != kNobody; ++i) {
      arranged[num_partitions() + i] = candidate_bias[ids_[i]];
      arranged[p] = std::max(arranged[p], candidate_bias[ids_[i]]);
    }
  return arranged;
}

}  // namespace gemel
