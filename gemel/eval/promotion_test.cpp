#include "gemel/eval/promotion.h"

#include <gtest/gtest.h>

#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

// 200 customers with one query each, whose every metric lies around `level`.
Slice slice_at(double level) {
  Rng rng(11);
  Slice slice{.name = "all", .meaning = "", .users = {}, .values = {}};
  for (std::uint32_t user = 0; user < 200; ++user) {
    slice.users.push_back(UserIndex{user});
    const double noise = 0.02 * rng.normal();
    for (std::size_t metric = 0; metric < kNumMetrics; ++metric) slice.values.push_back(level + noise + 0.02 * rng.normal());
  }
  return slice;
}

Contender contender(std::string name, bool is_baseline, double on_validation, double on_test) {
  Evaluation evaluation;
  evaluation.model = std::move(name);
  evaluation.all = slice_at(on_test);
  return {.evaluation = std::move(evaluation),
          .is_baseline = is_baseline,
          .validation = ValidationFigure{on_validation, on_validation, slice_at(on_validation)}};
}

struct Decided {
  Comparison comparison;
  Promotion promotion;
  std::string promoted() const { return promotion.promoted ? comparison.models[*promotion.promoted].label : "nobody"; }
  std::string refused() const { return promotion.refused ? comparison.models[*promotion.refused].label : "nobody"; }
};

Decided decide(std::vector<Contender> contenders) {
  ThreadPool pool(1);
  Decided decided{compare(std::move(contenders), 1, pool), {}};
  decided.promotion = decide_promotion(decided.comparison, 1, pool);
  return decided;
}

TEST(Promotion, GoesToTheBestOnValidationThatAlsoBeatsTheBestBaselineOnTheTest) {
  const Decided decided =
      decide({contender("popularity", true, 0.2, 0.2), contender("item_knn", true, 0.25, 0.25), contender("two_tower", false, 0.4, 0.4)});
  EXPECT_EQ(decided.promoted(), "two_tower");
  EXPECT_EQ(decided.refused(), "nobody");
  ASSERT_EQ(decided.promotion.validation.size(), 3u);
  EXPECT_NEAR(decided.promotion.validation[0].difference->value, 0.15, 0.01);
  EXPECT_FALSE(decided.promotion.validation[1].difference);  // the baseline that the others are held against
  EXPECT_NE(decided.promotion.reason.find("item_knn"), std::string::npos) << decided.promotion.reason;
}

TEST(Promotion, IsRefusedToAModelThatLosesOnTheTest) {
  const Decided decided =
      decide({contender("popularity", true, 0.2, 0.3), contender("item_knn", true, 0.25, 0.2), contender("two_tower", false, 0.4, 0.25)});
  EXPECT_EQ(decided.promoted(), "item_knn");  // the choice between baselines is validation's too
  EXPECT_EQ(decided.refused(), "two_tower");
  EXPECT_NE(decided.promotion.reason.find("loses to the best baseline, popularity"), std::string::npos) << decided.promotion.reason;
}

TEST(Promotion, IsRefusedToAModelThatCannotBeToldFromTheBaseline) {
  const Decided on_test = decide({contender("popularity", true, 0.2, 0.2), contender("two_tower", false, 0.4, 0.2)});
  EXPECT_EQ(on_test.refused(), "two_tower");
  EXPECT_NE(on_test.promotion.reason.find("on the test it does not beat"), std::string::npos) << on_test.promotion.reason;
  Contender level = contender("two_tower", false, 0.2, 0.4);
  level.validation->ndcg_at_20 += 1e-6;
  const Decided on_validation = decide({contender("popularity", true, 0.2, 0.2), std::move(level)});
  EXPECT_EQ(on_validation.promoted(), "popularity");
  EXPECT_EQ(on_validation.refused(), "two_tower");
}

TEST(Promotion, OfABaselineNeedsNoMore) {
  const Decided decided = decide({contender("two_tower", false, 0.3, 0.5), contender("popularity", true, 0.4, 0.2)});
  EXPECT_EQ(decided.promoted(), "popularity");
  EXPECT_EQ(decided.refused(), "nobody");
}

TEST(Promotion, TakesTheBareFigureOfABundle) {
  Contender bundle = contender("two_tower", false, 0.4, 0.4);
  bundle.validation->queries.reset();
  const Decided decided = decide({contender("popularity", true, 0.2, 0.2), std::move(bundle)});
  EXPECT_EQ(decided.promoted(), "two_tower");
  EXPECT_FALSE(decided.promotion.validation[0].difference);
}

TEST(Promotion, NeedsAValidationAndABaseline) {
  Contender blind = contender("popularity", true, 0.2, 0.2);
  blind.validation.reset();
  EXPECT_EQ(decide({std::move(blind)}).promoted(), "nobody");
  const Decided alone = decide({contender("two_tower", false, 0.4, 0.4)});
  EXPECT_EQ(alone.promoted(), "nobody");
  EXPECT_NE(alone.promotion.reason.find("without a baseline"), std::string::npos);
}

}  // namespace
}  // namespace gemel
