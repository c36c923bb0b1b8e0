// A field's values sorted into a few bins, and how far two distributions over them lie apart.
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "gemel/data/health/field_values.h"

namespace gemel::health {

// The bins of each row: of a category one, of tags any number; bin 0 is the missing value.
struct BinnedField {
  std::string name;
  std::vector<std::string> labels;  // of the bins; "missing" first
  std::vector<std::uint32_t> offsets{0}, bins = {};  // [rows + 1], CSR
  std::span<const std::uint32_t> of(std::size_t row) const {
    return std::span(bins).subspan(offsets[row], offsets[row + 1] - offsets[row]);
  }
};

// The `num_top` values of most weight have a bin each, the rest share "other". weights [rows].
BinnedField bin_values(const FieldValues& field, std::span<const std::uint32_t> weights, std::size_t num_top);
// About `num_bins` bins of equal weight.
BinnedField bin_numbers(const FeatureColumn& column, std::span<const std::uint32_t> weights, std::size_t num_bins);

// Weight in each bin, a row's weight shared out over its bins.
std::vector<double> histogram(const BinnedField& field, std::span<const std::uint32_t> weights);
double total(const std::vector<double>& histogram);

// Population stability index: sum of (q - p) ln(q / p) over the bins, p and q being shares with half a count added to each bin.
// 0.1 is usually called a shift, 0.25 a strong one. `parts` (may be null) receives what each bin adds.
double stability_index(const std::vector<double>& before, const std::vector<double>& after, std::vector<double>* parts = nullptr);

// Jensen-Shannon divergence in bits: 0 alike, 1 nothing in common.
double jensen_shannon(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace gemel::health
