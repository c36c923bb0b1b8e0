#include "gemel/index/request_bias.h"

#include <algorithm>

#include "gemel/numerics/kernels.h"

namespace gemel {

RequestBias::RequestBias(const SearchRequest& request, std::span<const float> no_bias, std::size_t num_candidates)
    : request_(request), no_bias_(no_bias), num_candidates_(num_candidates) {}

std::size_t RequestBias::num_panels() const { return no_bias_.size() / kPanelWidth; }

const float* RequestBias::of_panels(std::size_t first_panel, std::size_t num_panels) {
  const std::size_t first = first_panel * kPanelWidth, size = num_panels * kPanelWidth;
  if (request_.eligible.empty()) return without_filter(first, size);
  const std::size_t known = std::min(size, num_candidates_ - first);
  const float* own = request_.candidate_bias.empty() ? no_bias_.data() : request_.candidate_bias.data() + first;
  float* stretch = make_stretch(size);
  kernels().mask_bias(request_.eligible.data() + first, own, stretch, known);
  std::fill(stretch + known, stretch + size, kNever);
  return stretch;
}

RequestBias::Parts RequestBias::parts_of_panels(std::size_t first_panel, std::size_t num_panels) {
  const std::size_t first = first_panel * kPanelWidth, size = num_panels * kPanelWidth;
  const float* bias = without_filter(first, size);
  if (request_.eligible.empty()) return {bias, nullptr};
  if (first + size <= num_candidates_) return {bias, request_.eligible.data() + first};
  flags_ = std::make_unique_for_overwrite<std::uint8_t[]>(size);  // once a request: only the last stretch gets here
  std::fill(std::copy(request_.eligible.begin() + static_cast<std::ptrdiff_t>(first), request_.eligible.end(), flags_.get()),
            flags_.get() + size, std::uint8_t{0});
  return {bias, flags_.get()};
}

const float* RequestBias::without_filter(std::size_t first, std::size_t size) {
  const std::span<const float> bias = request_.candidate_bias;
  const bool is_whole = first + size <= num_candidates_;
  // Where there is no bias the zeros of the first panels serve all: they stay in the cache, a million others would be read.
  if (bias.empty()) return no_bias_.data() + (is_whole ? 0 : first);
  if (is_whole) return bias.data() + first;
  float* stretch = make_stretch(size);
  std::fill(std::copy(bias.begin() + static_cast<std::ptrdiff_t>(first), bias.end(), stretch), stretch + size, kNever);
  return stretch;
}

float* RequestBias::make_stretch(std::size_t size) {
  if (capacity_ < size) {
    stretch_ = std::make_unique_for_overwrite<float[]>(size);
    capacity_ = size;
  }
  return stretch_.get();
}

float RequestBias::of(std::uint32_t candidate) const {
  if (!request_.eligible.empty() && request_.eligible[candidate] == 0) return kNever;
  return request_.candidate_bias.empty() ? 0.0f : request_.candidate_bias[candidate];
}

}  // namespace gemel
