#include "gemel/index/code_search.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "gemel/index/panel_hits.h"

namespace gemel {
namespace {

constexpr std::size_t kTile = 6;            // queries scanned together
constexpr std::size_t kFirstPanels = 512;   // 8,192 candidates give the first threshold; their bounds for a tile: 200 KB
constexpr std::size_t kPanelsAtOnce = 128;  // then it rises with every 2,048; 128 KB of codes at dim 64

}  // namespace

CodeSearch::CodeSearch(const CodedPanels& panels, ConstMatrixView candidates, const SearchRequest& request, std::span<const float> no_bias,
                       float largest_bias)
    : panels_(panels),
      candidates_(candidates),
      request_(request),
      bias_(request, no_bias, candidates.rows),
      largest_bias_(largest_bias),
      num_panels_(bias_.num_panels()),
      first_stretch_(std::max(kFirstPanels, request.k / 4)) {
  const std::size_t longest = std::min(first_stretch_, num_panels_), tile = std::min(kTile, request.queries.rows);
  hit_panels_.resize(tile * longest);
  hit_widths_.resize(tile * longest);
  hit_scores_.resize(tile * longest * kPanelWidth);
  num_hits_.resize(tile);
  found_.resize(longest * kPanelWidth);
}

void CodeSearch::run(std::size_t begin, std::size_t end, std::vector<std::vector<ScoredIndex>>& out) {
  begin_ = begin;
  thresholds_.assign(end - begin, kSmallest);
  best_.assign(end - begin, TopK(request_.k));
  excluded_.assign(end - begin, {});
  if (!request_.excluded.empty())
    std::copy_n(request_.excluded.begin() + static_cast<std::ptrdiff_t>(begin), end - begin, excluded_.begin());
  if (!panels_.code(request_.queries.row_block(begin, end), largest_bias_, coded_)) {
    for (std::size_t query = 0; query < end - begin; ++query) score_all(query);
  } else {
    for (std::size_t panel = 0; panel < num_panels_;) {
      const std::size_t stretch = std::min(panel == 0 ? first_stretch_ : kPanelsAtOnce, num_panels_ - panel);
      const float* bias = bias_.of_panels(panel, stretch);
      for (std::size_t query = 0; query < end - begin; query += kTile) {
        const std::size_t tile = std::min(kTile, end - begin - query);
        scan(query, tile, panel, stretch, bias);
        for (std::size_t place = 0; place < tile; ++place) keep_best(query + place, place, panel, stretch);
      }
      panel += stretch;
    }
  }
  for (std::size_t query = 0; query < end - begin; ++query) best_[query].take(out[begin + query]);
}

void CodeSearch::scan(std::size_t first_query, std::size_t num_queries, std::size_t first_panel, std::size_t num_panels,
                      const float* bias) {
  CodeScan scan = panels_.scan_of(first_panel, num_panels, coded_, first_query, num_queries);
  scan.bias = bias;
  scan.thresholds = first_panel == 0 ? nullptr : thresholds_.data() + first_query;
  scan.hit_panels = hit_panels_.data();
  scan.hit_scores = hit_scores_.data();
  scan.hit_widths = hit_widths_.data();
  scan.num_hits = num_hits_.data();
  kernels().scan_codes(scan);
}

// `place` is the query's in its tile.
void CodeSearch::keep_best(std::size_t query, std::size_t place, std::size_t first_panel, std::size_t num_panels) {
  const std::span panels(hit_panels_.data() + place * num_panels, num_hits_[place]);
  float* lower_bounds = hit_scores_.data() + place * num_panels * kPanelWidth;
  strike_excluded(panels, first_panel, first_panel + num_panels, excluded_[query], lower_bounds);
  if (first_panel == 0 && request_.k > 0)
    thresholds_[query] = bound_of_best({lower_bounds, panels.size() * kPanelWidth}, request_.k, maxima_);
  find_in_reach(query, place, first_panel, num_panels);
  if (first_panel == 0) keep_likely(query);
  score_in_floats(query);
  thresholds_[query] = std::max(thresholds_[query], best_[query].threshold());
}

// Into in_reach_: the candidates whose upper bound reaches the threshold, with it.
void CodeSearch::find_in_reach(std::size_t query, std::size_t place, std::size_t first_panel, std::size_t num_panels) {
  const float threshold = thresholds_[query];
  const float* lower_bounds = hit_scores_.data() + place * num_panels * kPanelWidth;
  const float* widths = hit_widths_.data() + place * num_panels;
  const std::uint32_t* panels = hit_panels_.data() + place * num_panels;
  const std::size_t num_found =
      kernels().find_at_least(threshold - coded_.widest[query], lower_bounds, num_hits_[place] * kPanelWidth, found_.data());
  in_reach_.clear();
  for (const std::uint32_t lane : std::span(found_).first(num_found)) {
    const std::size_t hit = lane / kPanelWidth;
    const float upper_bound = lower_bounds[lane] + widths[hit];
    if (upper_bound < threshold) continue;
    in_reach_.push_back({static_cast<std::uint32_t>((first_panel + panels[hit]) * kPanelWidth + lane % kPanelWidth), upper_bound});
  }
}

// Scores the k with the best bounds in floats; of the others leaves in in_reach_ those that can reach the worst of these.
void CodeSearch::keep_likely(std::size_t query) {
  if (in_reach_.size() <= request_.k) return;
  const auto kth = in_reach_.begin() + static_cast<std::ptrdiff_t>(request_.k);
  std::nth_element(in_reach_.begin(), kth, in_reach_.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
  const std::vector<ScoredIndex> others(kth, in_reach_.end());
  in_reach_.erase(kth, in_reach_.end());
  const float worst = score_in_floats(query);
  in_reach_.clear();
  std::ranges::copy_if(others, std::back_inserter(in_reach_), [&](const ScoredIndex& other) { return other.score >= worst; });
}

// Offers all of in_reach_; the lowest of their scores.
float CodeSearch::score_in_floats(std::size_t query) {
  which_.resize(in_reach_.size());
  scores_.resize(in_reach_.size());
  std::ranges::transform(in_reach_, which_.begin(), &ScoredIndex::index);
  kernels().score_rows(candidates_.data, which_.data(), which_.size(), request_.queries.row(begin_ + query).data(), candidates_.cols,
                       scores_.data());
  float worst = std::numeric_limits<float>::infinity();
  for (std::size_t i = 0; i < which_.size(); ++i) {
    const float score = scores_[i] + bias_.of(which_[i]);
    if (score >= kSmallest) best_[query].offer(which_[i], score);
    worst = std::min(worst, score);
  }
  return worst;
}

// Where the errors of the codes have no bound: a value or a bias is infinite, or no number at all.
void CodeSearch::score_all(std::size_t query) {
  auto excluded = excluded_[query];
  in_reach_.clear();
  for (std::uint32_t candidate = 0; candidate < candidates_.rows; ++candidate) {
    if (!excluded.empty() && excluded.front() == candidate) excluded = excluded.subspan(1);
    else in_reach_.push_back({candidate, 0});
  }
  score_in_floats(query);
}

}  // namespace gemel
