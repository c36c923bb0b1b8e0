#include "gemel/nn/streaming_frequency.h"

#include <algorithm>
#include <limits>

#include "gemel/base/check.h"
#include "gemel/numerics/rng.h"

namespace gemel {

StreamingFrequency::StreamingFrequency(const StreamingFrequencyOptions& options, std::size_t num_items) : options_(options) {
  const std::size_t size = options.num_buckets > 0 ? options.num_buckets : num_items;
  state_ = {std::vector<std::int64_t>(size, -1), std::vector<double>(size, 0.0), std::vector<std::uint32_t>(size, 0)};
}

std::size_t StreamingFrequency::bucket_of(std::uint32_t item) const {
  return options_.num_buckets > 0 ? splitmix64(item) % options_.num_buckets : item;
}

void StreamingFrequency::observe(std::uint64_t step, std::span<const std::uint32_t> items) {
  const auto now = static_cast<std::int64_t>(step);
  for (const std::uint32_t item : items) {
    const std::size_t bucket = bucket_of(item);
    const std::int64_t gap = now - state_.last_step[bucket];
    GEMEL_CHECK(gap >= 0, "StreamingFrequency: steps ascend");
    if (gap == 0) continue;  // seen in this batch already
    std::uint32_t& sightings = state_.num_sightings[bucket];
    if (sightings < std::numeric_limits<std::uint32_t>::max()) ++sightings;
    const double rate = std::max(options_.learning_rate, 1.0 / sightings);
    state_.mean_gap[bucket] = (1 - rate) * state_.mean_gap[bucket] + rate * static_cast<double>(gap);
    state_.last_step[bucket] = now;
  }
}

double StreamingFrequency::chance_per_step(std::uint32_t item) const {
  const std::size_t bucket = bucket_of(item);
  return state_.num_sightings[bucket] > 0 ? 1 / std::max(1.0, state_.mean_gap[bucket]) : 0;
}

void StreamingFrequency::restore(State state) {
  const std::size_t size = state_.last_step.size();
  GEMEL_CHECK(state.last_step.size() == size && state.mean_gap.size() == size && state.num_sightings.size() == size,
              "StreamingFrequency: state of another size");
  state_ = std::move(state);
}

}  // namespace gemel
