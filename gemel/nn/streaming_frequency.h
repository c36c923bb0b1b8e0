// How likely an item is in a batch, learnt from the batches as they come (Yi et al., RecSys 2019, section 4.2): for each item (or hash
// bucket) the step A at which it was last seen and a moving average B of the gap between sightings. The chance per step is 1 / B; for
// items drawn with probability p each it tends to 1 - (1 - p)^batch. It follows a popularity that shifts, and needs no count beforehand.
//
// Gap n of an item has the rate max(learning_rate, 1 / n): the mean of its gaps until there are 1 / learning_rate of them, so that B needs
// no guess to begin with. The first gap counts from before step 0. Buckets that items share are seen whenever one of them is: the chance
// comes out too high, never too low.
// Thread safety: one caller for observe; const otherwise.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace gemel {

struct StreamingFrequencyOptions {
  double learning_rate = 0.01;
  std::size_t num_buckets = 0;  // 0: one for each item
};

class StreamingFrequency {
 public:
  StreamingFrequency(const StreamingFrequencyOptions& options, std::size_t num_items);

  // The items of the batch of this step; twice in a batch counts once. Steps ascend.
  void observe(std::uint64_t step, std::span<const std::uint32_t> items);
  // The chance that a batch holds the item, as of the last one that did; 0 as long as none did.
  double chance_per_step(std::uint32_t item) const;

  // All that it has learnt, [buckets] each: for checkpoints.
  struct State {
    std::vector<std::int64_t> last_step;    // A; -1: not yet seen
    std::vector<double> mean_gap;           // B, in steps
    std::vector<std::uint32_t> num_sightings;
  };
  const State& state() const { return state_; }
  // REQUIRES: of the same number of buckets.
  void restore(State state);

 private:
  std::size_t bucket_of(std::uint32_t item) const;

  StreamingFrequencyOptions options_;
  State state_;
};

}  // namespace gemel
