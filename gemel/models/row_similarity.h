// How alike two rows of interactions are: products by their customers (item_knn), customers by their products (user_knn). Rows are
// weighted, then similarity(a, b) = dot product / (norm(a) * norm(b) + shrinkage). With x the value of row r in column c, n(c) the rows
// that have c, N all rows, idf(c) = log(N / (1 + n(c))):
//   cosine  weight x, norm the Euclidean length
//   tfidf   weight sqrt(x) * idf(c), norm the Euclidean length; idf is taken in units of its root mean square over all pairs, so that
//           shrinkage means as much as for cosine
//   bm25    weight x * (k1 + 1) / (k1 * (1 - b + b * |r| / mean |r|) + x) * idf(c), |r| the sum of r's values, k1 = 1.2, b = .75
//           (Robertson, Zaragoza 2009, section 3.1); norm 1, shrinkage 0
//   walk    three steps of a random walk over the graph of rows and columns, the hubs on the way made less of (Paudel et al., TiiS 2017,
//           section 4, RP3beta; Fu et al., WSDM 2022, section 3): with |.| the sum of a row's or a column's values,
//           similarity(a, b) = sum over columns c of x(a, c) * x(b, c) / (|a|^from_exponent * |c|^through_exponent * |b|^to_exponent);
//           no shrinkage; the only one that is not the same both ways round
// Without shrinkage the first three are the CosineRecommender, TFIDFRecommender and BM25Recommender of the Python package implicit, tfidf
// and cosine to the number, bm25 too. Thread safety: const after construction.
#pragma once

#include <string_view>
#include <vector>

#include "gemel/base/config.h"
#include "gemel/models/interactions.h"
#include "gemel/models/touched_scores.h"
#include "gemel/models/tuning_space.h"
#include "gemel/numerics/top_k.h"

namespace gemel {

enum class Similarity : std::uint8_t { kCosine, kTfidf, kBm25, kWalk };

std::string_view to_text(Similarity similarity);

// The knobs `similarity`, `shrinkage`, which bm25 and walk have none of, and the exponents of walk, which nothing else has.
struct SimilarityKnobs {
  Similarity similarity = Similarity::kCosine;
  double shrinkage = 0;
  double from_exponent = 0.7, through_exponent = 0.7, to_exponent = 0.3;

  void read(ConfigTable& table);  // what stands here already is the default
  std::string to_toml() const;
  static TuningSpace tuning_space();
  bool operator==(const SimilarityKnobs&) const = default;
};

// What a row's products are divided by, above zero: the first of similarity(a, b), the second of it.
struct RowNorm {
  float as_first = 1, as_second = 1;
};

class RowWeighting {
 public:
  RowWeighting() = default;
  RowWeighting(const SimilarityKnobs& knobs, const InteractionRows& rows, std::size_t num_columns);

  // Turns the values of a row into its weights.
  RowNorm weigh(std::span<const std::uint32_t> columns, std::span<float> values) const;
  std::vector<RowNorm> weigh_all(InteractionRows& rows) const;  // -> [rows.size()]
  float similarity(float product, RowNorm first, RowNorm second) const {
    return product / (first.as_first * second.as_second + shrinkage_);
  }
  float shrinkage() const { return shrinkage_; }

 private:
  void weigh_by_bm25(std::span<const std::uint32_t> columns, std::span<float> values) const;

  SimilarityKnobs knobs_;
  float shrinkage_ = 0;
  std::vector<float> column_weights_;  // [num_columns]: idf, for walk |c|^(-through_exponent / 2); none for cosine
  double mean_length_ = 1;
};

// One row after the other beside all that share a column with it. One scratch for each thread.
class RowProducts {
 public:
  // Weighted rows, the same turned round, and what weigh_all() said of the rows, which only offer_similar reads.
  RowProducts(const InteractionRows& rows, const InteractionRows& columns, std::span<const RowNorm> norms = {});

  // Offers similarity(row, other) of each other row that shares a column with it; its last bit may be another with another instruction set.
  void offer_similar(std::uint32_t row, const RowWeighting& weighting, TopK& top);

  // Calls visit(other row, dot product) for each row that shares a column with `row`, itself excepted; a product is above 0, however
  // little.
  template <class Visit>
  void visit_row(std::uint32_t row, Visit&& visit) {
    for (std::size_t n = rows_.offsets[row]; n < rows_.offsets[row + 1]; ++n) {
      const auto others = columns_.row(rows_.columns[n]);
      const auto weights = columns_.values_of(rows_.columns[n]);
      for (std::size_t m = 0; m < others.size(); ++m) of_touched_.add(others[m], rows_.values[n] * weights[m]);
    }
    for (const std::uint32_t other : of_touched_.touched())
      if (other != row) visit(other, of_touched_[other]);
    of_touched_.clear();
  }

 private:
  bool touches_most(std::uint32_t row) const;
  void add_columns(std::uint32_t row);
  void prefetch_column(std::uint32_t column) const;

  const InteractionRows& rows_;
  const InteractionRows& columns_;
  std::span<const RowNorm> norms_;
  std::vector<float> as_second_;  // of norms_
  std::vector<float> of_all_;  // [rows], 0 between calls
  std::vector<float> similarities_;  // scratch of offer_similar, as is found_
  std::vector<std::uint32_t> found_;
  TouchedScores of_touched_;
};

}  // namespace gemel
