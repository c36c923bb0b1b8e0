// How a PartitionedIndex answers. The few partitions that look best are opened for each query by itself. A query that needs more goes on in
// waves, each of four times as many partitions, which it opens in the order of memory; so all queries of a batch can go through memory
// together. No query reads what another found: each finds what it would alone.
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>

#include "gemel/base/check.h"
#include "gemel/index/partitioned_index.h"
#include "gemel/numerics/kernels.h"
#include "gemel/numerics/prefetch.h"

namespace gemel {
namespace {

constexpr std::size_t kLeastBlock = 60, kLargestBlock = 256;  // queries that a thread looks at together
constexpr std::size_t kFirstProbes = 8, kNearest = 32;  // partitions ranked at first, and when they do not suffice
constexpr std::size_t kWaveGrowth = 4;
constexpr int kLargestSum = 32767 / (kNibbleLevels - 1);
constexpr float kAllSums = -40000;  // a threshold that every sum of 16 bits reaches; none reaches its negative

// Never so short that a bias divided by it is infinite.
float length_of(std::span<const float> query) {
  constexpr float kShortest = 1e-20f;
  return std::max(std::sqrt(kernels().sum_squares(query.data(), query.size())), kShortest);
}

}  // namespace

// One query on its way through the partitions: its codes, and what is nearest to it so far.
class PartitionedIndex::Seeker {
 public:
  Seeker(const PartitionedIndex& index, const SearchRequest& request, std::span<const float> bias_bounds)
      : index_(index),
        request_(request),
        bias_bounds_(bias_bounds),
        num_near_(std::max(index.effort_.num_scored, request.k)),
        near_(num_near_),
        pairs_(2 * index.num_groups_) {}

  void begin(std::size_t q) {
    q_ = q;
    query_ = request_.queries.row(q);
    length_ = length_of(query_);
    excluded_ = request_.excluded.empty() ? std::span<const std::uint32_t>{} : request_.excluded[q];
    near_.reset(num_near_);
    code_query();
  }

  std::size_t query() const { return q_; }
  // Whether a partition of this rank is still worth opening.
  bool may_hold_more(float rank) const { return !(length_ * rank < near_.threshold()); }

  // What the scan of a partition has to know.
  NibbleQuery ask(std::uint32_t p, std::uint32_t* places, std::int32_t* sums) const {
    // A member's score is about base + unit * its sum. Not from the partition's rank and hope, which may be so large that little of the
    // score is left in it.
    const float unit = unit_ * index_.spreads_[p];
    const float base = kernels().dot(query_.data(), index_.centroids_.row(p).data(), query_.size()) - unit * middle_;
    const float bound = bias_bounds_.empty() ? 0.0f : bias_bounds_[p], threshold = near_.threshold();
    // More than what rounding may take from a score: take() decides.
    const float slack = 1e-6f * (std::abs(threshold) + std::abs(bound) + std::abs(base) + 32768 * unit);
    const float least = std::isfinite(slack) ? threshold - slack : kNever;
    const float needed = (least - bound - base) / std::max(unit, std::numeric_limits<float>::min());
    return {.pairs = pairs_.data(),
            .threshold = static_cast<std::int32_t>(needed > kAllSums ? std::floor(std::min(needed, -kAllSums)) : kAllSums),
            .base = base,
            .unit = unit,
            .least = least,
            .places = places,
            .sums = sums,
            .num_found = 0};
  }

  // Offers what the scan found in a partition.
  void take(std::uint32_t p, const NibbleQuery& scanned) {
    const std::uint32_t* ids = index_.ids_.data() + index_.starts_[p] * kNibbleBlock;
    const auto offer = [&](std::size_t i) {
      const std::uint32_t id = ids[scanned.places[i]];
      if (!passes(id)) return;
      const float score = scanned.base + scanned.unit * static_cast<float>(scanned.sums[i]);
      near_.offer(id, request_.candidate_bias.empty() ? score : score + request_.candidate_bias[id]);
    };
    if (near_.threshold() == kNever && scanned.num_found > enough() && sums_alone_decide()) {
      for (const std::uint32_t i : places_of_best({scanned.sums, scanned.num_found})) offer(i);
    } else {
      for (std::size_t i = 0; i < scanned.num_found; ++i) offer(i);
    }
  }

