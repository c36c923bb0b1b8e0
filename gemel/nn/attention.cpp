#include "gemel/nn/attention.h"

#include <algorithm>
#include <cmath>

#include "gemel/numerics/kernels.h"

namespace gemel {
namespace {
constexpr std::size_t kSequencesPerBlock = 32;

// One query of one head: what it attends to, and where its weights lie.
struct Glance {
  std::size_t query;      // row of queries
  std::size_t first_key;  // row of keys and values
  std::size_t num_keys;
  std::size_t column;     // where the head begins
  std::size_t weights;    // index into AttentionWeights::values
};

void for_each_glance(const AttentionShape& shape, std::size_t dim, std::size_t sequence, std::size_t weights, const auto& visit) {
  const std::size_t first = shape.offsets[sequence], length = shape.offsets[sequence + 1] - first;
  for (std::size_t token = shape.last_only ? length - 1 : 0; token < length; ++token)
    for (std::size_t head = 0; head < shape.num_heads; ++head) {
      visit(Glance{shape.last_only ? sequence : first + token, first, token + 1, head * (dim / shape.num_heads), weights});
      weights += token + 1;
    }
}

void check_shapes(const AttentionShape& shape, ConstMatrixView queries, ConstMatrixView keys, ConstMatrixView values) {
  GEMEL_CHECK(!shape.offsets.empty() && shape.offsets.front() == 0 && shape.offsets.back() == keys.rows, "attention: offsets do not fit");
  GEMEL_CHECK(queries.rows == (shape.last_only ? shape.num_sequences() : keys.rows) && values.rows == keys.rows &&
                  queries.cols == keys.cols && values.cols == keys.cols && shape.num_heads > 0 && keys.cols % shape.num_heads == 0,
              "attention: shapes do not fit");
}

void lay_out(const AttentionShape& shape, AttentionWeights& weights) {
  weights.begin.assign(1, 0);
  for (std::size_t s = 0; s < shape.num_sequences(); ++s) {
    GEMEL_CHECK(shape.offsets[s] < shape.offsets[s + 1], "attention: an empty sequence");
    const std::size_t length = shape.offsets[s + 1] - shape.offsets[s];
    weights.begin.push_back(weights.begin.back() + shape.num_heads * (shape.last_only ? length : length * (length + 1) / 2));
  }
  weights.values.resize(weights.begin.back());
}

float inverse_root(std::size_t dim, std::size_t num_heads) { return 1 / std::sqrt(static_cast<float>(dim / num_heads)); }

}  // namespace

void attention_forward(const AttentionShape& shape, ConstMatrixView queries, ConstMatrixView keys, ConstMatrixView values,
                       AttentionWeights& weights, MatrixView out, ThreadPool& pool) {
  check_shapes(shape, queries, keys, values);
  GEMEL_CHECK(out.rows == queries.rows && out.cols == queries.cols, "attention_forward: out does not fit");
  lay_out(shape, weights);
  const std::size_t dim = keys.cols, width = dim / shape.num_heads;
  const float scale = inverse_root(dim, shape.num_heads);
  pool.for_blocks(shape.num_sequences(), kSequencesPerBlock, [&](std::size_t begin, std::size_t end) {
    std::vector<const float*> rows;
    for (std::size_t sequence = begin; sequence < end; ++sequence)
      for_each_glance(shape, dim, sequence, weights.begin[sequence], [&](const Glance& at) {
        float* weight = weights.values.data() + at.weights;
        const float* query = queries.row(at.query).data() + at.column;
        rows.clear();
        for (std::size_t key = 0; key < at.num_keys; ++key) {
          weight[key] = scale * kernels().dot(query, keys.row(at.first_key + key).data() + at.column, width);
          rows.push_back(values.row(at.first_key + key).data() + at.column);
        }
        kernels().scale(1 / kernels().exp_sum(kernels().row_max(weight, at.num_keys), weight, at.num_keys), weight, at.num_keys);
        kernels().sum_rows(rows.data(), weight, at.num_keys, out.row(at.query).data() + at.column, width);
      });
  });
}

void attention_backward(const AttentionShape& shape, ConstMatrixView queries, ConstMatrixView keys, ConstMatrixView values,
                        const AttentionWeights& weights, ConstMatrixView d_out, MatrixView d_queries, MatrixView d_keys,
                        MatrixView d_values, ThreadPool& pool) {
  check_shapes(shape, queries, keys, values);
  check_shapes(shape, d_queries, d_keys, d_values);
  GEMEL_CHECK(d_out.rows == queries.rows && d_out.cols == queries.cols, "attention_backward: d_out does not fit");
  const std::size_t dim = keys.cols, width = dim / shape.num_heads;
  const float scale = inverse_root(dim, shape.num_heads);
  pool.for_blocks(shape.num_sequences(), kSequencesPerBlock, [&](std::size_t begin, std::size_t end) {
    for (MatrixView d : {d_keys, d_values}) {
      const MatrixView own = d.row_block(shape.offsets[begin], shape.offsets[end]);
      std::fill(own.data, own.data + own.size(), 0.0f);
    }
    std::vector<const float*> rows;
    std::vector<float> d_logits;
    for (std::size_t sequence = begin; sequence < end; ++sequence)
      for_each_glance(shape, dim, sequence, weights.begin[sequence], [&](const Glance& at) {
        const float* weight = weights.values.data() + at.weights;
        const float* d = d_out.row(at.query).data() + at.column;
        const float* query = queries.row(at.query).data() + at.column;
        rows.clear();
        d_logits.clear();
        for (std::size_t key = 0; key < at.num_keys; ++key) {
          d_logits.push_back(kernels().dot(d, values.row(at.first_key + key).data() + at.column, width));
          kernels().axpy(weight[key], d, d_values.row(at.first_key + key).data() + at.column, width);
          rows.push_back(keys.row(at.first_key + key).data() + at.column);
        }
        const float mean = kernels().dot(weight, d_logits.data(), at.num_keys);
        for (std::size_t key = 0; key < at.num_keys; ++key) {
          d_logits[key] = scale * weight[key] * (d_logits[key] - mean);
          kernels().axpy(d_logits[key], query, d_keys.row(at.first_key + key).data() + at.column, width);
        }
        kernels().sum_rows(rows.data(), d_logits.data(), at.num_keys, d_queries.row(at.query).data() + at.column, width);
      });
  });
}

}  // namespace gemel
