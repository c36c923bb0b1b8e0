#include "gemel/index/request_bias.h"

#include <algorithm>

#include "gemel/numerics/kernels.h"

namespace gemel {

RequestBias::RequestBias(const SearchRequest& request, std::span<const float> no_bias, std::size_t num_candidates)
    : request_(request), no_bias_(no_bias), num_candidates_(num_candidates) {}

std::size_t RequestBias::num_panels() const { return no_bias_.size() / kPanelWidth; }

const float* RequestBias::of_panels(std::size_t first_panel, std::size_t num_panels) {
  const std::span<const float> bias = request_.candidate_bias;
  const std::span<const std::uint8_t> eligible = request_.eligible;
  const std::size_t first = first_panel * kPanelWidth, size = num_panels * kPanelWidth;
  const bool is_whole = first + size <= num_candidates_;
  // Where there is no bias the zeros of the first panels serve all: they stay in the cache, a million others would be read.
  const float* own = bias.empty() ? no_bias_.data() : bias.data() + first;
  if (eligible.empty() && bias.empty()) return is_whole ? own : no_bias_.data() + first;
  if (eligible.empty() && is_whole) return own;
  const std::size_t known = std::min(size, num_candidates_ - first);
  if (capacity_ < size) {
    stretch_ = std::make_unique_for_overwrite<float[]>(size);
    capacity_ = size;
  }
  if (eligible.empty()) std::copy_n(own, known, stretch_.get());
  else kernels().mask_bias(eligible.data() + first, own, stretch_.get(), known);
  std::fill(stretch_.get() + known, stretch_.get() + size, kNever);
  return stretch_.get();
}

float RequestBias::of(std::uint32_t candidate) const {
  if (!request_.eligible.empty() && request_.eligible[candidate] == 0) return kNever;
  return request_.candidate_bias.empty() ? 0.0f : request_.candidate_bias[candidate];
}

}  // namespace gemel
