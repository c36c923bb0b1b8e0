#include "gemel/data/infer/event_counts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gemel/base/file.h"
#include "gemel/data/infer/twin_pairs.h"
#include "gemel/data/ingest/parse_time.h"
#include "gemel/data/testing.h"

namespace gemel {
namespace {
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(RankCorrelation, AgreesWithHandWorkedCases) {
  EXPECT_DOUBLE_EQ(rank_correlation({1, 2, 3, 4}, {10, 20, 40, 400}), 1);
  EXPECT_DOUBLE_EQ(rank_correlation({1, 2, 3, 4}, {4, 3, 2, 1}), -1);
  // Ranks 0 1 2 3 4 and 1 0 3 2 4: 1 - 6 * (1 + 1 + 1 + 1 + 0) / (5 * 24) = .8
  EXPECT_DOUBLE_EQ(rank_correlation({1, 2, 3, 4, 5}, {2, 1, 4, 3, 5}), 0.8);
  // Ties share the mean of their ranks, 0.5: covariance 4, variances 5 and 4: 4 / sqrt(20).
  EXPECT_NEAR(rank_correlation({1, 2, 3, 4}, {1, 1, 2, 2}), 4 / std::sqrt(20.0), 1e-12);
  EXPECT_EQ(rank_correlation({1, 2}, {5, 5}), 0);
  EXPECT_EQ(rank_correlation({}, {}), 0);
}

TEST(TwinPairs, ShareNearlyAllCustomersAndDaysOfTheRarerOne) {
  std::vector<DayRow> rows;
  for (std::uint32_t user = 0; user < 10; ++user) {
    rows.push_back({user, 0, static_cast<std::int32_t>(user)});
    rows.push_back({user, 0, static_cast<std::int32_t>(user)});  // the same again
    if (user < 5) rows.push_back({user, 1, static_cast<std::int32_t>(user)});
    if (user < 4) rows.push_back({user, 2, static_cast<std::int32_t>(user)});       // too few
    rows.push_back({user, 3, static_cast<std::int32_t>(user + (user < 8 ? 0 : 1))});  // 80 %
  }
  const auto pairs = find_twin_pairs(rows, 4, TwinsConfig{});
  ASSERT_TRUE(pairs);
  EXPECT_THAT(*pairs, ElementsAre(Pair(0, 1), Pair(1, 3)));  // all 5 rows of product 1 are among those of 0 and of 3
}

TEST(EventCounts, CountWhatCanBeReadAndWhatComesAgain) {
  const testing::TemporaryFolder folder;
  const std::string path = (folder.path() / "events.csv").string();
  ASSERT_TRUE(write_file(path,
                         "user,item,time,n\nann,tea,2024-01-01,1\nann,tea,2024-01-09,2\nbob,tea,2024-01-02,0\nbob,jam,2024-02-01,1\n"
                         ",tea,2024-01-01,1\nann,jam,never,1\nbroken\n"));
  EventsGuess guess;
  guess.user.value = "user";
  guess.item.value = "item";
  guess.time.value = "time";
  guess.weight.value = "n";
  const auto counts = count_events(path, guess, true, no_progress());
  ASSERT_TRUE(counts) << counts.error().message;
  EXPECT_EQ(counts->num_rows, 7u);
  EXPECT_EQ(counts->num_usable, 4u);
  EXPECT_EQ(counts->num_weightless, 1u);
  EXPECT_EQ(counts->num_users, 2u);
  EXPECT_THAT(counts->item_counts, ElementsAre(3, 1));
  EXPECT_DOUBLE_EQ(counts->repeat_share, 0.25);
  EXPECT_EQ(counts->first, parse_iso_time("2024-01-01"));
  EXPECT_EQ(counts->last, parse_iso_time("2024-02-01"));
  EXPECT_THAT(counts->twins, IsEmpty());
}

}  // namespace
}  // namespace gemel
