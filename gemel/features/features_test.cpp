#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "gemel/data/decayed_counts.h"
#include "gemel/data/testing.h"
#include "gemel/features/number_scaler.h"
#include "gemel/features/personal_counts.h"
#include "gemel/features/popularity_timeline.h"
#include "gemel/features/table_features.h"
#include "gemel/features/text_terms.h"
#include "gemel/features/time_parts.h"
#include "gemel/features/trend_features.h"
#include "gemel/features/vocabulary.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

using testing::at_day;

TEST(Vocabulary, RowsGoByFrequencyThenTextAndRareValuesAreUnseen) {
  VocabularyBuilder builder;
  for (const char* value : {"b", "a", "c", "c", "b", "", "rare"}) builder.add(value);
  const Vocabulary vocabulary = builder.build(/*min_count=*/1);
  EXPECT_EQ(vocabulary.values(), (std::vector<std::string>{"b", "c", "a", "rare"}));
  EXPECT_EQ(vocabulary.row("b"), Vocabulary::kFirstValue);
  EXPECT_EQ(vocabulary.row(""), Vocabulary::kMissing);
  EXPECT_EQ(vocabulary.row("never"), Vocabulary::kUnseen);
  EXPECT_EQ(builder.build(2).row("rare"), Vocabulary::kUnseen);
}

TEST(NumberScaler, StandardisesTransformedValuesAndKeepsMissingApart) {
  const double nan = std::nan("");
  const NumberScaler plain({1, 3, nan}, "none", 0);  // mean 2, deviation 1
  EXPECT_FLOAT_EQ(plain.scale(4), 2);
  EXPECT_FLOAT_EQ(plain.scale(nan), 0);
  EXPECT_FLOAT_EQ(plain.scale(1e9), 10) << "clipped";
  const NumberScaler logarithmic({std::exp(1.0) - 1, std::exp(3.0) - 1}, "log1p", 0);
  EXPECT_NEAR(logarithmic.scale(std::exp(4.0) - 1), 2, 1e-6);
  const NumberScaler constant({5, 5}, "none", 4);
  EXPECT_FLOAT_EQ(constant.scale(5), 0);
  EXPECT_EQ(constant.bucket(5), 1u);
  EXPECT_FLOAT_EQ(NumberScaler({nan}, "none", 3).scale(7), 7) << "nothing to learn from: the value itself";
}

TEST(TextTerms, WordsAreLowerCaseRunsOfLettersAndDigits) {
  EXPECT_EQ(words_of("Crème de la Mer, 30ml (NEW!)"), (std::vector<std::string>{"crème", "de", "la", "mer", "30ml", "new"}));
  EXPECT_TRUE(words_of(" - !").empty());
  EXPECT_TRUE(words_of("").empty());
}

TEST(TextTerms, NGramsAreWordsPairsAndRunsOfCharactersWholeOnes) {
  // "tea": <tea>, <te tea ea> and the runs of 4, <tea tea>; "é" is one character of two bytes: <é> is all there is of it.
  EXPECT_EQ(hashed_n_grams("tea", 1u << 30).size(), 1u + 3u + 2u);
  EXPECT_EQ(hashed_n_grams("é", 1u << 30).size(), 1u);
  EXPECT_EQ(hashed_n_grams("é tea", 1u << 30).size(), 1u + 1u + 6u);
  EXPECT_TRUE(hashed_n_grams("...", 100).empty());
  for (const std::uint32_t n_gram : hashed_n_grams("a longer text of several words", 7)) EXPECT_LT(n_gram, 7u);
}

TEST(TextTerms, AMisspeltWordSharesMostOfItsNGrams) {
  const auto shared = [](std::string_view a, std::string_view b) {
    auto left = hashed_n_grams(a, 1u << 30), right = hashed_n_grams(b, 1u << 30);
    std::ranges::sort(left);
    std::ranges::sort(right);
    std::vector<std::uint32_t> both;
    std::ranges::set_intersection(left, right, std::back_inserter(both));
    return static_cast<double>(both.size()) / static_cast<double>(left.size());
  };
  EXPECT_GT(shared("moisturizer", "moisturiser"), .4);
  EXPECT_EQ(shared("moisturizer", "lip balm"), 0);
}

