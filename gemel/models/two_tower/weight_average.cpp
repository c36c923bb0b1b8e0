#include "gemel/models/two_tower/weight_average.h"

#include <algorithm>

namespace gemel {
namespace {
constexpr std::size_t kFloatsPerBlock = 16384;
}

void WeightAverage::observe(const Network& network, std::uint64_t step, ThreadPool& pool) {
  if (decay_ == 0) return;
  const std::vector<const Parameter*> parameters = network.parameters();
  if (values_.empty()) {
    for (const Parameter* parameter : parameters) values_.push_back(parameter->value);
    return;
  }
  const auto t = static_cast<double>(step);
  const auto moves = static_cast<float>(1 - std::min(decay_, (1 + t) / (10 + t)));
  for (std::size_t p = 0; p < values_.size(); ++p) {
    float* average = values_[p].data();
    const float* value = parameters[p]->value.data();
    pool.for_blocks(values_[p].size(), kFloatsPerBlock, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) average[i] += moves * (value[i] - average[i]);
    });
  }
}

void WeightAverage::swap(Network& network) {
  const std::vector<Parameter*> parameters = network.parameters();
  for (std::size_t p = 0; p < values_.size(); ++p) std::swap(parameters[p]->value, values_[p]);
}

}  // namespace gemel
