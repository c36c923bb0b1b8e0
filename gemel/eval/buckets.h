// The kinds into which a report cuts targets, by how well a product sold before the cut, and queries, by how long the customer's history
// is. Thread safety: const after construction.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace gemel {

struct Bucket {
  std::string_view name, meaning;
};

inline constexpr std::array<Bucket, 4> kPopularityBuckets = {{
    {"best_sellers", "the fewest products that make half of the events before the cut"},
    {"middle", "the next products, up to 80 % of the events"},
    {"tail", "the products of the last 20 % of the events"},
    {"never_sold", "products without an event before the cut"},
}};
inline constexpr std::size_t kTailBucket = 2;  // this and what follows is outside the best sellers that make 80 % of the sales

inline constexpr std::array<Bucket, 6> kHistoryBuckets = {{
    {"0", "customers without a history"},
    {"1", "one event before the query"},
    {"2", "two events"},
    {"3_to_5", "3 to 5 events"},
    {"6_to_15", "6 to 15 events"},
    {"16_or_more", "16 events or more"},
}};

// Of each product, an index into kPopularityBuckets; of products that sold alike the lower index is counted first. -> [num_items]
std::vector<std::uint8_t> popularity_buckets(std::span<const double> sales);

// An index into kHistoryBuckets.
std::size_t history_bucket(std::size_t history_length);

}  // namespace gemel
