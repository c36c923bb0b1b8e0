#include "gemel/index/partitioned_index.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "gemel/base/check.h"
#include "gemel/index/k_means.h"
#include "gemel/numerics/evenly_spread.h"
#include "gemel/numerics/kernels.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

constexpr std::size_t kTrainingRows = 64;     // for each centroid
constexpr std::size_t kIterations = 10;
constexpr std::size_t kQueryBlock = 60;       // whose partitions are ranked together
constexpr std::size_t kFirstProbes = 8;      // partitions ranked at first; four times as many whenever they do not suffice
constexpr int kLevels = 16;
constexpr float kStep = 0.3352f;  // between the levels, of a normal variable's deviation: the least mean square error (Max 1960)
constexpr int kLargestSum = 32767 / (kLevels - 1);

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
  set_effort(effort_);
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
      const float level = step > 0 ? std::floor(difference / step) + kLevels / 2 : kLevels / 2;
      const auto code = static_cast<unsigned>(std::clamp(level, 0.0f, kLevels - 1.0f));
      block[(d / 4 * kNibbleBlock + i % kNibbleBlock) * 2 + d % 2] |= static_cast<std::uint8_t>(d % 4 < 2 ? code : code << 4);
    }
  }
}

void PartitionedIndex::set_effort(Effort effort) {
  effort_ = effort;
  hopes_.resize(spreads_.size());
  for (std::size_t p = 0; p < hopes_.size(); ++p) hopes_[p] = effort.reach * spreads_[p];
}

std::size_t PartitionedIndex::size_bytes() const {
  const std::size_t num_centroids = centroids_.rows();
  return codes_.size() + ids_.size() * sizeof(std::uint32_t) + num_centroids * dim_ * 9 + num_centroids * sizeof(float);
}

std::vector<float> PartitionedIndex::bias_bounds(std::span<const float> candidate_bias) const {
  std::vector<float> bounds(candidate_bias.empty() ? 0 : num_partitions(), kNever);
  for (std::size_t p = 0; p < bounds.size(); ++p)
    for (std::size_t i = starts_[p] * kNibbleBlock; i < starts_[p + 1] * kNibbleBlock && ids_[i] != kNobody; ++i)
      bounds[p] = std::max(bounds[p], candidate_bias[ids_[i]]);
  return bounds;
}

// One thread's search for one query after another.
class PartitionedIndex::Probe {
 public:
  Probe(const PartitionedIndex& index, const SearchRequest& request, std::span<const float> bias_bounds)
      : index_(index),
        request_(request),
        bias_bounds_(bias_bounds),
        alone_(1),
        num_near_(std::max(index.effort_.num_scored, request.k)),
        near_(num_near_),
        best_(request.k),
        pairs_(2 * index.num_groups_) {}

  void run(std::size_t begin, std::size_t end, std::vector<std::vector<ScoredIndex>>& out) {
    // The bias weighs more for a short query: then each ranks the partitions for itself.
    const std::size_t at_once = bias_bounds_.empty() ? end - begin : 1;
    for (std::size_t first = begin; first < end; first += at_once) {
      rank_partitions(first, first + at_once, kFirstProbes, ranked_);
      for (std::size_t q = first; q < first + at_once; ++q) search_one(q, ranked_[q - first], out[q]);
    }
  }

 private:
  // The num_probes partitions with the highest likely scores, divided by the length of the query.
  void rank_partitions(std::size_t begin, std::size_t end, std::size_t num_probes, std::vector<std::vector<ScoredIndex>>& ranked) {
    directions_.resize(end - begin, index_.dim_);
    float length = 0;
    for (std::size_t q = begin; q < end; ++q) {
      length = length_of(request_.queries.row(q));
      std::ranges::copy(request_.queries.row(q), directions_.row(q - begin).begin());
      kernels().scale(1 / length, directions_.row(q - begin).data(), index_.dim_);
    }
    hopes_.resize(bias_bounds_.size());
    for (std::size_t p = 0; p < hopes_.size(); ++p) hopes_[p] = index_.hopes_[p] + bias_bounds_[p] / length;
    index_.coarse_.search({.queries = directions_, .candidate_bias = hopes(), .eligible = {}, .excluded = {}, .k = num_probes}, alone_,
                          ranked);
  }

