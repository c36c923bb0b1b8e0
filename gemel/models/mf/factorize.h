// Plain matrix factorization of given scores by stochastic gradient descent (Koren, Bell, Volinsky, "Matrix Factorization Techniques for
// Recommender Systems", IEEE Computer 2009, equations 2, 4 and 5):
//   score(u, i) ~ mean + b_u + b_i + <p_u, q_i>, minimising the squares of the errors of the given scores
//   + regularization * (|p_u|^2 + |q_i|^2 + b_u^2 + b_i^2) for each of them; without biases: <p_u, q_i> alone.
// The step shrinks linearly to a tenth of learning_rate. Scores may be of any sign. The same bits for any number of threads.
#pragma once

#include <cstdint>
#include <vector>

#include "gemel/base/progress.h"
#include "gemel/base/result.h"
#include "gemel/models/interactions.h"
#include "gemel/numerics/matrix.h"
#include "gemel/numerics/thread_pool.h"

namespace gemel {

struct FactorizationKnobs {
  std::size_t embedding_dim = 32;
  std::size_t epochs = 50;
  double learning_rate = 0.02;
  double regularization = 0.02;
  bool biases = true;
};

struct Factorization {
  double mean = 0;
  Matrix user_factors, item_factors;            // [users, dim], [items, dim]; zeros for rows and columns without a score
  std::vector<float> user_biases, item_biases;  // [users], [items]

  double predict(std::size_t user, std::size_t item) const;
};

// scores: rows of users, columns below num_items. Errors: kInterrupted, kDiverged (learning_rate is too large).
Result<Factorization> factorize(const InteractionRows& scores, std::size_t num_items, const FactorizationKnobs& knobs, std::uint64_t seed,
                                ThreadPool& pool, ProgressSink& progress = no_progress());

}  // namespace gemel