  // Scores the nearest anew; the best of them.
  void finish(std::vector<ScoredIndex>& out) {
    near_.take(out);
    which_.clear();
    for (const ScoredIndex& hit : out) which_.push_back(hit.index);
    scores_.resize(which_.size());
    score_nearest();
    near_.reset(request_.k);
    for (std::size_t i = 0; i < which_.size(); ++i) {
      const float score = scores_[i] + (request_.candidate_bias.empty() ? 0.0f : request_.candidate_bias[which_[i]]);
      if (score > kNever) near_.offer(which_[i], score);
    }
    near_.take(out);
  }

 private:
  // All rows are fetched before the first is scored: they lie anywhere.
  void score_nearest() {
    if (index_.keeps_rows()) {
      for (const std::uint32_t row : which_) index_.rows_.prefetch(row);
      return index_.rows_.score(which_, query_, scores_.data());
    }
    for (const std::uint32_t row : which_) prefetch(request_.candidates.row(row));
    kernels().score_rows(request_.candidates.data, which_.data(), which_.size(), query_.data(), index_.dim_, scores_.data());
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
    middle_ = static_cast<float>(total) * (kNibbleLevels - 1) / 2;
  }

  // So many give a threshold; of the last block some are nobody.
  std::size_t enough() const { return 2 * num_near_ + kNibbleBlock; }

  // Nothing is known at first and all are found: then the places of enough() and a few more, of the largest sums.
  std::span<const std::uint32_t> places_of_best(std::span<const std::int32_t> sums) {
    as_floats_.assign(sums.begin(), sums.end());  // exact: 16 bits
    places_.resize(sums.size());
    const float least = kernels().value_reached_by(enough(), as_floats_.data(), as_floats_.size());
    return {places_.data(), kernels().find_at_least(least, as_floats_.data(), as_floats_.size(), places_.data())};
  }

  // Nothing is added, and everybody passes.
  bool sums_alone_decide() const { return bias_bounds_.empty() && request_.eligible.empty() && excluded_.empty(); }

  bool passes(std::uint32_t id) const {
    return id != kNobody && (request_.eligible.empty() || request_.eligible[id] != 0) && !std::ranges::binary_search(excluded_, id);
  }

  const PartitionedIndex& index_;
  const SearchRequest& request_;
  const std::span<const float> bias_bounds_;
  const std::size_t num_near_;  // estimates that are scored anew
  TopK near_;
  std::vector<std::uint32_t> pairs_;
  std::size_t q_ = 0;
  std::span<const float> query_;
  std::span<const std::uint32_t> excluded_;
  float length_ = 0, unit_ = 0, middle_ = 0;
  std::vector<std::uint32_t> which_;
  std::vector<float> as_floats_;  // scratch of places_of_best
  std::vector<std::uint32_t> places_;
  std::vector<float> scores_;
};

// One thread's search.
class PartitionedIndex::Probe {
 public:
  Probe(const PartitionedIndex& index, const SearchRequest& request, std::span<const float> arranged_bias)
      : index_(index),
        request_(request),
        arranged_bias_(arranged_bias),
        bias_bounds_(arranged_bias.first(std::min(arranged_bias.size(), index.num_partitions()))),
        alone_(1) {
    make_room(1);
  }

  void run(std::size_t begin, std::size_t end, std::vector<std::vector<ScoredIndex>>& out) {
    // The bias weighs more for a short query: then each ranks the partitions for itself.
    const std::size_t at_once = bias_bounds_.empty() ? end - begin : 1;
    std::vector<Seeker> unfinished;
    std::vector<std::vector<ScoredIndex>> opened;
    Seeker seeker(index_, request_, bias_bounds_);
    for (std::size_t first = begin; first < end; first += at_once) {
      std::vector<std::vector<ScoredIndex>> ranked;
      rank_partitions(first, first + at_once, kFirstProbes, ranked);
      for (std::size_t q = first; q < first + at_once; ++q) {
        seeker.begin(q);
        if (open_nearest(seeker, ranked[q - first])) {
          seeker.finish(out[q]);
        } else {
          unfinished.push_back(seeker);
          opened.push_back(std::move(ranked[q - first]));
        }
      }
    }
    open_waves(unfinished, opened);
    for (Seeker& wide : unfinished) wide.finish(out[wide.query()]);
  }

