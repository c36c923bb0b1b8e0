#include "gemel/data/rank_correlation.h"

#include <gmock/gmock.h>

#include <cmath>

namespace gemel {
namespace {

using ::testing::ElementsAre;
using V = std::vector<double>;

TEST(RankCorrelation, AgreesWithHandWorkedCases) {
  EXPECT_DOUBLE_EQ(rank_correlation(V{1, 2, 3, 4}, V{10, 20, 40, 400}), 1);
  EXPECT_DOUBLE_EQ(rank_correlation(V{1, 2, 3, 4}, V{4, 3, 2, 1}), -1);
  // Ranks 0 1 2 3 4 and 1 0 3 2 4: 1 - 6 * (1 + 1 + 1 + 1 + 0) / (5 * 24) = .8
  EXPECT_DOUBLE_EQ(rank_correlation(V{1, 2, 3, 4, 5}, V{2, 1, 4, 3, 5}), 0.8);
  // Ties share the mean of their ranks, 0.5: covariance 4, variances 5 and 4: 4 / sqrt(20).
  EXPECT_NEAR(rank_correlation(V{1, 2, 3, 4}, V{1, 1, 2, 2}), 4 / std::sqrt(20.0), 1e-12);
  EXPECT_EQ(rank_correlation(V{1, 2}, V{5, 5}), 0);
  EXPECT_EQ(rank_correlation({}, {}), 0);
}

TEST(RankCorrelation, TiesHaveTheMeanOfTheirRanks) { EXPECT_THAT(mean_ranks(V{5., 1., 5., 9.}), ElementsAre(1.5, 0, 1.5, 3)); }

TEST(RankCorrelation, IsThatOfScipyOnAWorkedCase) {
  // scipy.stats.spearmanr([1, 2, 3, 4, 5], [5, 6, 7, 8, 7]) = 0.8207826816681233
  EXPECT_NEAR(rank_correlation(V{1., 2., 3., 4., 5.}, V{5., 6., 7., 8., 7.}), 0.8207826816681233, 1e-12);
  EXPECT_EQ(rank_correlation(V{1., 2., 3.}, V{4., 4., 4.}), 0);
  EXPECT_EQ(rank_correlation({}, {}), 0);
}

TEST(RankCorrelation, InPartTakesOutWhatAThirdListExplains) {
  const std::vector<double> c{1, 2, 3, 4, 5, 6}, a{2, 1, 3, 4, 6, 5}, b{1, 3, 2, 4, 5, 6};
  // 1 - 6 * sum of squared differences of ranks / 210, the sums being 8, 4 and 2.
  const double ab = 1 - 6. * 8 / 210, ac = 1 - 6. * 4 / 210, bc = 1 - 6. * 2 / 210;
  EXPECT_NEAR(partial_rank_correlation(a, b, c), (ab - ac * bc) / std::sqrt((1 - ac * ac) * (1 - bc * bc)), 1e-12);
}

}  // namespace
}  // namespace gemel
