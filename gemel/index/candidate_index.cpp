#include "gemel/index/candidate_index.h"

#include <algorithm>
#include <array>

#include "gemel/base/check.h"
#include "gemel/base/progress.h"

namespace gemel {
namespace {

using Answers = std::vector<std::vector<ScoredIndex>>;

// Never fewer than what is asked for usually, so that fewer results are the first of more.
constexpr std::array<std::size_t, 4> kNumScored{128, 256, 512, 1024};
constexpr float kAllOpen = 1e6f;       // a reach at which every partition is opened
constexpr float kReachStep = 0.125f;
constexpr int kReachSteps = 64;        // up to 8

}  // namespace

double index_recall(const Answers& found, const Answers& best) {
  std::size_t hits = 0, all = 0;
  for (std::size_t q = 0; q < best.size(); ++q) {
    all += best[q].size();
    if (best[q].empty()) continue;
    std::size_t as_good = 0;
    for (const ScoredIndex& hit : found[q])
      as_good += hit.score >= best[q].back().score || std::ranges::count(best[q], hit.index, &ScoredIndex::index) > 0;
    hits += std::min(as_good, best[q].size());
  }
  return all == 0 ? 1 : static_cast<double>(hits) / static_cast<double>(all);
}

CandidateIndex::CandidateIndex(ConstMatrixView candidates) : exact_(std::make_unique<ExactIndex>(candidates)) {}

bool CandidateIndex::is_wanted(const IndexConfig& config, std::size_t num_candidates) {
  return num_candidates > 0 && config.kind != IndexKind::kExact && (config.kind == IndexKind::kApproximate || num_candidates > kMaxExact);
}

CandidateIndex::CandidateIndex(const IndexConfig& config, SearchRequest asked, ThreadPool& pool) : CandidateIndex(asked.candidates) {
  if (!is_wanted(config, asked.candidates.rows) || asked.candidates.cols > PartitionedIndex::kMaxDim) return;
  Answers best;
  asked.k = kIndexRecallAt;
  exact_->search(asked, pool, best);
  partitions_ = std::make_unique<PartitionedIndex>(asked.candidates, PartitionedIndex::Options{}, pool);
  const std::vector<float> arranged = partitions_->arrange_bias(asked.candidate_bias);
  asked.arranged_bias = arranged;
  report_ = choose_effort(config.recall, asked, best, pool);
  if (report_.recall >= config.recall || config.kind == IndexKind::kApproximate) {
    exact_.reset();
  } else {
    partitions_.reset();
    report_ = {};
  }
}

// The fewest estimates that lose at most half of what may be lost, then the shortest reach; the most of both where no effort is enough.
IndexReport CandidateIndex::choose_effort(double wanted, const SearchRequest& asked, const Answers& best, ThreadPool& pool) {
  const auto recall_at = [&](std::size_t num_scored, float reach) {
    if (interrupted()) return 0.0;
    partitions_->set_effort({.reach = reach, .num_scored = num_scored});
    Answers found;
    partitions_->search(asked, pool, found);
    return index_recall(found, best);
  };
  const auto enough =
      std::ranges::find_if(kNumScored, [&](std::size_t num_scored) { return recall_at(num_scored, kAllOpen) >= (1 + wanted) / 2; });
  const std::size_t num_scored = enough == kNumScored.end() ? kNumScored.back() : *enough;
  int too_short = -1, far_enough = kReachSteps;
  while (far_enough - too_short > 1) {
    const int middle = (too_short + far_enough) / 2;
    (recall_at(num_scored, static_cast<float>(middle) * kReachStep) >= wanted ? far_enough : too_short) = middle;
  }
  const float reach = far_enough == kReachSteps ? kAllOpen : static_cast<float>(far_enough) * kReachStep;
  const double recall = recall_at(num_scored, reach);
  return {partitions_->num_partitions(), reach, num_scored, recall, asked.queries.rows};
}

std::vector<float> CandidateIndex::arrange_bias(std::span<const float> candidate_bias) const {
  return is_exact() ? std::vector<float>{} : partitions_->arrange_bias(candidate_bias);
}

void CandidateIndex::search(const SearchRequest& request, ThreadPool& pool, Answers& out) const {
  if (partitions_) return partitions_->search(request, pool, out);
  GEMEL_CHECK(exact_ != nullptr, "search: no index was made");
  exact_->search(request, pool, out);
}

Result<void> CandidateIndex::save(const std::filesystem::path& path) const {
  GEMEL_CHECK(partitions_ != nullptr, "save: an exact index is made anew from its candidates");
  SafetensorsWriter writer;
  const std::array<double, 4> measured{report_.reach, static_cast<double>(report_.num_scored), report_.recall,
                                       static_cast<double>(report_.num_queries)};
  writer.add<double>("measured", measured);
  return partitions_->save(writer, path);
}

Result<CandidateIndex> CandidateIndex::load(const std::filesystem::path& path, std::size_t num_candidates, std::size_t dim) {
  GEMEL_ASSIGN_OR_RETURN(const SafetensorsFile file, SafetensorsFile::open(path));
  CandidateIndex index;
  GEMEL_ASSIGN_OR_RETURN(PartitionedIndex partitions, PartitionedIndex::load(file, num_candidates, dim, path));
  index.partitions_ = std::make_unique<PartitionedIndex>(std::move(partitions));
  GEMEL_ASSIGN_OR_RETURN(const auto measured, file.values<double>("measured", {4}));
  const auto [reach, num_scored, recall, num_queries] = std::tuple(measured[0], measured[1], measured[2], measured[3]);
  if (!(reach >= 0 && reach <= kAllOpen && num_scored >= 1 && num_scored <= 1e9 && recall >= 0 && recall <= 1 && num_queries >= 0 &&
        num_queries <= 1e9))
    return fail(ErrorCode::kCorrupt, path.string(), ": what was measured makes no sense");
  index.partitions_->set_effort({static_cast<float>(reach), static_cast<std::size_t>(num_scored)});
  index.report_ = {index.partitions_->num_partitions(), static_cast<float>(reach), static_cast<std::size_t>(num_scored), recall,
                   static_cast<std::size_t>(num_queries)};
  return index;
}

}  // namespace gemel
