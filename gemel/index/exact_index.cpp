#include "gemel/index/exact_index.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gemel/base/check.h"
#include "gemel/index/code_search.h"
#include "gemel/index/panel_hits.h"
#include "gemel/index/request_bias.h"
#include "gemel/numerics/kernels.h"

namespace gemel {
namespace {

constexpr std::size_t kQueryBlock = 60;    // of whole tiles; 15 KB at dim 64: they and a panel stay in the first-level cache
constexpr std::size_t kPanelsAtOnce = 32;  // 512 candidates, then the thresholds rise; 128 KB at dim 64: the second-level cache

// The largest magnitude; -infinity, which no score survives, does not count.
float largest_of(std::span<const float> bias) {
  float largest = kernels().largest_magnitude(bias.data(), bias.size());
  if (std::isfinite(largest)) return largest;
  largest = 0;
  for (const float value : bias)
    if (value != kNever && !(std::abs(value) <= largest))
      largest = std::isnan(value) ? std::numeric_limits<float>::infinity() : std::abs(value);
  return largest;
}

}  // namespace

ExactIndex::ExactIndex(ConstMatrixView candidates, Options options)
    : num_candidates_(candidates.rows), dim_(candidates.cols), num_panels_((candidates.rows + kPanelWidth - 1) / kPanelWidth) {
  no_bias_.assign(num_panels_ * kPanelWidth, kNever);
  std::fill_n(no_bias_.begin(), num_candidates_, 0.0f);
  if (options.with_codes) coded_ = CodedPanels(candidates);
  if (coded_.is_empty()) lay_in_panels(candidates);
  else rows_ = Matrix(candidates);
}

void ExactIndex::lay_in_panels(ConstMatrixView candidates) {
  panels_.resize(num_panels_ * dim_ * kPanelWidth);
  for (std::size_t c = 0; c < num_candidates_; ++c) {
    float* lane = panels_.data() + c / kPanelWidth * dim_ * kPanelWidth + c % kPanelWidth;
    for (const float value : candidates.row(c)) {
      *lane = value;
      lane += kPanelWidth;
    }
  }
}

// One thread's search in floats: a block of queries against stretch after stretch of panels.
class ExactIndex::Scan {
 public:
  Scan(const ExactIndex& index, const SearchRequest& request)
      : index_(index),
        request_(request),
        bias_(request, index.no_bias_, index.num_candidates_),
        first_stretch_(std::max(kPanelsAtOnce, request.k)) {
    const std::size_t longest = std::min(first_stretch_, index.num_panels_);
    const std::size_t num_queries = std::min(kQueryBlock, request.queries.rows);
    hit_panels_.resize(num_queries * longest);
    hit_scores_.resize(num_queries * longest * kPanelWidth);
    num_hits_.resize(num_queries);
    found_.resize(longest * kPanelWidth);
    best_.assign(num_queries, TopK(request.k));
    excluded_.resize(num_queries);
  }

  void run(std::size_t begin, std::size_t end, std::vector<std::vector<ScoredIndex>>& out) {
    thresholds_.assign(end - begin, kSmallest);
    for (std::size_t q = begin; q < end; ++q)
      excluded_[q - begin] = request_.excluded.empty() ? std::span<const std::uint32_t>{} : request_.excluded[q];
    for (std::size_t panel = 0; panel < index_.num_panels_;) {
      const std::size_t stretch = std::min(panel == 0 ? first_stretch_ : kPanelsAtOnce, index_.num_panels_ - panel);
      score(begin, end, panel, stretch);
      for (std::size_t q = 0; q < end - begin; ++q) keep_best(q, panel, stretch);
      panel += stretch;
    }
    for (std::size_t q = begin; q < end; ++q) best_[q - begin].take(out[q]);
  }

 private:
  void score(std::size_t begin, std::size_t end, std::size_t first_panel, std::size_t num_panels) {
    kernels().scan_panels({.panels = index_.panels_.data() + first_panel * index_.dim_ * kPanelWidth,
                           .bias = bias_.of_panels(first_panel, num_panels),
                           .num_panels = num_panels,
                           .dim = index_.dim_,
                           .queries = request_.queries.row(begin).data(),
                           .thresholds = thresholds_.data(),
                           .num_queries = end - begin,
                           .hit_panels = hit_panels_.data(),
                           .hit_scores = hit_scores_.data(),
                           .num_hits = num_hits_.data()});
  }

  // The hits of one query in panels [first_panel, first_panel + stretch).
  void keep_best(std::size_t q, std::size_t first_panel, std::size_t stretch) {
    const std::span panels(hit_panels_.data() + q * stretch, num_hits_[q]);
    float* scores = hit_scores_.data() + q * stretch * kPanelWidth;
    strike_excluded(panels, first_panel, first_panel + stretch, excluded_[q], scores);
    if (first_panel == 0 && request_.k > 0) thresholds_[q] = bound_of_best({scores, panels.size() * kPanelWidth}, request_.k, maxima_);
    const std::size_t num_found = kernels().find_at_least(thresholds_[q], scores, panels.size() * kPanelWidth, found_.data());
    for (const std::uint32_t place : std::span(found_).first(num_found)) {
      const auto first = static_cast<std::uint32_t>(first_panel + panels[place / kPanelWidth]) * kPanelWidth;
      best_[q].offer(first + place % kPanelWidth, scores[place]);
    }
    thresholds_[q] = std::max(thresholds_[q], best_[q].threshold());
  }

  const ExactIndex& index_;
  const SearchRequest& request_;
  RequestBias bias_;
  const std::size_t first_stretch_;  // panels
  std::vector<std::uint32_t> hit_panels_, num_hits_, found_;
  std::vector<float> hit_scores_, thresholds_, maxima_;
  std::vector<TopK> best_;
  std::vector<std::span<const std::uint32_t>> excluded_;  // what is still ahead, of each query
};

void ExactIndex::search(const SearchRequest& request, ThreadPool& pool, std::vector<std::vector<ScoredIndex>>& out) const {
  GEMEL_CHECK(request.queries.cols == dim_ || num_candidates_ == 0, "search: queries and candidates differ in width");
  check_lists(request, num_candidates_);
  out.resize(request.queries.rows);
  const float largest_bias = largest_of(request.candidate_bias);
  pool.for_blocks(request.queries.rows, kQueryBlock, [&](std::size_t begin, std::size_t end) {
    if (coded_.is_empty()) Scan(*this, request).run(begin, end, out);
    else CodeSearch(coded_, rows_, request, no_bias_, largest_bias).run(begin, end, out);
  });
}

}  // namespace gemel
