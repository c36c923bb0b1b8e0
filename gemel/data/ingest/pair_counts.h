// How often each pair of products comes up, in bounded memory: counted in a table until that is full, then spilled as sorted partial counts
// and added up at the end. Not thread-safe.
#pragma once

#include <unordered_map>
#include <utility>

#include "gemel/data/ingest/external_sort.h"

namespace gemel {

class PairCounts {
 public:
  explicit PairCounts(const SortSpace& space)
      : max_entries_(std::max<std::size_t>(kMinEntries, space.memory_bytes / 2 / kEntryBytes)), partial_(space.part(2)) {}

  Result<void> add(std::uint32_t low, std::uint32_t high) {
    ++counts_[std::uint64_t{low} << 32 | high];
    return counts_.size() < max_entries_ ? Result<void>{} : spill();
  }

  // take(low, high, count) for each pair once, in no order that is said. Ends the counting.
  template <class Take>
  Result<void> for_each(Take take) {
    const auto give = [&](const Partial& pair) {
      take(static_cast<std::uint32_t>(pair.key >> 32), static_cast<std::uint32_t>(pair.key), pair.count);
    };
    if (partial_.size() == 0) {
      for (const auto& [key, count] : counts_) give({key, count});
      return {};
    }
    GEMEL_RETURN_IF_ERROR(spill());
    GEMEL_RETURN_IF_ERROR(partial_.finish());
    Partial sum{};
    GEMEL_RETURN_IF_ERROR(partial_.for_each([&](const Partial& partial) -> Result<void> {
      if (sum.count > 0 && partial.key != sum.key) give(std::exchange(sum, {}));
      sum = {partial.key, sum.count + partial.count};
      return {};
    }));
    if (sum.count > 0) give(sum);
    return {};
  }

 private:
  static constexpr std::size_t kMinEntries = 16, kEntryBytes = 48;  // of an unordered_map, its share of the buckets included
  struct Partial {
    std::uint64_t key, count;
  };
  struct ByKey {
    bool operator()(const Partial& a, const Partial& b) const { return a.key < b.key; }
  };

  Result<void> spill() {
    for (const auto& [key, count] : counts_) GEMEL_RETURN_IF_ERROR(partial_.add({key, count}));
    counts_.clear();
    return {};
  }

  std::size_t max_entries_;
  std::unordered_map<std::uint64_t, std::uint64_t> counts_;
  ExternalSort<Partial, ByKey> partial_;
};

}  // namespace gemel
