// Inner loops over floats, compiled once for each instruction set (kernels_base.cpp, kernels_v3.cpp, kernels_v4.cpp from one
// kernels_impl.inc) and chosen when first asked for: the best set that the machine has, or the one that the environment variable
// GEMEL_ISA names (base, v3, v4) when the machine has it. Results may differ in the last bits from one set to another, never from
// one call to another on the same set. Thread safety: any thread, distinct outputs. Arrays need no alignment; n may be 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gemel {

// One step of Adagrad (Duchi et al. 2011) on one row, as PyTorch writes it.
struct AdagradStep {
  float learning_rate;
  float epsilon;
  float weight_decay;  // added to the gradient, times the value
};

// One step of Adam (Kingma, Ba 2015, algorithm 1). The caller folds the bias corrections in.
struct AdamStep {
  float step_size;            // learning_rate / (1 - beta1^t)
  float beta1;
  float beta2;
  float inverse_root_correction;  // 1 / sqrt(1 - beta2^t)
  float epsilon;
  float weight_decay;
};

// SGD with momentum (heavy ball): velocity = momentum * velocity + gradient; value -= learning_rate * velocity.
struct MomentumStep {
  float learning_rate;
  float momentum;
  float weight_decay;
};

// Candidates of an exact search, kPanelWidth beside each other: panel p holds value d of candidate p * kPanelWidth + lane at
// panels[(p * dim + d) * kPanelWidth + lane].
inline constexpr std::size_t kPanelWidth = 16;

struct PanelScan {
  const float* panels;  // [num_panels, dim, kPanelWidth]
  const float* bias;    // [num_panels * kPanelWidth], added to every query's scores
  std::size_t num_panels, dim;
  const float* queries;     // [num_queries, dim]
  const float* thresholds;  // [num_queries]
  std::size_t num_queries;
  // Out: per query the panels in which a score reaches the threshold, ascending, and all scores of each.
  std::uint32_t* hit_panels;  // [num_queries, num_panels]
  float* hit_scores;          // [num_queries, num_panels, kPanelWidth]
  std::uint32_t* num_hits;    // [num_queries]
};

// The same candidates in codes of 7 bits, 4 values beside each other: value d of candidate p * kPanelWidth + lane is
// codes[((p * num_groups + d / 4) * kPanelWidth + lane) * 4 + d % 4], steps[p] times (code - the code of zero).
inline constexpr int kMaxCode = 127;
inline constexpr std::size_t kCodeGroups = 4;  // num_groups is a multiple of it: so many are added up in 16 bits

struct CodedQuery {
  float step;
  std::int32_t first_sum;  // minus the code of zero times the sum of the query's codes
  // The score by codes differs from the score of the floats by at most per_error * errors[p] + per_norm * norms[p] + slack.
  float per_error, per_norm, slack;
};

struct CodeScan {
  const std::uint8_t* codes;  // [num_panels, num_groups, kPanelWidth, 4], none above kMaxCode
  const float *steps, *errors, *norms;  // [num_panels]
  const float* bias;                    // [num_panels * kPanelWidth]
  const std::uint8_t* eligible;         // [num_panels * kPanelWidth], 0: the bias is -infinity; null: all are
  std::size_t num_panels, num_groups;
  const std::int8_t* queries;  // [num_queries, 4 * num_groups]; in each run of kCodeGroups groups the magnitudes of even pairs add up
                               // to at most 32767 / kMaxCode, and so do those of odd pairs
  const CodedQuery* coded;     // [num_queries]
  const float* thresholds;     // [num_queries]; null: every panel is a hit
  std::size_t num_queries;
  // Out: per query the panels in which a score may reach the threshold, ascending, and the upper bounds of all scores of each.
  std::uint32_t* hit_panels;  // [num_queries, num_panels]; left alone when every panel is a hit
  float* hit_bounds;  // [num_queries, num_panels, kPanelWidth]
  std::uint32_t* num_hits;  // [num_queries]
  // Only when every panel is a hit: each becomes the largest of what it was and of the lower bounds of some group of candidates, and each
  // candidate is in one group.
  float* maxima;  // [num_queries, num_maxima]
  std::size_t num_maxima;  // a multiple of kPanelWidth
};

// What coding a row came to; the error of a value is counted in steps.
struct RowCodes {
  std::int32_t sum, squares;  // of the codes, and of their squares
  float error_squares;
};

