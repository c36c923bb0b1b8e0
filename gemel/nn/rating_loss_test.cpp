#include "gemel/nn/rating_loss.h"

#include <gtest/gtest.h>

namespace gemel {
namespace {

// Two queries of two dimensions, one day's bias, and a count of the second customer.
struct Case {
  Matrix queries{2, 2}, candidates{2, 2}, group_bias{1, 2};
  float scale = 2;
  std::vector<std::uint32_t> positive{1, 0}, group{0, 0}, offsets{0, 0, 2}, columns{0, 1};
  std::vector<float> weight{1, 0.5f}, rating{3, 1}, row_bias{0.25f, 9};
  std::vector<float> none{0, 0};

  Case() {
    const float q[] = {1, 2, -1, 0.5f}, c[] = {0.5f, 1, 1, 0.25f}, g[] = {0.1f, -0.2f};
    std::copy_n(q, 4, queries.data());
    std::copy_n(c, 4, candidates.data());
    std::copy_n(g, 2, group_bias.data());
  }

  SoftmaxResult run(SoftmaxGradients& gradients) const {
    return rating_loss({.queries = queries,
                        .candidates = candidates,
                        .scale = scale,
                        .positive = positive,
                        .row_weight = weight,
                        .column_bias = none,
                        .positive_bias = none,
                        .group = group,
                        .group_bias = group_bias.view(),
                        .row_bias_offsets = offsets,
                        .row_bias_columns = columns,
                        .row_bias = row_bias},
                       rating, gradients);
  }

  double loss() const {
    Matrix dq(2, 2), dc(2, 2), dg(1, 2);
    std::vector<float> dr(2);
    SoftmaxGradients gradients{.d_queries = dq, .d_candidates = dc, .d_group_bias = dg, .d_row_bias = dr};
    return run(gradients).loss;
  }
};

TEST(RatingLoss, IsTheSquaredErrorWorkedByHand) {
  // 2 * <(1, 2), (1, .25)> - .2 = 2.8 against 3; 2 * <(-1, .5), (.5, 1)> + .1 + .25 = .35 against 1.
  const Case shop;
  EXPECT_NEAR(shop.loss(), 0.2 * 0.2 + 0.5 * 0.65 * 0.65, 1e-6);
}

TEST(RatingLoss, ItsGradientsAreThoseOfFiniteDifferences) {
  Case shop;
  Matrix dq(2, 2), dc(2, 2), dg(1, 2);
  std::vector<float> dr(2);
  SoftmaxGradients gradients{.d_queries = dq, .d_candidates = dc, .d_group_bias = dg, .d_row_bias = dr};
  const SoftmaxResult result = shop.run(gradients);
  EXPECT_EQ(result.num_correct, 1u);
  EXPECT_FLOAT_EQ(static_cast<float>(result.weight), 1.5f);
  const auto expect_slope = [&](float& at, float gradient) {
    const float kept = at;
    at = kept + 1e-2f;
    const double above = shop.loss();
    at = kept - 1e-2f;
    const double below = shop.loss();
    at = kept;
    EXPECT_NEAR((above - below) / 2e-2, gradient, 1e-3);
  };
  for (std::size_t i = 0; i < 4; ++i) expect_slope(shop.queries.data()[i], dq.data()[i]);
  for (std::size_t i = 0; i < 4; ++i) expect_slope(shop.candidates.data()[i], dc.data()[i]);
  for (std::size_t i = 0; i < 2; ++i) expect_slope(shop.group_bias.data()[i], dg.data()[i]);
  for (std::size_t i = 0; i < 2; ++i) expect_slope(shop.row_bias[i], dr[i]);
  expect_slope(shop.scale, gradients.d_scale);
}

}  // namespace
}  // namespace gemel
