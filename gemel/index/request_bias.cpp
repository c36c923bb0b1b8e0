#include "gemel/index/request_bias.h"

#include <algorithm>

#include "gemel/numerics/kernels.h"

namespace gemel {

RequestBias::RequestBias(const SearchRequest& request, std::span<const float> no_bias) : request_(request), no_bias_(no_bias) {}

std::size_t RequestBias::num_panels() const { return no_bias_.size() / kPanelWidth; }

const float* RequestBias::of_panels(std::size_t first_panel, std::size_t num_panels) {
  const std::span<const float> bias = request_.candidate_bias;
  const std::span<const std::uint8_t> eligible = request_.eligible;
  const std::size_t first = first_panel * kPanelWidth, size = num_panels * kPanelWidth;
  if (eligible.empty() && bias.empty()) return no_bias_.data() + first;
  if (eligible.empty() && first + size <= bias.size()) return bias.data() + first;
  const std::size_t num_candidates = std::max(bias.size(), eligible.size()), known = std::min(size, num_candidates - first);
  if (stretch_.size() < size) stretch_.resize(size);
  const float* own = bias.empty() ? no_bias_.data() + first : bias.data() + first;
  if (eligible.empty()) std::copy_n(own, known, stretch_.data());
  else kernels().mask_bias(eligible.data() + first, own, stretch_.data(), known);
  std::fill(stretch_.begin() + static_cast<std::ptrdiff_t>(known), stretch_.begin() + static_cast<std::ptrdiff_t>(size), kNever);
  return stretch_.data();
}

float RequestBias::of(std::uint32_t candidate) const {
  if (!request_.eligible.empty() && request_.eligible[candidate] == 0) return kNever;
  return request_.candidate_bias.empty() ? 0.0f : request_.candidate_bias[candidate];
}

}  // namespace gemel
