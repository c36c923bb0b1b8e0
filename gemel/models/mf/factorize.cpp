#include "gemel/models/mf/factorize.h"

#include <algorithm>
#include <cmath>

#include "gemel/models/stratified_pairs.h"
#include "gemel/numerics/kernels.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

constexpr double kInitialDeviation = 0.1;  // of a factor

Matrix random_rows(const InteractionRows& rows, std::size_t dim, std::uint64_t seed, std::uint64_t side) {
  Matrix factors(rows.size(), dim);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    if (rows.row(r).empty()) continue;
    Rng rng(seed, 2 * r + side);
    for (float& value : factors.row(r)) value = static_cast<float>(kInitialDeviation * rng.normal());
  }
  return factors;
}

double mean_of(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

// p += rate (error q - decay p) and the other way round, with p as it was.
void step(float rate, float error, float decay, std::span<float> p, std::span<float> q) {
  for (std::size_t d = 0; d < p.size(); ++d) {
    const float own = p[d];
    p[d] += rate * (error * q[d] - decay * own);
    q[d] += rate * (error * own - decay * q[d]);
  }
}

}  // namespace

double Factorization::predict(std::size_t user, std::size_t item) const {
  return mean + user_biases[user] + item_biases[item] +
         kernels().dot(user_factors.row(user).data(), item_factors.row(item).data(), user_factors.cols());
}

Result<Factorization> factorize(const InteractionRows& scores, std::size_t num_items, const FactorizationKnobs& knobs, std::uint64_t seed,
                                ThreadPool& pool, ProgressSink& progress) {
  Factorization out;
  out.user_factors = random_rows(scores, knobs.embedding_dim, seed, 0);
  out.item_factors = random_rows(transposed(scores, num_items), knobs.embedding_dim, seed, 1);
  out.user_biases.assign(scores.size(), 0);
  out.item_biases.assign(num_items, 0);
  if (knobs.biases) out.mean = mean_of(scores.values);
  const auto decay = static_cast<float>(knobs.regularization);
  StratifiedPairs pairs(scores, num_items);
  progress.begin("fit mf", knobs.epochs, "epochs");
  for (std::size_t epoch = 0; epoch < knobs.epochs && !interrupted(); ++epoch) {
    const double done = static_cast<double>(epoch) / static_cast<double>(knobs.epochs);
    const auto rate = static_cast<float>(knobs.learning_rate * (1 - 0.9 * done));
    pairs.epoch(seed, epoch, pool, [&](const StratifiedPairs::Block& block) {
      for (const auto& [user, item, score] : block.pairs) {
        const auto error = static_cast<float>(score - out.predict(user, item));
        step(rate, error, decay, out.user_factors.row(user), out.item_factors.row(item));
        if (!knobs.biases) continue;
        out.user_biases[user] += rate * (error - decay * out.user_biases[user]);
        out.item_biases[item] += rate * (error - decay * out.item_biases[item]);
      }
    });
    progress.advance(epoch + 1);
  }
  progress.end();
  if (interrupted()) return fail(ErrorCode::kInterrupted, "mf: fit stopped");
  if (!std::all_of(out.item_factors.data(), out.item_factors.data() + out.item_factors.size(), [](float x) { return std::isfinite(x); })) {
    return fail(ErrorCode::kDiverged, "mf: learning_rate = ", knobs.learning_rate, " is too large: the factors left the numbers");
  }
  return out;
}

}  // namespace gemel
