#include "gemel/data/decayed_counts.h"

#include <gmock/gmock.h>

#include <cmath>

#include "gemel/data/testing.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

using ::testing::ElementsAre;
using testing::EventRow;

Day day(int number) { return testing::kDayZero + std::chrono::days(number); }

std::vector<EventRow> random_events(std::size_t n, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<EventRow> events;
  for (std::size_t i = 0; i < n; ++i)
    events.push_back({concat("u", rng.below(5)), concat("i", rng.below(7)), rng.uniform() * 30, rng.below(3) == 0 ? "view" : "buy"});
  return events;
}

// The definition of the header, event by event.
double count_by_hand(const Dataset& shop, std::size_t num_events, ItemIndex item, Day as_of, double half_life) {
  double count = 0;
  for (std::size_t event = 0; event < num_events; ++event) {
    const Day on = day_of(shop.times()[event]);
    if (shop.items()[event] != item || !shop.is_target(shop.actions()[event]) || on >= as_of) continue;
    count += std::pow(2.0, -static_cast<double>((as_of - on).count()) / half_life);
  }
  return count;
}

TEST(DecayedCounts, HalveEveryHalfLifeAndKnowNothingOfTheirOwnDay) {
  const Dataset shop = testing::make_dataset({{"a", "tea", 0}, {"b", "tea", 2.9}, {"a", "cup", 4.0}});
  DecayedCounts counts({2, kNoDecay}, shop.num_items());
  counts.roll(shop, shop.num_events(), day(4));
  EXPECT_THAT(counts.counts(0), ElementsAre(0.25 + 0.5, 0));  // ages 4 and 2 days
  EXPECT_THAT(counts.counts(1), ElementsAre(2, 0));
  counts.roll(shop, shop.num_events(), day(6));
  EXPECT_THAT(counts.counts(0), ElementsAre(0.375, 0.5));
  EXPECT_THAT(counts.counts(1), ElementsAre(2, 1));
  EXPECT_EQ(counts.total(0), 0.875);
}

TEST(DecayedCounts, CountTargetActionsByTheirConfiguredWeightNotByQuantity) {
  const Dataset shop = testing::make_dataset({{"a", "tea", 0, "buy", 12}, {"a", "tea", 0, "view"}, {"b", "cup", 0, "like"}}, {}, {},
                                             {.actions = "buy = { target = true, weight = 2 }\nview = {}\nlike = { target = true }"});
  DecayedCounts counts({kNoDecay}, shop.num_items());
  counts.roll(shop, 3, day(1));
  EXPECT_THAT(counts.counts(0), ElementsAre(2, 1));
}

TEST(DecayedCounts, AgreeWithTheDefinitionForEveryDayAndHalfLife) {
  const Dataset shop = testing::make_dataset(random_events(300, 1));
  const std::vector<double> half_lives = {0.5, 3, 30, kNoDecay};
  DecayedCounts counts(half_lives, shop.num_items());
  for (int number = 0; number <= 31; number += 3) {
    counts.roll(shop, shop.num_events(), day(number));
    for (std::size_t h = 0; h < half_lives.size(); ++h)
      for (std::size_t item = 0; item < shop.num_items(); ++item)
        EXPECT_NEAR(counts.counts(h)[item], count_by_hand(shop, shop.num_events(), ItemIndex(item), day(number), half_lives[h]), 1e-12);
  }
}

TEST(DecayedCounts, OneLongStepAndManyShortOnesAgree) {
  const Dataset shop = testing::make_dataset(random_events(300, 2));
  DecayedCounts once({3, kNoDecay}, shop.num_items()), daily = once;
  once.roll(shop, shop.num_events(), day(40));
  for (int number = -3; number <= 40; ++number) daily.roll(shop, shop.num_events(), day(number));
  for (std::size_t item = 0; item < shop.num_items(); ++item) {
    EXPECT_NEAR(once.counts(0)[item], daily.counts(0)[item], 1e-12);
    EXPECT_EQ(once.counts(1)[item], daily.counts(1)[item]);
  }
}

TEST(DecayedCounts, AreUntouchedByEventsThatAreNotKnownYet) {
  auto events = random_events(100, 3);
  const Dataset before = testing::make_dataset(events);
  events.push_back({"u0", "i0", 20});  // the day asked about
  events.push_back({"u0", "i0", 25});
  const Dataset after = testing::make_dataset(events);
  DecayedCounts a({5}, before.num_items()), b({5}, after.num_items());
  a.roll(before, before.num_events(), day(20));
  b.roll(after, after.num_events(), day(20));
  for (std::size_t item = 0; item < before.num_items(); ++item) EXPECT_EQ(a.counts(0)[item], b.counts(0)[item]);
}

TEST(DecayedCounts, ASnapshotRollsOnAsTheOriginal) {
  const Dataset shop = testing::make_dataset(random_events(200, 4));
  DecayedCounts original({3, 9}, shop.num_items());
  original.roll(shop, shop.num_events(), day(10));
  DecayedCounts restored = DecayedCounts::from_snapshot(original.snapshot(), shop.num_items());
  EXPECT_EQ(restored.total(1), original.total(1));
  original.roll(shop, shop.num_events(), day(20));
  restored.roll(shop, shop.num_events(), day(20));
  for (std::size_t item = 0; item < shop.num_items(); ++item) EXPECT_EQ(original.counts(1)[item], restored.counts(1)[item]);
}

TEST(DecayedCounts, SharesSumToOneAboveTheirFloor) {
  const Dataset shop = testing::make_dataset(random_events(200, 5), {{"never sold"}});
  DecayedCounts counts({3}, shop.num_items());
  std::vector<float> logs(shop.num_items());
  counts.log_shares(0, logs);  // nothing counted yet: the floor alone
  for (const float log : logs) EXPECT_FLOAT_EQ(log, std::log(0.1f / static_cast<float>(shop.num_items())));
  counts.roll(shop, shop.num_events(), day(31));
  counts.log_shares(0, logs);
  double sum = 0;
  for (const float log : logs) sum += std::exp(static_cast<double>(log));
  EXPECT_NEAR(sum, 1.1, 1e-6);  // 1 and num_items floors of 0.1 / num_items
  EXPECT_FLOAT_EQ(logs[0], std::log(0.1f / static_cast<float>(shop.num_items())));
}

TEST(DecayedCounts, WithoutDaysEveryKnownEventCountsInFull) {
  const Dataset shop = testing::make_dataset({{"a", "tea", 0}, {"b", "tea", 1}, {"c", "cup", 2}}, {}, {}, {.time_kind = TimeKind::kOrder});
  DecayedCounts counts({kNoDecay}, shop.num_items());
  counts.roll(shop, 2, day_of(shop.times()[1]));
  EXPECT_THAT(counts.counts(0), ElementsAre(2, 0));
}

}  // namespace
}  // namespace gemel
