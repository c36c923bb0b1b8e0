#include "gemel/models/row_similarity.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gemel/base/check.h"
#include "gemel/numerics/kernels.h"

namespace gemel {
namespace {

constexpr double kK1 = 1.2, kB = 0.75;
constexpr std::size_t kRowsAtOnce = 1024;  // are looked at for those above what is known
constexpr double kMinNorm = 1e-18;  // of a row that has all but faded away

// idf of each column.
std::vector<float> inverse_frequencies(const InteractionRows& rows, std::size_t num_columns) {
  std::vector<std::size_t> counts(num_columns);
  for (const std::uint32_t column : rows.columns) ++counts[column];
  std::vector<float> idf(num_columns);
  for (std::size_t c = 0; c < num_columns; ++c)
    idf[c] = static_cast<float>(std::log(static_cast<double>(rows.size())) - std::log1p(static_cast<double>(counts[c])));
  return idf;
}

void divide_by_root_mean_square(const InteractionRows& rows, std::vector<float>& idf) {
  double squares = 0;
  for (const std::uint32_t column : rows.columns) squares += static_cast<double>(idf[column]) * idf[column];
  if (squares == 0) return;
  const double factor = std::sqrt(static_cast<double>(rows.columns.size()) / squares);
  for (float& value : idf) value = static_cast<float>(value * factor);
}

// What each column takes off both weights that meet in it.
std::vector<float> damped_hubs(const InteractionRows& rows, std::size_t num_columns, double through_exponent) {
  std::vector<double> sums(num_columns);
  for (std::size_t n = 0; n < rows.columns.size(); ++n) sums[rows.columns[n]] += rows.values[n];
  std::vector<float> weights(num_columns);
  for (std::size_t c = 0; c < num_columns; ++c)
    weights[c] = static_cast<float>(std::pow(std::max(sums[c], kMinNorm), -through_exponent / 2));
  return weights;
}

double sum_of(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += value;
  return sum;
}

// Plain pointers: the compiler keeps them in registers. A term is above 0, as in TouchedScores.
void add_column(std::span<const std::uint32_t> rows, std::span<const float> weights, float weight, std::span<float> products) {
  const std::uint32_t* row = rows.data();
  const float* other = weights.data();
  float* sums = products.data();
  for (std::size_t n = rows.size(); n > 0; --n, ++row, ++other) sums[*row] += std::max(weight * *other, TouchedScores::kLeast);
}

bool has_shrinkage(Similarity similarity) { return similarity == Similarity::kCosine || similarity == Similarity::kTfidf; }

}  // namespace

std::string_view to_text(Similarity similarity) {
  switch (similarity) {
    case Similarity::kCosine: return "cosine";
    case Similarity::kTfidf: return "tfidf";
    case Similarity::kBm25: return "bm25";
    case Similarity::kWalk: return "walk";
  }
  return "";
}

void SimilarityKnobs::read(ConfigTable& table) {
  const std::string name = table.choice("similarity", {"cosine", "tfidf", "bm25", "walk"}, std::string(to_text(similarity)));
  for (const Similarity each : {Similarity::kCosine, Similarity::kTfidf, Similarity::kBm25, Similarity::kWalk})
    if (name == to_text(each)) similarity = each;
  if (!has_shrinkage(similarity)) shrinkage = 0;
  shrinkage = table.number("shrinkage", shrinkage, 0);
  if (!has_shrinkage(similarity) && shrinkage != 0)
    table.reject("shrinkage",
                 concat("expected 0 with similarity = \"", name, "\", whose sums over few pairs are small already, found ", shrinkage));
  for (const std::string_view key : {"from_exponent", "through_exponent", "to_exponent"})
    if (similarity != Similarity::kWalk && table.has(key))
      table.reject(key, concat("is read only with similarity = \"walk\", found \"", name, "\""));
  if (similarity != Similarity::kWalk) return;
  from_exponent = table.number("from_exponent", from_exponent, 0, 2);
  through_exponent = table.number("through_exponent", through_exponent, 0, 2);
  to_exponent = table.number("to_exponent", to_exponent, 0, 2);
}

std::string SimilarityKnobs::to_toml() const {
  std::string text = concat("similarity = \"", to_text(similarity), "\"");
  if (has_shrinkage(similarity)) text += concat(", shrinkage = ", shrinkage);
  if (similarity == Similarity::kWalk)
    text += concat(", from_exponent = ", from_exponent, ", through_exponent = ", through_exponent, ", to_exponent = ", to_exponent);
  return text;
}

TuningSpace SimilarityKnobs::tuning_space() {
  const std::vector<std::string> walk{"\"walk\""};
  return {choice("similarity", {"\"cosine\"", "\"tfidf\"", "\"bm25\"", "\"walk\""}),
          only_where("similarity", {"\"cosine\"", "\"tfidf\""}, log_uniform("shrinkage", .1, 1000)),
          only_where("similarity", walk, uniform("from_exponent", 0, 1)), only_where("similarity", walk, uniform("through_exponent", 0, 1)),
          only_where("similarity", walk, uniform("to_exponent", 0, 1))};
}

RowWeighting::RowWeighting(const SimilarityKnobs& knobs, const InteractionRows& rows, std::size_t num_columns)
    : knobs_(knobs), shrinkage_(static_cast<float>(knobs.shrinkage)) {
  switch (knobs.similarity) {
    case Similarity::kCosine: break;
    case Similarity::kTfidf:
      column_weights_ = inverse_frequencies(rows, num_columns);
      divide_by_root_mean_square(rows, column_weights_);
      break;
    case Similarity::kBm25: column_weights_ = inverse_frequencies(rows, num_columns); break;
    case Similarity::kWalk: column_weights_ = damped_hubs(rows, num_columns, knobs.through_exponent); break;
  }
  const double sum = sum_of(rows.values);
  if (sum > 0) mean_length_ = sum / static_cast<double>(rows.size());
}

void RowWeighting::weigh_by_bm25(std::span<const std::uint32_t> columns, std::span<float> values) const {
  const double saturation = kK1 * (1 - kB + kB * sum_of(values) / mean_length_);
  for (std::size_t n = 0; n < values.size(); ++n)
    values[n] = static_cast<float>(values[n] * (kK1 + 1) / (saturation + values[n]) * column_weights_[columns[n]]);
}

RowNorm RowWeighting::weigh(std::span<const std::uint32_t> columns, std::span<float> values) const {
  switch (knobs_.similarity) {
    case Similarity::kBm25: weigh_by_bm25(columns, values); return {};
    case Similarity::kWalk: {
      const double sum = std::max(sum_of(values), kMinNorm);
      for (std::size_t n = 0; n < values.size(); ++n) values[n] *= column_weights_[columns[n]];
      return {static_cast<float>(std::pow(sum, knobs_.from_exponent)), static_cast<float>(std::pow(sum, knobs_.to_exponent))};
    }
    case Similarity::kTfidf:
      for (std::size_t n = 0; n < values.size(); ++n) values[n] = std::sqrt(values[n]) * column_weights_[columns[n]];
      break;
    case Similarity::kCosine: break;
  }
  double squares = 0;
  for (const float value : values) squares += static_cast<double>(value) * value;
  const auto length = static_cast<float>(std::max(std::sqrt(squares), kMinNorm));
  return {length, length};
}

std::vector<RowNorm> RowWeighting::weigh_all(InteractionRows& rows) const {
  std::vector<RowNorm> norms;
  norms.reserve(rows.size());
  for (std::size_t r = 0; r < rows.size(); ++r)
    norms.push_back(weigh(rows.row(r), std::span(rows.values).subspan(rows.offsets[r], rows.offsets[r + 1] - rows.offsets[r])));
  return norms;
}

RowProducts::RowProducts(const InteractionRows& rows, const InteractionRows& columns, std::span<const RowNorm> norms)
    : rows_(rows), columns_(columns), norms_(norms), of_all_(rows.size()), of_touched_(rows.size()) {
  for (const RowNorm norm : norms) as_second_.push_back(norm.as_second);
}

// Whether it is quicker to look at all rows than to note which are touched.
bool RowProducts::touches_most(std::uint32_t row) const {
  std::size_t terms = 0;
  for (const std::uint32_t column : rows_.row(row)) terms += columns_.row(column).size();
  return 4 * terms >= rows_.size();
}

void RowProducts::prefetch_column(std::uint32_t column) const {
  constexpr std::size_t kLineValues = 16, kLines = 4;  // the machine finds the rest; one loop for both is 8 % of a fit less than two
  const std::size_t begin = columns_.offsets[column], end = std::min(columns_.offsets[column + 1], begin + kLines * kLineValues);
  for (std::size_t n = begin; n < end; n += kLineValues) {
    __builtin_prefetch(columns_.columns.data() + n);
    __builtin_prefetch(columns_.values.data() + n);
  }
}

// The row's product with every row, itself too, to of_all_. The columns lie anywhere: those to come are fetched meanwhile.
void RowProducts::add_columns(std::uint32_t row) {
  constexpr std::size_t kAhead = 4;
  const std::size_t end = rows_.offsets[row + 1];
  for (std::size_t n = rows_.offsets[row]; n < end; ++n) {
    if (n + kAhead < end) prefetch_column(rows_.columns[n + kAhead]);
    add_column(columns_.row(rows_.columns[n]), columns_.values_of(rows_.columns[n]), rows_.values[n], of_all_);
  }
}

void RowProducts::offer_similar(std::uint32_t row, const RowWeighting& weighting, TopK& top) {
  GEMEL_CHECK(norms_.size() == rows_.size(), "offer_similar: a norm for each row is needed");
  if (!touches_most(row))
    return visit_row(
        row, [&](std::uint32_t other, float product) { top.offer(other, weighting.similarity(product, norms_[row], norms_[other])); });
  add_columns(row);
  of_all_[row] = 0;
  similarities_.resize(kRowsAtOnce);
  found_.resize(kRowsAtOnce);
  for (std::size_t first = 0; first < of_all_.size(); first += kRowsAtOnce) {
    const std::size_t count = std::min(kRowsAtOnce, of_all_.size() - first);
    kernels().quotients(of_all_.data() + first, norms_[row].as_first, as_second_.data() + first, weighting.shrinkage(),
                        similarities_.data(), count);
    const float least = std::max(top.threshold(), std::numeric_limits<float>::lowest());
    const std::size_t num_found = kernels().find_at_least(least, similarities_.data(), count, found_.data());
    for (std::size_t i = 0; i < num_found; ++i) top.offer(static_cast<std::uint32_t>(first + found_[i]), similarities_[found_[i]]);
  }
  std::ranges::fill(of_all_, 0.0f);
}

}  // namespace gemel
