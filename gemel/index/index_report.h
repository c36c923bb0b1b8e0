// Which index a model's candidates get, and what an index says of itself.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gemel {

enum class IndexKind : std::uint8_t { kAuto, kExact, kApproximate };

struct IndexConfig {
  IndexKind kind = IndexKind::kAuto;
  double recall = 0.99;  // index_recall_at_k, k = kIndexRecallAt, that the effort is chosen for
};

inline constexpr std::size_t kIndexRecallAt = 100;  // the longest list that the evaluation looks at

struct IndexReport {
  std::size_t num_partitions = 0;  // 0: exact, and there is no more to say
  float reach = 0;                 // PartitionedIndex::Effort
  std::size_t num_scored = 0;
  double recall = 1;            // index_recall_at_k, k = kIndexRecallAt
  std::size_t num_queries = 0;  // it was measured on
};

}  // namespace gemel