// c = op(a) b, or c += op(a) b, tile by tile in registers: for operands that stay in the caches.
struct TileProduct {
  const float* a;  // [m, k], or [k, m] when it is to be transposed
  std::size_t a_stride;
  const float* b;  // [k, n]
  std::size_t b_stride;
  float* c;  // [m, n]
  std::size_t c_stride;
  std::size_t m, k, n;  // n a multiple of kProductColumns
  bool a_is_transposed = false;
  bool add = false;
};
inline constexpr std::size_t kProductColumns = 16;

// A tile of logits on its way to exponentials. Each row's are relative to a shift of its own, in powers of 2: the largest logit when the
// row began, moved up only when others exceed it by far. A row begins with largest and shift -infinity and sum 0.
struct ExpTile {
  float* x;  // [rows, columns]: logits without bias; becomes 2^(log2(e) * (x + bias) - shift), 0 for -infinity
  std::size_t num_rows, num_columns;  // num_columns a multiple of kProductColumns * 2
  const float* const* bias;  // [rows] of [columns]
  float* largest;  // [rows], of x + bias so far
  float* shift;  // [rows]
  double* sum;  // [rows], of the exponentials so far
  float* rescale;  // [rows], out: by what the row's earlier exponentials must be multiplied
};

// Candidates in codes of 4 bits, kNibbleBlock beside each other, 4 values in 2 bytes: of candidate lane of block b, at
// codes[((b * num_groups + d / 4) * kNibbleBlock + lane) * 2], the low halves are values d and d + 1, the high ones d + 2 and d + 3.
inline constexpr std::size_t kNibbleBlock = 32;
inline constexpr int kNibbleLevels = 16;

inline constexpr std::size_t kNibbleQueries = 4;  // that share a scan at most

struct NibbleQuery {
  const std::uint32_t* pairs;  // [2 * num_groups]: two values of the query, each a signed byte, twice; 15 times what all their magnitudes
                               // add up to fits in 16 bits
  std::int32_t threshold;
  float base, unit, least;  // where the scan has a bias: base + unit * sum + bias must reach the least too
  // Out, room for all: the candidates whose sum of products reaches the threshold, ascending, and the sum.
  std::uint32_t* places;
  std::int32_t* sums;
  std::size_t num_found;
};

struct NibbleScan {
  const std::uint8_t* codes;  // [num_blocks, num_groups, kNibbleBlock, 2]
  std::size_t num_blocks, num_groups;
  const std::uint8_t* ahead;  // what to fetch meanwhile, as many bytes
  const float* bias;  // [num_blocks * kNibbleBlock]; null: none
  NibbleQuery* queries;
  std::size_t num_queries;  // 1 to kNibbleQueries
};

struct Kernels {
  const char* name;  // base, v3, v4
  bool has_byte_products;  // scan_codes is faster than scan_panels

  float (*dot)(const float* a, const float* b, std::size_t n);
  float (*sum_squares)(const float* x, std::size_t n);
  float (*row_max)(const float* x, std::size_t n);  // -infinity when n = 0; NaN is passed over
  float (*largest_magnitude)(const float* x, std::size_t n);  // 0 when n = 0, infinity or NaN when one of x is
  void (*axpy)(float alpha, const float* x, float* y, std::size_t n);  // y += alpha * x
  void (*add)(const float* x, float* y, std::size_t n);  // y += x
  void (*scale)(float alpha, float* x, std::size_t n);  // x *= alpha

  // x = exp(x - max), its error below 2 ulp, 0 where it would be below exp(-87.7); returns the sum.
  float (*exp_sum)(float max, float* x, std::size_t n);
  // x = log(2^x + floor), floor a normal number above 0; x may be -infinity. Error below 1e-6 of 1 + |log floor|.
  void (*log_exp2_plus)(float floor, float* x, std::size_t n);
  // x = log(1 + factor * x), factor * x >= 0 and finite. Error below 1e-6 of 1 + the result.
  void (*log_one_plus)(float factor, float* x, std::size_t n);
  // out = sum over the n rows of weights[i] * rows[i][0 .. dim), added in their order; n = 0 gives zeros.
  void (*sum_rows)(const float* const* rows, const float* weights, std::size_t n, float* out, std::size_t dim);

  // A score is bias + <query, candidate>, summed from the first value to the last: the same bits however many queries are asked at once.
  void (*scan_panels)(const PanelScan& scan);
  // codes[i] = the whole number nearest to x[i] * per_step, at most `largest` in magnitude.
  RowCodes (*code_values)(const float* x, std::size_t n, float per_step, int largest, std::int8_t* codes);
  void (*scan_codes)(const CodeScan& scan);
  void (*scan_nibbles)(const NibbleScan& scan);

