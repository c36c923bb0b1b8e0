// One thread's exact search through codes: a block of queries against stretch after stretch of coded panels; what the codes cannot rule out
// is scored in floats at once, so that the threshold of the next stretch is a true score.
#pragma once

#include <memory>
#include <vector>

#include "gemel/index/coded_panels.h"
#include "gemel/index/request_bias.h"
#include "gemel/index/vector_index.h"

namespace gemel {

class CodeSearch {
 public:
  // no_bias: as RequestBias; largest_bias: of those that are finite.
  CodeSearch(const CodedPanels& panels, ConstMatrixView candidates, const SearchRequest& request, std::span<const float> no_bias,
             float largest_bias);

  void run(std::size_t begin, std::size_t end, std::vector<std::vector<ScoredIndex>>& out);

 private:
  void scan(std::size_t first_query, std::size_t num_queries, std::size_t first_panel, std::size_t num_panels, RequestBias::Parts bias);
  void set_first_threshold(std::size_t query, std::size_t place, std::size_t num_panels);
  void keep_best(std::size_t query, std::size_t place, std::size_t first_panel, std::size_t num_panels);
  void score_in_floats(std::size_t query);
  void score_all(std::size_t query);

  const CodedPanels& panels_;
  const ConstMatrixView candidates_;
  const SearchRequest& request_;
  RequestBias bias_;
  const float largest_bias_;
  const std::size_t num_panels_, first_stretch_, tile_;
  std::size_t begin_ = 0;  // of the block
  CodedPanels::Queries coded_;
  // Of a tile of queries and a stretch of panels.
  std::vector<std::uint32_t> hit_panels_, num_hits_;
  std::unique_ptr<float[]> bounds_buffer_;
  float* hit_bounds_ = nullptr;
  std::vector<float> maxima_;
  std::size_t num_maxima_ = 0;
  // Of one query.
  std::unique_ptr<std::uint32_t[]> in_reach_;
  std::size_t num_in_reach_ = 0;
  FloatBuffer scores_;
  // Of the block.
  std::vector<float> thresholds_;
  std::vector<TopK> best_;
  std::vector<std::span<const std::uint32_t>> excluded_;  // what is still ahead, of each query
};

}  // namespace gemel