 private:
  // The num_probes partitions of the highest rank: the best score they are likely to hold, divided by the length of the query.
  void rank_partitions(std::size_t begin, std::size_t end, std::size_t num_probes, std::vector<std::vector<ScoredIndex>>& ranked) {
    directions_.resize(end - begin, index_.dim_);
    for (std::size_t q = begin; q < end; ++q) set_direction(q, directions_.row(q - begin));
    index_.coarse_.search({.queries = directions_, .candidate_bias = hopes_of(begin), .eligible = {}, .excluded = {}, .k = num_probes},
                          alone_, ranked);
  }

  void set_direction(std::size_t q, std::span<float> direction) const {
    std::ranges::copy(request_.queries.row(q), direction.begin());
    kernels().scale(1 / length_of(request_.queries.row(q)), direction.data(), index_.dim_);
  }

  // What is added to <direction, centroid>: the same for all queries where there is no bias.
  std::span<const float> hopes_of(std::size_t q) {
    if (bias_bounds_.empty()) return index_.hopes_;
    const float length = length_of(request_.queries.row(q));
    hopes_.resize(bias_bounds_.size());
    for (std::size_t p = 0; p < hopes_.size(); ++p) hopes_[p] = index_.hopes_[p] + bias_bounds_[p] / length;
    return hopes_;
  }

  struct Opening {
    Seeker* seeker;
    float rank;
  };

  // True when no other partition is worth opening; else `ranked` are those that have been.
  bool open_nearest(Seeker& seeker, std::vector<ScoredIndex>& ranked) {
    for (std::size_t next = 0;; ++next) {
      if (next == kFirstProbes) {
        std::vector<std::vector<ScoredIndex>> more;
        rank_partitions(seeker.query(), seeker.query() + 1, kNearest, more);
        ranked = std::move(more[0]);
      }
      if (next == kNearest) return false;
      if (next >= ranked.size() || !seeker.may_hold_more(ranked[next].score)) return true;
      const Opening opening{&seeker, ranked[next].score};
      open(ranked[next].index, ranked[std::min(next + 1, ranked.size() - 1)].index, {&opening, 1});
    }
  }

  // For what that many queries find in a partition.
  void make_room(std::size_t num_queries) {
    if (num_queries <= room_) return;
    places_ = std::make_unique_for_overwrite<std::uint32_t[]>(num_queries * index_.largest_);
    sums_ = std::make_unique_for_overwrite<std::int32_t[]>(num_queries * index_.largest_);
    room_ = num_queries;
  }

  const std::uint8_t* codes_of(std::uint32_t p) const {
    return index_.codes_.data() + index_.starts_[p] * index_.num_groups_ * kNibbleBlock * 2;
  }

  const float* bias_of(std::uint32_t p) const {
    return arranged_bias_.empty() ? nullptr : arranged_bias_.data() + index_.num_partitions() + index_.starts_[p] * kNibbleBlock;
  }

  void scan(std::uint32_t p, std::uint32_t next, std::span<NibbleQuery> queries) const {
    kernels().scan_nibbles({.codes = codes_of(p),
                            .num_blocks = index_.starts_[p + 1] - index_.starts_[p],
                            .num_groups = index_.num_groups_,
                            .ahead = codes_of(next),
                            .bias = bias_of(p),
                            .queries = queries.data(),
                            .num_queries = queries.size()});
  }

  // The ranks of all partitions.
  void rank_all(std::size_t q, std::span<float> ranks) {
    directions_.resize(1, index_.dim_);
    set_direction(q, directions_.row(0));
    kernels().score_rows(index_.centroids_.data(), all_.data(), all_.size(), directions_.row(0).data(), index_.dim_, ranks.data());
    kernels().add(hopes_of(q).data(), ranks.data(), ranks.size());
  }

  // opened[i]: the partitions that seekers[i] knows already.
  void open_waves(std::vector<Seeker>& seekers, const std::vector<std::vector<ScoredIndex>>& opened) {
    if (seekers.empty()) return;
    all_.resize(index_.num_partitions());
    std::iota(all_.begin(), all_.end(), 0);
    openings_.resize(index_.num_partitions());
    Matrix left(seekers.size(), index_.num_partitions());  // the ranks of partitions that no wave held yet
    std::vector<std::size_t> active(seekers.size());
    for (std::size_t i = 0; i < seekers.size(); ++i) {
      active[i] = i;
      rank_all(seekers[i].query(), left.row(i));
      for (const ScoredIndex& nearest : opened[i]) left(i, nearest.index) = kNever;
    }
    make_room(std::min(seekers.size(), kNibbleQueries));
    for (std::size_t size = (kWaveGrowth - 1) * kNearest; !active.empty(); size *= kWaveGrowth) {
      for (const std::size_t i : active) take_wave(size, left.row(i), seekers[i]);
      open_wave();
      std::erase_if(active, [&](std::size_t i) {
        const float best = kernels().row_max(left.row(i).data(), left.cols());
        return best == kNever || !seekers[i].may_hold_more(best);
      });
    }
  }

