// Squared error of each query's logit for its own candidate against a given rating: what a model learns that forecasts ratings. It sees no
// candidate but the rated one, so nothing tells it which products a customer would not take.
//
//   prediction_i = scale * <query_i, candidate_positive[i]> + group_bias[group[i], positive[i]] + row_bias[i, positive[i]]
//   loss = sum over rows of row_weight * (prediction_i - rating_i)^2
//
// Same result for any number of threads: one does the work, which is small.
#pragma once

#include <span>

#include "gemel/nn/softmax_loss.h"

namespace gemel {

// rating [batch]. num_correct: predictions within half a unit. column_bias, positive_bias and masks of the batch are not looked at.
SoftmaxResult rating_loss(const SoftmaxBatchView& batch, std::span<const float> rating, SoftmaxGradients& gradients);

}  // namespace gemel
