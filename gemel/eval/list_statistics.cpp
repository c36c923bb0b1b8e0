#include "gemel/eval/list_statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "gemel/eval/buckets.h"

namespace gemel {
namespace {

// 1 outside the fewest products that make 80 % of the sales.
std::vector<std::uint8_t> tail_of(std::span<const double> sales) {
  std::vector<std::uint8_t> is_tail = popularity_buckets(sales);
  for (std::uint8_t& bucket : is_tail) bucket = bucket >= kTailBucket;
  return is_tail;
}

}  // namespace

double gini(std::vector<double> counts) {
  std::sort(counts.begin(), counts.end());
  const double total = std::accumulate(counts.begin(), counts.end(), 0.0);
  if (total == 0) return 0;
  const auto n = static_cast<double>(counts.size());
  double weighted = 0;
  for (std::size_t rank = 0; rank < counts.size(); ++rank) weighted += (2 * static_cast<double>(rank + 1) - n - 1) * counts[rank];
  return weighted / (n * total);
}

ListCounter::ListCounter(std::span<const double> sales, std::size_t k)
    : k_(k), novelty_(sales.size()), is_tail_(tail_of(sales)), block_counts_(sales.size()), counts_(sales.size()) {
  const double total = std::accumulate(sales.begin(), sales.end(), static_cast<double>(sales.size()));
  for (std::size_t item = 0; item < sales.size(); ++item) novelty_[item] = static_cast<float>(-std::log2((sales[item] + 1) / total));
}

void ListCounter::add(std::span<const ScoredItem> list, std::optional<double> diversity) {
  for (const ScoredItem& scored : list.first(std::min(k_, list.size()))) {
    const std::size_t item = to_size(scored.item);
    ++block_counts_[item];
    ++num_recommended_;
    num_tail_ += is_tail_[item];
    novelty_sum_ += novelty_[item];
  }
  ++block_lists_;
  if (!diversity) return;
  diversity_sum_ += *diversity;
  ++num_diverse_;
}

void ListCounter::end_block() {
  for (std::size_t item = 0; item < counts_.size(); ++item) {
    const double lists = block_counts_[item];
    shared_pairs_ += lists * (lists - 1) / 2;  // a product in n lists is shared by n (n - 1) / 2 pairs
    counts_[item] += block_counts_[item];
    block_counts_[item] = 0;
  }
  pairs_ += static_cast<double>(block_lists_) * (static_cast<double>(block_lists_) - 1) / 2;
  num_lists_ += block_lists_;
  block_lists_ = 0;
}

ListStatistics ListCounter::finish(std::span<const std::uint8_t> eligible) const {
  std::vector<double> counts;
  std::size_t recommended = 0;
  for (std::size_t item = 0; item < counts_.size(); ++item) {
    if (!eligible[item] && counts_[item] == 0) continue;
    counts.push_back(counts_[item]);
    recommended += counts_[item] > 0;
  }
  const auto share = [](double part, double whole) { return whole == 0 ? 0 : part / whole; };
  const auto num_recommended = static_cast<double>(num_recommended_);
  return {.k = k_,
          .num_lists = num_lists_,
          .catalogue_coverage = share(static_cast<double>(recommended), static_cast<double>(counts.size())),
          .gini = gini(counts),
          .tail_share = share(static_cast<double>(num_tail_), num_recommended),
          .novelty_bits = share(novelty_sum_, num_recommended),
          .overlap = share(shared_pairs_, pairs_ * static_cast<double>(k_)),
          .intra_list_diversity = num_diverse_ == 0 ? std::nullopt : std::optional(diversity_sum_ / static_cast<double>(num_diverse_))};
}

}  // namespace gemel