  // out[i] = <query, rows[which[i]]>, each summed in the same order; rows [.., dim].
  void (*score_rows)(const float* rows, const std::uint32_t* which, std::size_t n, const float* query, std::size_t dim, float* out);
  // The same of rows of whole numbers.
  void (*score_short_rows)(const std::int16_t* rows, const std::uint32_t* which, std::size_t n, const float* query, std::size_t dim,
                           float* out);
  // out[i] = bias[i], or -infinity where eligible[i] is 0.
  void (*mask_bias)(const std::uint8_t* eligible, const float* bias, float* out, std::size_t n);

  // out[i] = x[i] / (a * y[i] + b), or -infinity where x[i] is 0.
  void (*quotients)(const float* x, float a, const float* y, float b, float* out, std::size_t n);

  // Choosing the best. maxima[i % num_maxima] = the largest of it and of the x[i]; n and num_maxima are multiples of kPanelWidth. NaN is
  // passed over.
  void (*fold_maxima)(const float* x, std::size_t n, float* maxima, std::size_t num_maxima);
  // A number that at least k of the x reach and few more (a sixteenth, where they lie no closer together than floats can tell); the
  // lowest finite number when fewer than k reach that. k > 0; NaN reaches nothing.
  float (*value_reached_by)(std::size_t k, const float* x, std::size_t n);
  // Where x[i] >= threshold: i into out, ascending; returns how many. out has room for n; NaN is nowhere.
  std::size_t (*find_at_least)(float threshold, const float* x, std::size_t n, std::uint32_t* out);
  // ranks[i] = how many of the x are larger than x[i]; n^2 comparisons.
  void (*rank_values)(const float* x, std::size_t n, std::uint32_t* ranks);

  // Small symmetric systems, dim a multiple of 16; only the upper triangle of a [dim, dim] is read and holds the result.
  // a += sum over the n rows of weights[i] * rows[i] transposed(rows[i]); rows [n, dim]. What is below the diagonal may change too.
  void (*add_outer_products)(const float* rows, const float* weights, std::size_t n, float* a, std::size_t dim);
  // out = sum over the n rows of weights[i] * (rows[i] . x) * rows[i]: the product of that sum with x, without forming it.
  void (*outer_products_times)(const float* rows, const float* weights, std::size_t n, const float* x, float* out, std::size_t dim);
  // b = inverse(a) b by Cholesky's factors, which take the place of a; false when a is not positive definite.
  bool (*cholesky_solve)(float* a, float* b, std::size_t dim);

  void (*tile_product)(const TileProduct& product);
  bool (*exp_tile)(const ExpTile& tile);  // whether any rescale is not 1; error below 2 ulp beside that of the exponent

  // Activations. gelu is the tanh form (Hendrycks, Gimpel 2016, section 2). Backward: dx = dy * act'(x); dx may be dy.
  void (*relu)(const float* x, float* y, std::size_t n);
  void (*relu_backward)(const float* x, const float* dy, float* dx, std::size_t n);
  void (*gelu)(const float* x, float* y, std::size_t n);
  void (*gelu_backward)(const float* x, const float* dy, float* dx, std::size_t n);

  // One step of pairwise ranking: user += step * (better - worse), better += step * user, worse -= step * user, with the user as it was,
  // and each shrinks by `shrink` times itself.
  void (*pairwise_step)(float step, float shrink, float* user, float* better, float* worse, std::size_t n);

  void (*adagrad)(const AdagradStep& step, const float* gradient, float* sum_of_squares, float* value, std::size_t n);
  void (*adam)(const AdamStep& step, const float* gradient, float* first_moment, float* second_moment, float* value, std::size_t n);
  void (*momentum)(const MomentumStep& step, const float* gradient, float* velocity, float* value, std::size_t n);

  // What files are checked by. The largest number, 0 when n = 0; how many numbers are below the one before.
  std::uint8_t (*largest_u8)(const std::uint8_t* x, std::size_t n);
  std::uint32_t (*largest_u32)(const std::uint32_t* x, std::size_t n);
  std::size_t (*count_falls_u32)(const std::uint32_t* x, std::size_t n);
  std::size_t (*count_falls_i64)(const std::int64_t* x, std::size_t n);
};

// The set in use; the choice is made once.
const Kernels& kernels();

// Every set that this machine can run, worst first; base is always there.
std::vector<const Kernels*> supported_kernels();

// The set of that name when the machine has it, otherwise the best one. What kernels() does with GEMEL_ISA; null means not set.
const Kernels& choose_kernels(const char* name);

}  // namespace gemel
