#include "gemel/data/infer/event_counts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gemel/base/file.h"
#include "gemel/data/ingest/parse_time.h"
#include "gemel/data/testing.h"

namespace gemel {
namespace {
using ::testing::ElementsAre;
using ::testing::IsEmpty;

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
  EXPECT_THAT(counts->kept_counts, ElementsAre(3, 1));
  EXPECT_THAT(counts->train_counts, ElementsAre(3, 0));  // the default split's validation begins with the last row
  EXPECT_DOUBLE_EQ(counts->repeat_share, 0.25);
  EXPECT_EQ(counts->first, parse_iso_time("2024-01-01"));
  EXPECT_EQ(counts->last, parse_iso_time("2024-02-01"));
  EXPECT_THAT(counts->twins, IsEmpty());
}

}  // namespace
}  // namespace gemel
