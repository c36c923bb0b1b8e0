// What a search adds to its scores, a stretch of panels at a time: the request's bias, -infinity where a candidate does not pass the
// filter or where there is none. A request's own array of a million biases would cost as much as a tenth of its search.
// Thread safety: one for each thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "gemel/index/vector_index.h"

namespace gemel {

class RequestBias {
 public:
  // no_bias [panels * kPanelWidth]: 0, and -infinity where there is no candidate.
  RequestBias(const SearchRequest& request, std::span<const float> no_bias, std::size_t num_candidates);

  std::size_t num_panels() const;
  // [num_panels * kPanelWidth], until it is asked again.
  const float* of_panels(std::size_t first_panel, std::size_t num_panels);
  // The same in two: -infinity only where there is no candidate, and who passes the filter; null: all.
  struct Parts {
    const float* bias;
    const std::uint8_t* eligible;
  };
  Parts parts_of_panels(std::size_t first_panel, std::size_t num_panels);
  float of(std::uint32_t candidate) const;

 private:
  const float* without_filter(std::size_t first, std::size_t size);
  float* make_stretch(std::size_t size);

  const SearchRequest& request_;
  const std::span<const float> no_bias_;
  const std::size_t num_candidates_;
  std::unique_ptr<float[]> stretch_;
  std::size_t capacity_ = 0;
  std::unique_ptr<std::uint8_t[]> flags_;  // of a stretch that goes beyond the last candidate
};

}  // namespace gemel
