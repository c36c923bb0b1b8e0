#include "gemel/models/row_similarity.h"

#include <cmath>

namespace gemel {
namespace {

constexpr double kK1 = 1.2, kB = 0.75;
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

}  // namespace

std::string_view to_text(Similarity similarity) {
  switch (similarity) {
    case Similarity::kCosine: return "cosine";
    case Similarity::kTfidf: return "tfidf";
    case Similarity::kBm25: return "bm25";
  }
  return "";
}

void SimilarityKnobs::read(ConfigTable& table) {
  const std::string name = table.choice("similarity", {"cosine", "tfidf", "bm25"}, std::string(to_text(similarity)));
  for (const Similarity each : {Similarity::kCosine, Similarity::kTfidf, Similarity::kBm25})
    if (name == to_text(each)) similarity = each;
  if (similarity == Similarity::kBm25) shrinkage = 0;
  shrinkage = table.number("shrinkage", shrinkage, 0);
  if (similarity == Similarity::kBm25 && shrinkage != 0)
    table.reject("shrinkage",
                 concat("expected 0 with similarity = \"bm25\", whose sums over few customers are small already, found ", shrinkage));
}

std::string SimilarityKnobs::to_toml() const { return concat("similarity = \"", to_text(similarity), "\", shrinkage = ", shrinkage); }

RowWeighting::RowWeighting(Similarity similarity, const InteractionRows& rows, std::size_t num_columns) : similarity_(similarity) {
  if (similarity == Similarity::kCosine) return;
  idf_ = inverse_frequencies(rows, num_columns);
  if (similarity == Similarity::kTfidf) divide_by_root_mean_square(rows, idf_);
  double sum = 0;
  for (const float value : rows.values) sum += value;
  if (sum > 0) mean_length_ = sum / static_cast<double>(rows.size());
}

float RowWeighting::weigh(std::span<const std::uint32_t> columns, std::span<float> values) const {
  if (similarity_ == Similarity::kBm25) {
    double length = 0;
    for (const float value : values) length += value;
    const double saturation = kK1 * (1 - kB + kB * length / mean_length_);
    for (std::size_t n = 0; n < values.size(); ++n)
      values[n] = static_cast<float>(values[n] * (kK1 + 1) / (saturation + values[n]) * idf_[columns[n]]);
    return 1;
  }
  double squares = 0;
  for (std::size_t n = 0; n < values.size(); ++n) {
    if (similarity_ == Similarity::kTfidf) values[n] = std::sqrt(values[n]) * idf_[columns[n]];
    squares += static_cast<double>(values[n]) * values[n];
  }
  return static_cast<float>(std::max(std::sqrt(squares), kMinNorm));
}

std::vector<float> RowWeighting::weigh_all(InteractionRows& rows) const {
  std::vector<float> norms;
  norms.reserve(rows.size());
  for (std::size_t r = 0; r < rows.size(); ++r)
    norms.push_back(weigh(rows.row(r), std::span(rows.values).subspan(rows.offsets[r], rows.offsets[r + 1] - rows.offsets[r])));
  return norms;
}

}  // namespace gemel