TEST(TableFeatures, ATextIsTheMeanOfItsHashedNGramsAndNothingIsFitted) {
  const Dataset shop = testing::make_dataset({{"ann", "a", 0}}, {{"a", {{"title", "Tea"}}}, {"b", {{"title", "tea!"}}}, {"c", {}}}, {},
                                             {.item_features = "title = { type = \"text\", buckets = 50 }"});
  const EntityTable& items = shop.item_table();
  const std::vector<std::uint8_t> known = {1, 0, 0};
  const TableFeatures features = TableFeatures::fit(items, shop.config().items.features, {}, known).value();
  const EncodedTable encoded = features.encode(items);
  ASSERT_EQ(encoded.bags.size(), 1u);
  EXPECT_EQ(encoded.bags[0].num_rows, 52u);
  const Bags& bags = encoded.bags[0].bags;
  ASSERT_EQ(bags.rows_of(0).size(), 6u);
  EXPECT_FLOAT_EQ(bags.weights_of(0)[0], 1.f / 6);
  EXPECT_TRUE(std::ranges::equal(bags.rows_of(0), bags.rows_of(1))) << "a product never seen reads as well";
  EXPECT_EQ(bags.rows_of(2)[0], Vocabulary::kMissing);
  const EncodedTable reread = TableFeatures::from_json(nlohmann::json::parse(features.to_json().dump())).value().encode(items);
  EXPECT_EQ(reread.bags[0].bags.rows, bags.rows);
}

TEST(NumberScaler, BucketsAreQuantiles) {
  const NumberScaler scaler({1, 2, 3, 4, 5, 6, 7, 8}, "none", 4);
  EXPECT_EQ(scaler.boundaries, (std::vector<double>{3, 5, 7}));
  EXPECT_EQ(scaler.bucket(0), 1u);
  EXPECT_EQ(scaler.bucket(2.9), 1u);
  EXPECT_EQ(scaler.bucket(3), 2u);
  EXPECT_EQ(scaler.bucket(100), 4u);
  EXPECT_EQ(scaler.bucket(std::nan("")), NumberScaler::kMissingBucket);
  EXPECT_EQ(scaler.num_bucket_rows(), 5u);
}

TEST(TimeParts, AgreeWithTheCalendar) {
  const TimeParts parts = TimeParts::make({"hour", "weekday", "day_of_year", "day", "week_cycle", "trend"}, at_day(0), at_day(10)).value();
  ASSERT_EQ(parts.embedded().size(), 4u);
  const TimePoint at = at_day(3 + 13.5 / 24);  // Thursday 2024-01-04 13:30
  EXPECT_EQ(parts.row(0, at), 13u);
  EXPECT_EQ(parts.row(1, at), 0u) << "1970-01-01 was a Thursday";
  EXPECT_EQ(parts.row(2, at), 3u);
  EXPECT_EQ(parts.row(3, at), 4u);
  EXPECT_EQ(parts.row(3, at_day(11)), 0u) << "a day outside the training period";
  EXPECT_EQ(parts.row(2, TimePoint(Day{std::chrono::year{2024} / 12 / 31})), 365u) << "a leap year";
  ASSERT_EQ(parts.num_numbers(), 3u);
  float numbers[3];
  parts.numbers(at_day(5), numbers);
  EXPECT_NEAR(numbers[2], 0, 1e-6) << "the middle of the period";
  float week_later[3];
  parts.numbers(at_day(12), week_later);
  EXPECT_NEAR(numbers[0], week_later[0], 1e-4);
  EXPECT_FALSE(TimeParts::make({"fortnight"}, at_day(0), at_day(1)));
}

Dataset shop_of(const std::vector<testing::EventRow>& events) {
  return testing::make_dataset(events,
                               {{"tea", {{"brand", "Acme"}, {"tags", "green|hot"}, {"price", "3"}}},
                                {"pot", {{"brand", "Bell"}, {"price", "20"}}},
                                {"cup", {{"brand", "Cord"}, {"tags", "hot"}, {"price", "7"}}}},
                               {},
                               {.item_features = "brand = \"category\"\ntags = { type = \"tags\", separator = \"|\" }\n"
                                                 "price = { type = \"number\", buckets = 2 }"});
}

