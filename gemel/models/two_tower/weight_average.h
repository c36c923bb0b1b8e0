// The exponential moving average of a network's parameters over the steps (Polyak, Juditsky 1992; as Izmailov et al. 2018 use averages for
// deep networks): what a noisy walk of steps goes round is often better than where it stands. Early steps count less, so that the average
// does not drag its random start along: the share that stays in step t is min(decay, (1 + t) / (10 + t)).
// Thread safety: one caller. Results do not depend on the number of threads.
#pragma once

#include <vector>

#include "gemel/models/two_tower/network.h"

namespace gemel {

class WeightAverage {
 public:
  WeightAverage() = default;
  explicit WeightAverage(double decay) : decay_(decay) {}  // 0: no average

  bool is_on() const { return !values_.empty(); }
  void stop() { values_.clear(), decay_ = 0; }  // after numbers that are none
  // After step 0, 1, ...
  void observe(const Network& network, std::uint64_t step, ThreadPool& pool);
  // Trades places with the network's values; a second call undoes it. Nothing happens without an average.
  void swap(Network& network);

  // In the order of Network::parameters(); for checkpoints.
  const std::vector<Matrix>& values() const { return values_; }
  void restore(std::vector<Matrix> values) { values_ = std::move(values); }

 private:
  double decay_ = 0;
  std::vector<Matrix> values_;
};

}  // namespace gemel
