#include "gemel/models/factor_ranking.h"

#include <algorithm>
#include <cmath>

#include "gemel/numerics/gemm.h"
#include "gemel/numerics/kernels.h"

namespace gemel {
namespace {

constexpr std::size_t kQueriesAtOnce = 1024;

// rows [n, dim] and one column more: [n, dim + 1].
Matrix with_column(ConstMatrixView rows, std::span<const float> last_column) {
  Matrix wider(rows.rows, rows.cols + 1);
  for (std::size_t row = 0; row < rows.rows; ++row) {
    std::ranges::copy(rows.row(row), wider.row(row).begin());
    wider(row, rows.cols) = last_column[row];
  }
  return wider;
}

// [dim, dim] of rows [n, dim].
Matrix covariance_of(Matrix rows) {
  const auto count = static_cast<float>(rows.rows());
  std::vector<double> mean(rows.cols());
  for (std::size_t row = 0; row < rows.rows(); ++row)
    for (std::size_t column = 0; column < rows.cols(); ++column) mean[column] += rows(row, column) / count;
  for (std::size_t row = 0; row < rows.rows(); ++row)
    for (std::size_t column = 0; column < rows.cols(); ++column) rows(row, column) -= static_cast<float>(mean[column]);
  Matrix covariance(rows.cols(), rows.cols());
  gemm(Transpose::kYes, rows.view(), Transpose::kNo, rows.view(), 1 / std::max(count, 1.f), 0, covariance.view());
  return covariance;
}

}  // namespace

FactorRanking::FactorRanking(ConstMatrixView item_factors, std::span<const float> item_biases)
    : has_biases_(!item_biases.empty()), directions_(item_factors) {
  Matrix rows = has_biases_ ? with_column(item_factors, item_biases) : Matrix(item_factors);
  index_ = ExactIndex(rows);
  covariance_ = covariance_of(std::move(rows));
  for (std::size_t item = 0; item < directions_.rows(); ++item) {
    const float length = std::sqrt(kernels().sum_squares(directions_.row(item).data(), directions_.cols()));
    if (length > 0) kernels().scale(1 / length, directions_.row(item).data(), directions_.cols());
  }
}

Matrix FactorRanking::scaled(Matrix users, const PopularityMix& popularity) const {
  Matrix rows = has_biases_ ? with_column(users, std::vector<float>(users.rows(), 1.f)) : std::move(users);
  if (!popularity.is_mixed_in()) return rows;
  std::vector<float> turned(rows.cols());
  for (std::size_t q = 0; q < rows.rows(); ++q) {
    const std::span<float> row = rows.row(q);
    std::ranges::fill(turned, 0.f);
    for (std::size_t column = 0; column < row.size(); ++column)
      kernels().axpy(row[column], covariance_.row(column).data(), turned.data(), turned.size());
    const double variance = kernels().dot(turned.data(), row.data(), row.size());
    kernels().scale(popularity.taste_scale(variance), row.data(), row.size());
  }
  return rows;
}

void FactorRanking::recommend(std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible,
                              std::span<const std::uint8_t> is_known, const PopularityMix& popularity, const Embed& embed, ThreadPool& pool,
                              std::vector<std::vector<ScoredItem>>& out) const {
  out.resize(queries.size());
  const std::vector<std::uint8_t> ranked = popularity.ranked_by_taste(is_known, eligible);
  std::vector<std::vector<ScoredIndex>> found;
  for (std::size_t begin = 0; begin < queries.size(); begin += kQueriesAtOnce) {
    const auto some = queries.subspan(begin, std::min(kQueriesAtOnce, queries.size() - begin));
    std::vector<std::uint8_t> has_taste(some.size());
    const Matrix users = scaled(embed(some, has_taste), popularity);
    std::vector<std::span<const std::uint32_t>> excluded;
    for (const Query& query : some) excluded.push_back(as_rows(query.excluded));
    index_.search({.queries = users, .candidate_bias = popularity.bias(), .eligible = ranked, .excluded = excluded, .k = k}, pool, found);
    for (std::size_t q = 0; q < some.size(); ++q) {
      if (has_taste[q] == 0) found[q].clear();
      popularity.complete(some[q], k, eligible, found[q], out[begin + q]);
    }
  }
}

}  // namespace gemel
