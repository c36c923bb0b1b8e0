#include "gemel/index/coded_panels.h"

#include <algorithm>
#include <cmath>

namespace gemel {
namespace {

constexpr float kRoundUp = 1 + 1e-6f;  // a double made float, and a few float operations on it, stay above what they bound
constexpr int kZeroCode = 64;          // of a candidate's value 0
constexpr int kLargestCandidateCode = kMaxCode - kZeroCode, kLargestQueryCode = 127;

// A step that is no normal number can be too small for its value: hence the limit.
int code_of(float value, float step, int largest) {
  if (!(step > 0)) return 0;
  const float scaled = std::clamp(value / step, static_cast<float>(-largest), static_cast<float>(largest));
  return static_cast<int>(scaled + (scaled < 0 ? -0.5f : 0.5f));
}

float round_up(double x) { return static_cast<float>(x) * kRoundUp; }

double length(std::span<const float> row) {
  double sum = 0;
  for (const float value : row) sum += double{value} * value;
  return std::sqrt(sum);
}

float largest_magnitude(std::span<const float> row) { return kernels().largest_magnitude(row.data(), row.size()); }

}  // namespace

CodedPanels::CodedPanels(ConstMatrixView candidates)
    : dim_(candidates.cols), num_groups_((candidates.cols + 4 * kCodeGroups - 1) / (4 * kCodeGroups) * kCodeGroups) {
  if (!kernels().has_byte_products || !std::isfinite(largest_magnitude({candidates.data, candidates.size()}))) return;
  const std::size_t num_panels = (candidates.rows + kPanelWidth - 1) / kPanelWidth;
  codes_.assign(num_panels * num_groups_ * kPanelWidth * 4, kZeroCode);
  for (std::vector<float>* of_panels : {&steps_, &errors_, &norms_}) of_panels->assign(num_panels, 0.0f);
  for (std::size_t panel = 0; panel < num_panels; ++panel) {
    code_panel(candidates, panel);
    largest_error_ = std::max(largest_error_, errors_[panel]);
    largest_norm_ = std::max(largest_norm_, norms_[panel]);
  }
}

void CodedPanels::code_panel(ConstMatrixView candidates, std::size_t panel) {
  const std::size_t begin = panel * kPanelWidth, end = std::min(begin + kPanelWidth, candidates.rows);
  const auto some = candidates.row_block(begin, end);
  const float step = largest_magnitude({some.data, some.size()}) / kLargestCandidateCode;
  steps_[panel] = step;
  std::uint8_t* codes = codes_.data() + panel * num_groups_ * kPanelWidth * 4;
  double largest_error = 0;
  for (std::size_t lane = 0; lane < some.rows; ++lane) {
    double squares = 0;
    for (std::size_t d = 0; d < dim_; ++d) {
      const float value = some.row(lane)[d];
      const int code = code_of(value, step, kLargestCandidateCode);
      codes[(d / 4 * kPanelWidth + lane) * 4 + d % 4] = static_cast<std::uint8_t>(code + kZeroCode);
      const double error = value - double{step} * code;
      squares += error * error;
    }
    largest_error = std::max(largest_error, std::sqrt(squares));
    norms_[panel] = std::max(norms_[panel], round_up(length(some.row(lane))));
  }
  errors_[panel] = round_up(largest_error);
}

bool CodedPanels::code(ConstMatrixView queries, float largest_bias, Queries& out) const {
  out.codes.assign(queries.rows * num_groups_ * 4, 0);
  out.coded.resize(queries.rows);
  for (std::size_t q = 0; q < queries.rows; ++q) {
    if (!std::isfinite(largest_magnitude(queries.row(q)))) return false;
    CodedQuery& coded = out.coded[q];
    code_query(queries.row(q), largest_bias, out.codes.data() + q * num_groups_ * 4, coded);
    const float widest = 2 * (coded.per_error * largest_error_ + coded.per_norm * largest_norm_ + coded.slack);
    if (!std::isfinite(widest)) return false;
  }
  return true;
}

// The step is the smallest at which no sum of the scan leaves 16 bits: in a run of kCodeGroups groups the even pairs of values are added
// up in one sum and the odd pairs in another.
void CodedPanels::code_query(std::span<const float> query, float largest_bias, std::int8_t* codes, CodedQuery& out) const {
  constexpr float kLargestSum = 32767.0f / kMaxCode - 2 * kCodeGroups * 0.5f;  // the codes are rounded
  float largest_sum = 0;
  for (std::size_t run = 0; run < dim_; run += 4 * kCodeGroups) {
    float sums[2] = {0, 0};
    for (std::size_t d = run; d < std::min(run + 4 * kCodeGroups, dim_); ++d) sums[d / 2 % 2] += std::abs(query[d]);
    largest_sum = std::max({largest_sum, sums[0], sums[1]});
  }
  const float step = std::max(largest_magnitude(query) / kLargestQueryCode, largest_sum / kLargestSum), per_step = 1 / step;
  // A sum of n products rounds off at most n 2^-24 of what its magnitudes add up to; twice that also covers the sums of the bounds.
  const double rounding = static_cast<double>(dim_ + 8) * 0x1.0p-23;
  double norm = 0, error = 0;
  RowCodes row{};
  if (std::isnormal(step) && std::isnormal(per_step)) {
    row = kernels().code_values(query.data(), query.size(), per_step, kLargestQueryCode, codes);
    norm = step * std::sqrt(static_cast<double>(row.squares));
    // A value in steps, below 128, is rounded off by at most 2^-16 when it is made.
    error = step * (std::sqrt(double{row.error_squares}) * (1 + rounding) + std::sqrt(static_cast<double>(dim_)) * 0x1.0p-16);
  } else {
    error = length(query);  // all codes are 0
  }
  out = {.step = step,
         .first_sum = -kZeroCode * row.sum,
         .per_error = round_up(norm),
         .per_norm = round_up(error + (norm + error) * rounding),
         .slack = round_up(largest_bias * rounding)};
}

CodeScan CodedPanels::scan_of(std::size_t first, std::size_t num_panels, const Queries& queries, std::size_t first_query,
                              std::size_t num_queries) const {
  CodeScan scan{};
  scan.codes = codes_.data() + first * num_groups_ * kPanelWidth * 4;
  scan.steps = steps_.data() + first;
  scan.errors = errors_.data() + first;
  scan.norms = norms_.data() + first;
  scan.num_panels = num_panels;
  scan.num_groups = num_groups_;
  scan.queries = queries.codes.data() + first_query * num_groups_ * 4;
  scan.coded = queries.coded.data() + first_query;
  scan.num_queries = num_queries;
  return scan;
}

}  // namespace gemel
