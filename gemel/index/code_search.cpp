#include "gemel/index/code_search.h"

#include <algorithm>
#include <cstdint>

#include "gemel/index/panel_hits.h"

namespace gemel {
namespace {

constexpr std::size_t kTile = 6;            // queries scanned together
constexpr std::size_t kFirstPanels = 512;   // 8,192 candidates give the first threshold; their bounds for a tile: 200 KB
constexpr std::size_t kPanelsAtOnce = 128;  // then it rises with every 2,048; 128 KB of codes at dim 64
constexpr std::size_t kPageFloats = 1024, kApart = 768;  // see keep_apart

// The scan reads biases and writes bounds at the same pace. A load waits for a store shortly before it whose address has the same last 12
// bits, were it to another page: so the bounds begin three quarters of a page behind the biases, wherever the buffer (a page longer) lies.
float* keep_apart(float* buffer, const float* bias) {
  const auto place = [](const float* at) { return reinterpret_cast<std::uintptr_t>(at) / sizeof(float); };
  return buffer + (place(bias) + kApart - place(buffer)) % kPageFloats;
}

}  // namespace

CodeSearch::CodeSearch(const CodedPanels& panels, ConstMatrixView candidates, const SearchRequest& request, std::span<const float> no_bias,
                       float largest_bias)
    : panels_(panels),
      candidates_(candidates),
      request_(request),
      bias_(request, no_bias, candidates.rows),
      largest_bias_(largest_bias),
      num_panels_(bias_.num_panels()),
      first_stretch_(std::min(std::max(kFirstPanels, request.k / 4), num_panels_)),
      tile_(std::min(kTile, request.queries.rows)),
      hit_panels_(tile_ * kPanelsAtOnce),
      num_hits_(tile_) {
  const std::size_t longest = std::max(first_stretch_, kPanelsAtOnce) * kPanelWidth;
  bounds_buffer_ = std::make_unique_for_overwrite<float[]>(tile_ * longest + kPageFloats);
  in_reach_ = std::make_unique_for_overwrite<std::uint32_t[]>(longest);
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
    for (std::size_t panel = 0; panel < num_panels_ && request_.k > 0;) {
      const std::size_t stretch = panel == 0 ? first_stretch_ : std::min(kPanelsAtOnce, num_panels_ - panel);
      const RequestBias::Parts bias = bias_.parts_of_panels(panel, stretch);
      hit_bounds_ = keep_apart(bounds_buffer_.get(), bias.bias);
      for (std::size_t query = 0; query < end - begin; query += tile_) {
        const std::size_t tile = std::min(tile_, end - begin - query);
        scan(query, tile, panel, stretch, bias);
        for (std::size_t place = 0; place < tile; ++place) keep_best(query + place, place, panel, stretch);
      }
      panel += stretch;
    }
  }
  for (std::size_t query = 0; query < end - begin; ++query) best_[query].take(out[begin + query]);
}

// The first stretch gives all bounds, and maxima for set_first_threshold.
void CodeSearch::scan(std::size_t first_query, std::size_t num_queries, std::size_t first_panel, std::size_t num_panels,
                      RequestBias::Parts bias) {
  CodeScan scan = panels_.scan_of(first_panel, num_panels, coded_, first_query, num_queries);
  scan.bias = bias.bias;
  scan.eligible = bias.eligible;
  scan.hit_panels = hit_panels_.data();
  scan.hit_bounds = hit_bounds_;
  scan.num_hits = num_hits_.data();
  if (first_panel == 0) {
    std::size_t most_struck = 0;
    for (const auto& excluded : std::span(excluded_).subspan(first_query, num_queries))
      most_struck = std::max(most_struck, num_before(excluded, num_panels * kPanelWidth));
    num_maxima_ = num_groups(request_.k + most_struck, num_panels);
    maxima_.assign(num_queries * num_maxima_, kSmallest);
    scan.maxima = maxima_.data();
    scan.num_maxima = num_maxima_;
  } else {
    scan.thresholds = thresholds_.data() + first_query;
  }
  kernels().scan_codes(scan);
}

// A lower bound that k of those that are not excluded reach: even if all that are were above it. `place` is the query's in its tile.
void CodeSearch::set_first_threshold(std::size_t query, std::size_t place, std::size_t num_panels) {
  const std::size_t struck = num_before(excluded_[query], num_panels * kPanelWidth);
  const std::span maxima = std::span(maxima_).subspan(place * num_maxima_, num_maxima_);
  thresholds_[query] = kernels().value_reached_by(request_.k + struck, maxima.data(), maxima.size());
  for (const std::uint32_t candidate : excluded_[query].first(struck)) hit_bounds_[place * num_panels * kPanelWidth + candidate] = kNever;
  excluded_[query] = excluded_[query].subspan(struck);
}

// Scores in floats what can reach the threshold, then raises it.
void CodeSearch::keep_best(std::size_t query, std::size_t place, std::size_t first_panel, std::size_t num_panels) {
  const std::span panels(hit_panels_.data() + place * num_panels, first_panel == 0 ? 0 : num_hits_[place]);
  float* bounds = hit_bounds_ + place * num_panels * kPanelWidth;
  if (first_panel == 0) set_first_threshold(query, place, num_panels);
  else strike_excluded(panels, first_panel, first_panel + num_panels, excluded_[query], bounds);
  const std::size_t num_bounds = num_hits_[place] * kPanelWidth;
  num_in_reach_ = kernels().find_at_least(thresholds_[query], bounds, num_bounds, in_reach_.get());
  for (std::uint32_t& lane : std::span(in_reach_.get(), panels.empty() ? 0 : num_in_reach_))
    lane = static_cast<std::uint32_t>(first_panel + panels[lane / kPanelWidth]) * kPanelWidth + lane % kPanelWidth;
  score_in_floats(query);
}

// Offers the best of those in reach.
void CodeSearch::score_in_floats(std::size_t query) {
  scores_.resize(std::max(scores_.size(), num_in_reach_));
  kernels().score_rows(candidates_.data, in_reach_.get(), num_in_reach_, request_.queries.row(begin_ + query).data(), candidates_.cols,
                       scores_.data());
  if (!request_.candidate_bias.empty())
    for (std::size_t i = 0; i < num_in_reach_; ++i) scores_[i] += request_.candidate_bias[in_reach_[i]];
  float& threshold = thresholds_[query];
  const std::span scores(scores_.data(), num_in_reach_);
  if (num_in_reach_ > request_.k && request_.k > 0)
    threshold = std::max(threshold, kernels().value_reached_by(request_.k, scores.data(), scores.size()));
  best_[query].offer(std::span(in_reach_.get(), num_in_reach_), scores, threshold);
  threshold = std::max(threshold, best_[query].threshold());
}

// Where the errors of the codes have no bound: a value or a bias is infinite, or no number at all.
void CodeSearch::score_all(std::size_t query) {
  auto excluded = excluded_[query];
  in_reach_ = std::make_unique_for_overwrite<std::uint32_t[]>(candidates_.rows);  // more than a stretch has
  num_in_reach_ = 0;
  for (std::uint32_t candidate = 0; candidate < candidates_.rows; ++candidate) {
    if (!excluded.empty() && excluded.front() == candidate) excluded = excluded.subspan(1);
    else if (bias_.of(candidate) >= kSmallest) in_reach_[num_in_reach_++] = candidate;
  }
  score_in_floats(query);
}

}  // namespace gemel