TEST(TableFeatures, AreFittedOnKnownRowsAloneAndSurviveJson) {
  const Dataset shop = shop_of({{"ann", "tea", 0}, {"ann", "pot", 1}, {"bob", "cup", 2}});
  const std::vector<std::uint8_t> known{1, 1, 0};  // the cup was not sold in the training period
  const TableFeatures features = TableFeatures::fit(shop.item_table(), shop.config().items.features, {}, known).value();
  const TableFeatures reread = TableFeatures::from_json(nlohmann::json::parse(features.to_json().dump())).value();
  for (const TableFeatures* each : {&features, &reread}) {
    const EncodedTable encoded = each->encode(shop.item_table());
    ASSERT_EQ(encoded.bags.size(), 3u);
    const Bags& brand = encoded.bags[0].bags;
    EXPECT_EQ(brand.rows_of(0)[0], Vocabulary::kFirstValue);
    EXPECT_EQ(brand.rows_of(2)[0], Vocabulary::kUnseen) << "Cord was never seen";
    const Bags& tags = encoded.bags[1].bags;
    EXPECT_EQ(tags.rows_of(0).size(), 2u);
    EXPECT_FLOAT_EQ(tags.weights_of(0)[1], 0.5f);
    EXPECT_EQ(tags.rows_of(1)[0], Vocabulary::kMissing);
    EXPECT_FLOAT_EQ(tags.weights_of(2)[0], 1);
    EXPECT_FLOAT_EQ(encoded.numbers(0, 0), -1) << "3 and 20 have mean 11.5, deviation 8.5";
    EXPECT_FLOAT_EQ(encoded.numbers(0, 1), 0) << "not missing";
  }
  const auto wrong = TableFeatures::fit(shop.item_table(), shop.config().items.features, {"colour"}, known);
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("colour"), std::string::npos);
}

TEST(PopularityTimeline, GivesEveryDayWhatTheRolledCountersGive) {
  Rng rng(3);
  std::vector<testing::EventRow> events;
  for (int i = 0; i < 200; ++i)
    events.push_back({concat("u", rng.below(20)), concat("p", rng.below(8)), static_cast<double>(rng.below(60)) + rng.uniform(),
                      rng.below(4) ? "buy" : "view"});
  const Dataset shop = testing::make_dataset(events);
  const std::vector<double> half_lives{1, 7, kNoDecay};
  const PopularityTimeline timeline({&shop, shop.num_events(), at_day(61)}, half_lives);
  const std::vector<std::uint32_t> items{5, 0, 3, 7};
  DecayedCounts counts(half_lives, shop.num_items());
  std::vector<float> rolled(shop.num_items());
  std::vector<Matrix> shares;
  ThreadPool pool(2);
  for (int day = 0; day < 75; day += 3) {
    counts.roll(shop, shop.num_events(), day_of(at_day(day)));
    timeline.log_shares(std::vector<Day>{day_of(at_day(day))}, items, shares, pool);
    for (std::size_t h = 0; h < half_lives.size(); ++h) {
      counts.log_shares(h, rolled);
      for (std::size_t c = 0; c < items.size(); ++c)
        EXPECT_NEAR(shares[h](0, c), rolled[items[c]], 1e-5) << "day " << day << ", half-life " << half_lives[h];
    }
  }
}

TEST(TrendFeatures, OfADayInTrainingAreThoseOfTheRolledCounters) {
  Rng rng(5);
  std::vector<testing::EventRow> events;
  for (int i = 0; i < 300; ++i)
    events.push_back(
        {concat("u", rng.below(20)), concat("p", rng.below(8)), 2 + static_cast<double>(i) / 5, rng.below(4) ? "buy" : "view"});
  const Dataset shop = testing::make_dataset(events);
  const std::vector<double> half_lives{1, 7, 30};
  const std::size_t num_items = shop.num_items();
  TrendGroup brand{"brand", std::vector<std::uint32_t>(num_items), 3};
  for (std::uint32_t item = 0; item < num_items; ++item) brand.group_of_item[item] = item % 3;
  const TrendFeatures trend(half_lives, num_items, {brand});
  ASSERT_EQ(trend.num_inputs(), 3u + 3 + 5);
  const TrainView view{&shop, shop.num_events(), at_day(63)};
  const PopularityTimeline timeline(view, half_lives);
  const auto group_timelines = trend.make_group_timelines(view);
  const std::vector<std::uint32_t> items{5, 0, 3};
  std::vector<Day> days;
  for (int day = 0; day < 70; day += 9) days.push_back(day_of(at_day(day)));
  ThreadPool pool(2);
  std::vector<Matrix> shares;
  Matrix of_days, of_counts;
  timeline.log_shares(days, items, shares, pool);
  trend.of_days(timeline, group_timelines, days, items, shares, std::vector<std::uint8_t>{0, 1, 0}, of_days, pool);
  DecayedCounts counts(half_lives, num_items);
  std::vector<std::uint8_t> without_id(num_items, 0);
  without_id[0] = 1;
  for (std::size_t day = 0; day < days.size(); ++day) {
    counts.roll(shop, shop.num_events(), days[day]);
    trend.of_counts(counts, without_id, of_counts);
    for (std::size_t c = 0; c < items.size(); ++c)
      for (std::size_t input = 0; input < trend.num_inputs(); ++input)
        EXPECT_NEAR(of_days(day * items.size() + c, input), of_counts(items[c], input), 1e-5) << "day " << day << ", input " << input;
  }
}

