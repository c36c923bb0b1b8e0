#include "gemel/models/interactions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "gemel/data/testing.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

using testing::at_day;
using testing::item_of;
using testing::user_of;

float value(const Dataset& shop, const InteractionRows& rows, std::string_view user, std::string_view item) {
  const auto columns = rows.row(to_size(user_of(shop, user)));
  const auto found = std::find(columns.begin(), columns.end(), static_cast<std::uint32_t>(item_of(shop, item)));
  return found == columns.end() ? 0 : rows.values_of(to_size(user_of(shop, user)))[static_cast<std::size_t>(found - columns.begin())];
}

// ann had tea three times, the last time looking only; the events weigh 2, 3 and 5.
const Dataset& shop() {
  static const Dataset dataset = testing::make_dataset(
      {{"ann", "tea", 0, "buy", 2}, {"bob", "rum", 1}, {"ann", "tea", 4, "buy", 3}, {"ann", "tea", 6, "view", 5}, {"bob", "tea", 9}});
  return dataset;
}

TEST(Interactions, ComeToWhatTheRuleSays) {
  const TrainView view{&shop(), 4, at_day(8)};  // bob's tea is not known yet
  const auto ann_tea = [&](InteractionRule rule) { return value(shop(), items_of_users(view, rule), "ann", "tea"); };
  const std::vector<double> weights = action_weights(shop());  // buy 1, view 0.2
  EXPECT_EQ(ann_tea({}), 1);
  EXPECT_FLOAT_EQ(ann_tea({.half_life_days = 2}), std::exp2(-1.f));
  EXPECT_EQ(ann_tea({.value = InteractionValue::kCount}), 3);
  EXPECT_FLOAT_EQ(ann_tea({.value = InteractionValue::kCount, .half_life_days = 2}), std::exp2(-4.f) + std::exp2(-2.f) + std::exp2(-1.f));
  EXPECT_FLOAT_EQ(ann_tea({.value = InteractionValue::kActionWeight, .action_weights = weights}), 2.2f);
  EXPECT_EQ(ann_tea({.value = InteractionValue::kLastWeight}), 5);
  EXPECT_EQ(value(shop(), items_of_users(view), "bob", "tea"), 0);
}

TEST(Interactions, LeaveOutWhatComesToNothing) {
  const Dataset free_views = testing::make_dataset({{"ann", "tea", 0, "view"}, {"ann", "rum", 1}}, {}, {},
                                                   {.actions = "buy = { target = true }\nview = { weight = 0.0 }"});
  const InteractionRows rows =
      items_of_users({&free_views, 2, at_day(2)}, {.value = InteractionValue::kActionWeight, .action_weights = action_weights(free_views)});
  ASSERT_EQ(rows.columns.size(), 1u);
  EXPECT_EQ(rows.columns[0], static_cast<std::uint32_t>(item_of(free_views, "rum")));
  EXPECT_EQ(rows.size(), free_views.num_users());
}

TEST(Interactions, OfAHistoryFadeByAgeAndByPlace) {
  const std::vector<HistoryItem> history = {
      {at_day(0), ItemIndex{4}, 1, {}}, {at_day(0), ItemIndex{1}, 1, {}}, {at_day(1), ItemIndex{4}, 1, {}}};
  InteractionRows rows;
  append_history(history, at_day(2), {.value = InteractionValue::kCount, .half_life_days = 1, .half_life_events = 2}, rows);
  EXPECT_EQ(rows.columns, (std::vector<std::uint32_t>{1, 4}));
  EXPECT_FLOAT_EQ(rows.values[0], std::exp2(-2.5F));             // two days, one event after it
  EXPECT_FLOAT_EQ(rows.values[1], std::exp2(-3.F) + 0.5F);       // two days and two events after it; one day and none
}

class RandomInteractions : public ::testing::TestWithParam<InteractionValue> {};

TEST_P(RandomInteractions, AHistoryGivesTheRowOfTheFitAndAMapTheSame) {
  Rng rng(3);
  std::vector<testing::EventRow> events;
  for (int event = 0; event < 500; ++event) {
    events.push_back({concat("user", rng.below(20)), concat("item", rng.below(30)), rng.uniform() * 50, rng.below(2) ? "buy" : "view",
                      1 + static_cast<float>(rng.below(5))});
  }
  const Dataset random = testing::make_dataset(events);
  const InteractionRule rule{.value = GetParam(), .half_life_days = 7, .action_weights = action_weights(random)};
  const InteractionRows rows = items_of_users({&random, random.num_events(), at_day(51)}, rule);
  const Histories histories(random, random.num_events());
  InteractionRows from_histories;
  for (std::uint32_t user = 0; user < random.num_users(); ++user) {
    append_history(histories.of(UserIndex{user}), at_day(51), rule, from_histories);
    std::map<std::uint32_t, float> expected;
    for (const HistoryItem& past : histories.of(UserIndex{user})) {
      const float one = rule.value_of(past.action, past.weight, past.at, at_day(51));
      const auto [place, is_new] = expected.emplace(static_cast<std::uint32_t>(past.item), one);
      if (!is_new) place->second = rule.joined(place->second, one);
    }
    ASSERT_EQ(rows.row(user).size(), expected.size());
    std::size_t n = 0;
    for (const auto& [item, sum] : expected) {
      EXPECT_EQ(rows.row(user)[n], item);
      EXPECT_EQ(rows.values_of(user)[n++], sum);
    }
  }
  EXPECT_EQ(from_histories.offsets, rows.offsets);
  EXPECT_EQ(from_histories.columns, rows.columns);
  EXPECT_EQ(from_histories.values, rows.values);
  const InteractionRows back = transposed(transposed(rows, random.num_items()), random.num_users());
  EXPECT_EQ(back.columns, rows.columns);
  EXPECT_EQ(back.values, rows.values);
}

INSTANTIATE_TEST_SUITE_P(Rules, RandomInteractions,
                         ::testing::Values(InteractionValue::kOnce, InteractionValue::kCount, InteractionValue::kActionWeight,
                                           InteractionValue::kLastWeight));

}  // namespace
}  // namespace gemel
