#include "gemel/data/split.h"

#include <gmock/gmock.h>

#include "gemel/data/day.h"
#include "gemel/data/testing.h"

namespace gemel {
namespace {

using testing::EventRow;
using ::testing::HasSubstr;

// `days` are the days of the events, each customer's own product.
std::vector<EventRow> events_on(const std::vector<double>& days, const std::string& action = "buy") {
  std::vector<EventRow> events;
  for (const double day : days) events.push_back({concat("u", events.size()), concat("i", events.size()), day, action});
  return events;
}

const std::vector<double> kTenDays = {0.1, 1.1, 2.1, 3.1, 4.1, 5.1, 6.1, 7.1, 8.1, 9.1};

TEST(Day, ReadsWhatItWritesAndRefusesWhatIsNoDay) {
  EXPECT_EQ(parse_day("1970-01-02"), Day(std::chrono::days(1)));
  for (const char* text : {"2017-11-01", "2024-02-29", "1969-12-31"}) EXPECT_EQ(to_text(*parse_day(text)), text);
  for (const char* text : {"", "2017-11-1", "2017-02-29", "2017-13-01", "2017/11/01", "20171101", "2017-11-01 ", "x017-11-01"})
    EXPECT_EQ(parse_day(text), std::nullopt) << text;
}

TEST(Split, CutsFractionsAtMidnightSoThatADayIsNeverOnBothSides) {
  // Event 6 of 10 begins the last 40 %; it lies in day 5 with events 4 and 5, so that all of day 5 is validation. (Counted from 0.)
  const Dataset shop = testing::make_dataset(events_on({0, 1, 2, 3, 5.1, 5.2, 5.3, 6.5, 7.5, 7.9}));
  const Split split = make_split(shop, {.validation = 0.3, .test = 0.1}).value();
  EXPECT_EQ(split.validation_begin, 4u);
  EXPECT_EQ(split.validation_from, testing::at_day(5));
  EXPECT_EQ(split.test_begin, 8u);  // event 9 lies in day 7 with event 8
  EXPECT_EQ(split.test_from, testing::at_day(7));
  EXPECT_EQ(split.end, 10u);
  EXPECT_EQ(split.until, testing::at_day(8));
}

TEST(Split, ViewsHoldOnlyEventsBeforeTheirMoment) {
  const Dataset shop = testing::make_dataset(events_on(kTenDays));
  const Split split = make_split(shop, {.validation = 0.2, .test = 0.3}).value();
  for (const TrainView& view : {split.train(shop), split.train_and_validation(shop)}) {
    EXPECT_LT(shop.times()[view.num_events - 1], view.until);
    EXPECT_GE(shop.times()[view.num_events], view.until);
  }
  EXPECT_EQ(split.train(shop).num_events, 5u);
  EXPECT_EQ(split.train_and_validation(shop).num_events, 7u);
}

TEST(Split, CutsAtGivenDays) {
  const Dataset shop = testing::make_dataset(events_on(kTenDays));  // day 0 is 2024-01-01
  const Split split = make_split(shop, {.validation_from = "2024-01-04", .test_from = "2024-01-09"}).value();
  EXPECT_EQ(split.validation_begin, 3u);
  EXPECT_EQ(split.test_begin, 8u);
  EXPECT_EQ(split.test_from, testing::at_day(8));
}

TEST(Split, CutsAnOrderAtTheEventItself) {
  const Dataset shop = testing::make_dataset(events_on({0, 1, 2, 3, 4, 5, 6, 7, 8, 9}), {}, {}, {.time_kind = TimeKind::kOrder});
  const Split split = make_split(shop, {.validation = 0.2, .test = 0.3}).value();
  EXPECT_EQ(split.validation_begin, 5u);
  EXPECT_EQ(split.test_begin, 7u);
  EXPECT_EQ(split.until, shop.times().back() + std::chrono::microseconds(1));
}

TEST(Split, FollowsFilesAlsoWhereTheyOverlapInTime) {
  const testing::ShopOptions options{.file_split = Dataset::FileSplit{3, 5}};
  const Dataset shop = testing::make_dataset(events_on({0.5, 1.5, 4.5, 5.5, 6.5, 3.5, 7.5}), {}, {}, options);
  const Split split = make_split(shop, shop.config().split).value();
  EXPECT_EQ(split.validation_begin, 3u);
  EXPECT_EQ(split.validation_from, testing::at_day(5));
  EXPECT_EQ(split.test_begin, 5u);
  EXPECT_EQ(split.test_from, testing::at_day(6.5) + std::chrono::microseconds(1));  // the test files begin at day 3.5 already
}

TEST(Split, FilesMayMeetInOneMoment) {
  const testing::ShopOptions options{.file_split = Dataset::FileSplit{2, 4}};
  const Dataset shop = testing::make_dataset(events_on({0.5, 4.5, 4.5, 5.5, 6.5}), {}, {}, options);
  const Split split = make_split(shop, shop.config().split).value();
  EXPECT_EQ(split.validation_from, testing::at_day(4.5));  // no event to be judged lies before it
  EXPECT_EQ(split.test_from, testing::at_day(6));
}

TEST(Split, WithoutTimeThePartsAreTheMoments) {
  const Dataset shop =
      testing::make_dataset(events_on({0, 0, 1, 2, 2}), {}, {}, {.time_kind = TimeKind::kNone, .file_split = Dataset::FileSplit{2, 3}});
  const Split split = make_split(shop, shop.config().split).value();
  EXPECT_EQ(split.validation_from.time_since_epoch().count(), 1);
  EXPECT_EQ(split.test_from.time_since_epoch().count(), 2);
  EXPECT_EQ(split.until.time_since_epoch().count(), 3);
}

std::string message_of(const Dataset& shop, const SplitConfig& config) {
  const auto split = make_split(shop, config);
  if (split) return "no error";
  EXPECT_EQ(split.error().code, ErrorCode::kBadConfig);
  return split.error().message;
}

TEST(Split, RefusesPartsWithoutEventsOrTargetsAndSaysWhatTheDataSpans) {
  const Dataset shop = testing::make_dataset(events_on(kTenDays));
  EXPECT_THAT(message_of(shop, {.validation_from = "2024-01-04", .test_from = "2024-02-01"}),
              HasSubstr("split.test: no event lies in this part (events from 2024-01-01 to 2024-01-10)"));
  EXPECT_THAT(message_of(shop, {.validation_from = "2023-01-01", .test_from = "2024-01-05"}), HasSubstr("split.train: no event"));
  const Dataset one_day = testing::make_dataset(events_on({0.1, 0.2, 0.3}));
  EXPECT_THAT(message_of(one_day, {.validation = 0.3, .test = 0.3}), HasSubstr("no event lies in this part"));
  auto events = events_on({0, 1, 2, 3, 4, 5, 6, 7, 8}, "buy");
  events.push_back({"u", "i", 9, "view"});
  EXPECT_THAT(message_of(testing::make_dataset(events), {.validation = 0.2, .test = 0.1}),
              HasSubstr("split.test: none of its 1 events has a target action"));
  EXPECT_THAT(message_of(testing::make_dataset({}), {}), HasSubstr("holds no events"));
}

}  // namespace
}  // namespace gemel