  // The partitions with the highest ranks that are left will be opened.
  void take_wave(std::size_t size, std::span<float> left, Seeker& seeker) {
    const float least = kernels().value_reached_by(size, left.data(), left.size());
    for (std::uint32_t p = 0; p < left.size(); ++p) {
      if (!(left[p] >= least)) continue;
      if (seeker.may_hold_more(left[p])) openings_[p].push_back({&seeker, left[p]});
      left[p] = kNever;
    }
  }

  void open_wave() {
    std::vector<std::uint32_t> wanted;
    for (std::uint32_t p = 0; p < openings_.size(); ++p)
      if (!openings_[p].empty()) wanted.push_back(p);
    for (std::size_t n = 0; n < wanted.size(); ++n) {
      std::vector<Opening>& openings = openings_[wanted[n]];
      std::erase_if(openings, [](const Opening& opening) { return !opening.seeker->may_hold_more(opening.rank); });
      open(wanted[n], wanted[std::min(n + 1, wanted.size() - 1)], openings);
      openings.clear();
    }
  }

  // Four queries a scan; the codes of the partition that comes next are fetched meanwhile.
  void open(std::uint32_t p, std::uint32_t next, std::span<const Opening> openings) {
    while (!openings.empty()) {
      const std::span<const Opening> some = openings.first(std::min(openings.size(), kNibbleQueries));
      openings = openings.subspan(some.size());
      NibbleQuery queries[kNibbleQueries];
      for (std::size_t i = 0; i < some.size(); ++i)
        queries[i] = some[i].seeker->ask(p, places_.get() + i * index_.largest_, sums_.get() + i * index_.largest_);
      scan(p, next, {queries, some.size()});
      for (std::size_t i = 0; i < some.size(); ++i) some[i].seeker->take(p, queries[i]);
    }
  }

  const PartitionedIndex& index_;
  const SearchRequest& request_;
  const std::span<const float> arranged_bias_, bias_bounds_;
  ThreadPool alone_;
  Matrix directions_;  // of queries: of length 1
  std::vector<float> hopes_;
  std::size_t room_ = 0;  // queries
  std::unique_ptr<std::uint32_t[]> places_;  // [room, largest partition]
  std::unique_ptr<std::int32_t[]> sums_;  // the same
  std::vector<std::uint32_t> all_;  // partitions
  std::vector<std::vector<Opening>> openings_;  // [num_partitions], of a wave
};

void PartitionedIndex::search(const SearchRequest& request, ThreadPool& pool, std::vector<std::vector<ScoredIndex>>& out) const {
  GEMEL_CHECK(request.queries.cols == dim_, "search: queries and candidates differ in width");
  GEMEL_CHECK(keeps_rows() || (request.candidates.rows == num_candidates_ && request.candidates.cols == dim_),
              "search: the candidates of the index are needed");
  check_lists(request, num_candidates_);
  out.assign(request.queries.rows, {});
  if (request.k == 0) return;
  GEMEL_CHECK(
      request.arranged_bias.empty() || (!request.candidate_bias.empty() && request.arranged_bias.size() == num_partitions() + ids_.size()),
      "search: a bias that this index did not arrange");
  const bool is_known = request.candidate_bias.empty() || !request.arranged_bias.empty();
  const std::vector<float> own = is_known ? std::vector<float>{} : arrange_bias(request.candidate_bias);
  const std::span<const float> arranged = is_known ? request.arranged_bias : own;
  const std::size_t share = (request.queries.rows + pool.num_threads() - 1) / pool.num_threads();
  pool.for_blocks(request.queries.rows, std::clamp(share, kLeastBlock, kLargestBlock),
                  [&](std::size_t begin, std::size_t end) { Probe(*this, request, arranged).run(begin, end, out); });
}

}  // namespace gemel