  std::span<const float> hopes() const { return bias_bounds_.empty() ? index_.hopes_ : hopes_; }

  // Never so short that a bias divided by it is infinite.
  static float length_of(std::span<const float> query) {
    constexpr float kShortest = 1e-20f;
    return std::max(std::sqrt(kernels().sum_squares(query.data(), query.size())), kShortest);
  }

  void search_one(std::size_t q, std::vector<ScoredIndex>& ranked, std::vector<ScoredIndex>& out) {
    query_ = request_.queries.row(q);
    const float length = length_of(query_);
    excluded_ = request_.excluded.empty() ? std::span<const std::uint32_t>{} : request_.excluded[q];
    code_query();
    for (std::size_t next = 0; next < index_.num_partitions(); ++next) {
      if (next == ranked.size()) {
        std::vector<std::vector<ScoredIndex>> more;
        rank_partitions(q, q + 1, 4 * ranked.size(), more);
        if (more[0].size() <= next) break;
        ranked = std::move(more[0]);
      }
      const std::uint32_t p = ranked[next].index;
      if (length * ranked[next].score < near_.threshold()) break;
      if (next + 1 < ranked.size()) fetch(ranked[next + 1].index);
      // Not the rank without its hope, which may be so large that little of the score is left in it.
      scan(p, kernels().dot(query_.data(), index_.centroids_.row(p).data(), query_.size()));
    }
    score_near(out);
  }

  // The first codes of the partition that comes next; the scan fetches those that follow.
  void fetch(std::uint32_t p) const {
    constexpr std::size_t kFetched = 2048, kLine = 64;
    const std::uint8_t* codes = index_.codes_.data() + index_.starts_[p] * index_.num_groups_ * kNibbleBlock * 2;
    for (std::size_t i = 0; i < kFetched; i += kLine) __builtin_prefetch(codes + i);
  }

  // Signed bytes, such that no sum over the values leaves 16 bits.
  void code_query() {
    float sum = 0, largest = 0;
    for (std::size_t d = 0; d < query_.size(); ++d) {
      const float magnitude = std::abs(query_[d] * index_.steps_[d]);
      sum += magnitude;
      largest = std::max(largest, magnitude);
    }
    unit_ = std::max(largest / 127, sum / (static_cast<float>(kLargestSum) - 0.5f * static_cast<float>(query_.size())));
    std::int32_t total = 0;
    std::ranges::fill(pairs_, 0u);
    for (std::size_t d = 0; d < query_.size(); ++d) {
      const auto code = static_cast<std::int32_t>(unit_ > 0 ? std::lround(query_[d] * index_.steps_[d] / unit_) : 0);
      total += code;
      pairs_[d / 2] |= (static_cast<std::uint32_t>(code) & 0xffu) * 0x1'0001u << (d % 2 * 8);
    }
    middle_ = static_cast<float>(total) * (kLevels - 1) / 2;
  }

  // Estimates of a partition's members: centroid_score + unit * (sum of products - middle).
  void scan(std::uint32_t p, float centroid_score) {
    const std::size_t first = index_.starts_[p], num_blocks = index_.starts_[p + 1] - first;
    places_.resize(std::max(places_.size(), num_blocks * kNibbleBlock));
    sums_.resize(places_.size());
    const float unit = unit_ * index_.spreads_[p], base = centroid_score - unit * middle_;
    const float bound = bias_bounds_.empty() ? 0.0f : bias_bounds_[p];
    const float needed = (near_.threshold() - bound - base) / std::max(unit, std::numeric_limits<float>::min());
    const std::size_t found =
        kernels().scan_nibbles({.codes = index_.codes_.data() + first * index_.num_groups_ * kNibbleBlock * 2,
                                .num_blocks = num_blocks,
                                .num_groups = index_.num_groups_,
                                .query = pairs_.data(),
                                .threshold = static_cast<std::int32_t>(std::clamp(std::floor(needed), -40000.0f, 40000.0f)),
                                .places = places_.data(),
                                .sums = sums_.data()});
    const std::uint32_t* ids = index_.ids_.data() + first * kNibbleBlock;
    const std::int32_t least = near_.threshold() == kNever ? sum_of_best({sums_.data(), found}) : std::numeric_limits<std::int32_t>::min();
    for (std::size_t i = 0; i < found; ++i) {
      const std::uint32_t id = ids[places_[i]];
      if (sums_[i] < least || id == kNobody || !passes(id)) continue;
      const float estimate = base + unit * static_cast<float>(sums_[i]);
      near_.offer(id, request_.candidate_bias.empty() ? estimate : estimate + request_.candidate_bias[id]);
    }
  }