TEST(TrendFeatures, AgreeWithACaseWorkedByHand) {
  // tea sold once on day 1, pot three times on day 4; the counters stand at day 5.
  const Dataset shop = testing::make_dataset({{"ann", "tea", 1}, {"ann", "pot", 4}, {"bob", "pot", 4}, {"eve", "pot", 4}});
  const TrendFeatures trend({1, kNoDecay}, 2, {});
  DecayedCounts counts({1, kNoDecay}, 2);
  counts.roll(shop, 4, day_of(at_day(5)));
  Matrix inputs;
  trend.of_counts(counts, std::vector<std::uint8_t>{0, 1}, inputs);
  const std::size_t tea = testing::item_of(shop, "tea") == ItemIndex{0} ? 0 : 1;
  const double slow = std::log(0.25 + 0.05), fast = std::log(1.0 / 16 / (1.0 / 16 + 3.0 / 2) + 0.05);
  EXPECT_NEAR(inputs(tea, 0), (slow + std::log(2.0)) / 4, 1e-5) << "level";
  EXPECT_NEAR(inputs(tea, 1), (fast - slow) / 2, 1e-5) << "acceleration: it falls";
  EXPECT_NEAR(inputs(tea, 2), std::log(5.0) / 4, 1e-5) << "age of 4 days";
  EXPECT_EQ(inputs(tea, 3), 0) << "it was sold";
  EXPECT_EQ(inputs(tea, 4), tea == 0 ? 0 : 1) << "without an id";
}

TEST(PersonalCounts, AgreeWithACaseWorkedByHand) {
  // Actions: 0 view (not counted), 1 buy, 2 cart. Tea bought 4 days and 2 days ago and put to the cart 2 days ago, rum bought 4000 days
  // ago, ice only viewed.
  constexpr ActionIndex kView{0}, kBuy{1}, kCart{2};
  constexpr ItemIndex kTea{3}, kRum{1}, kIce{2};
  const std::vector<HistoryItem> history{{at_day(-3990), kRum, 1, kBuy},
                                         {at_day(6.1), kTea, 1, kBuy},
                                         {at_day(8.9), kTea, 1, kBuy},
                                         {at_day(8.9), kTea, 1, kCart},
                                         {at_day(9), kIce, 1, kView}};
  const PersonalCounts counts({2, kNoDecay}, {0, 1, 1}, 4);
  ASSERT_EQ(counts.num_values(), 4u);
  PersonalCounts::Scratch scratch;
  PersonalCounts::Of of;
  for (int again = 0; again < 2; ++again) {  // the scratch is clean after each call
    counts.count(history, at_day(10.5), {}, scratch, of);
    EXPECT_THAT(of.items, ::testing::ElementsAre(1, 3));
    const auto near = [](double count) { return ::testing::FloatNear(static_cast<float>(std::log(1 + 10 * count)), 1e-5f); };
    EXPECT_THAT(of.values_of(0), ::testing::ElementsAre(near(0), near(1), near(0), near(0)));
    EXPECT_THAT(of.values_of(1), ::testing::ElementsAre(near(0.25 + 0.5), near(2), near(0.5), near(1)));
  }
  counts.count(history, at_day(10.5), std::vector<std::uint32_t>{9, 0, 9, 0}, scratch, of);
  EXPECT_TRUE(of.items.empty()) << "neither tea nor rum is wanted";
  PersonalCounts().count(history, at_day(10.5), {}, scratch, of);
  EXPECT_TRUE(of.items.empty()) << "nothing is counted";
}

TEST(PopularityTimeline, StaysFiniteAfterYearsWithoutASale) {
  const Dataset shop = testing::make_dataset({{"ann", "tea", 0}, {"ann", "pot", 3000}});
  const PopularityTimeline timeline({&shop, shop.num_events(), at_day(3001)}, {1});
  const std::vector<Day> days{day_of(at_day(1)), day_of(at_day(200)), day_of(at_day(2999)), day_of(at_day(3001))};
  std::vector<Matrix> shares;
  ThreadPool pool(1);
  timeline.log_shares(days, std::vector<std::uint32_t>{0, 1}, shares, pool);
  EXPECT_NEAR(shares[0](1, 0), std::log(1.05), 1e-5) << "alone for 200 days: the whole share";
  EXPECT_NEAR(shares[0](2, 0), std::log(0.05), 1e-5) << "faded";
  EXPECT_NEAR(shares[0](3, 1), std::log(1.05), 1e-5);
}

}  // namespace
}  // namespace gemel