  // Nothing is known at first and all are found: then the least sum that matters, where the sums alone decide.
  std::int32_t sum_of_best(std::span<const std::int32_t> sums) {
    const std::size_t num_wanted = 2 * num_near_ + kNibbleBlock;  // enough to give a threshold; of the last block some are nobody
    if (sums.size() <= num_wanted || !bias_bounds_.empty() || !request_.eligible.empty() || !excluded_.empty())
      return std::numeric_limits<std::int32_t>::min();
    ordered_.assign(sums.begin(), sums.end());
    const auto last = ordered_.begin() + static_cast<std::ptrdiff_t>(num_wanted);
    std::nth_element(ordered_.begin(), last, ordered_.end(), std::greater<>());
    return *last;
  }

  bool passes(std::uint32_t id) const {
    return (request_.eligible.empty() || request_.eligible[id] != 0) && !std::ranges::binary_search(excluded_, id);
  }

  void score_near(std::vector<ScoredIndex>& out) {
    near_.take(found_);
    which_.resize(found_.size());
    scores_.resize(found_.size());
    for (std::size_t i = 0; i < found_.size(); ++i) {
      which_[i] = found_[i].index;
      for (std::size_t d = 0; d < index_.dim_; d += 16) __builtin_prefetch(request_.candidates.row(which_[i]).data() + d);
    }
    kernels().score_rows(request_.candidates.data, which_.data(), which_.size(), query_.data(), index_.dim_, scores_.data());
    for (std::size_t i = 0; i < found_.size(); ++i) {
      const float score = scores_[i] + (request_.candidate_bias.empty() ? 0.0f : request_.candidate_bias[which_[i]]);
      if (score > kNever) best_.offer(which_[i], score);
    }
    best_.take(out);
  }

  const PartitionedIndex& index_;
  const SearchRequest& request_;
  const std::span<const float> bias_bounds_;
  ThreadPool alone_;
  const std::size_t num_near_;
  TopK near_, best_;        // the best estimates, which are scored in floats; the best scores
  Matrix directions_;  // of queries: of length 1
  std::vector<std::vector<ScoredIndex>> ranked_;
  std::vector<float> hopes_, scores_;
  std::vector<std::uint32_t> pairs_, places_, which_;
  std::vector<std::int32_t> sums_, ordered_;
  std::vector<ScoredIndex> found_;
  std::span<const float> query_;
  std::span<const std::uint32_t> excluded_;
  float unit_ = 0, middle_ = 0;
};

void PartitionedIndex::search(const SearchRequest& request, ThreadPool& pool, std::vector<std::vector<ScoredIndex>>& out) const {
  GEMEL_CHECK(request.queries.cols == dim_, "search: queries and candidates differ in width");
  GEMEL_CHECK(request.candidates.rows == num_candidates_ && request.candidates.cols == dim_,
              "search: the candidates of the index are needed");
  check_lists(request, num_candidates_);
  out.assign(request.queries.rows, {});
  if (request.k == 0) return;
  const bool is_known = request.candidate_bias.empty() || !request.bias_bounds.empty();
  const std::vector<float> bounds = is_known ? std::vector<float>{} : bias_bounds(request.candidate_bias);
  pool.for_blocks(request.queries.rows, kQueryBlock, [&](std::size_t begin, std::size_t end) {
    Probe(*this, request, is_known ? request.bias_bounds : bounds).run(begin, end, out);
  });
}

}  // namespace gemel
