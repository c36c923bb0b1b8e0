#include "gemel/data/query_plan.h"

#include <gmock/gmock.h>

#include "gemel/data/testing.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

using testing::at_day;
using ::testing::ElementsAre;
using testing::EventRow;
using ::testing::HasSubstr;

// Readable: "ann@14.5: tea, cup".
std::vector<std::string> shown(const Dataset& shop, const QueryPlan& plan) {
  std::vector<std::string> lines;
  for (const PlannedQuery& query : plan.queries) {
    const double day = static_cast<double>((query.at - testing::kDayZero).count()) / 86'400e6;
    std::string line = concat(shop.user_table().ids[to_size(query.user)], '@', day, ':');
    for (std::uint32_t i = query.targets_begin; i < query.targets_end; ++i)
      line += concat(' ', shop.item_table().ids[to_size(plan.targets[i])]);
    if (query.excluded_begin < query.excluded_end) line += " not";
    for (std::uint32_t i = query.excluded_begin; i < query.excluded_end; ++i)
      line += concat(' ', shop.item_table().ids[to_size(plan.excluded[i])]);
    lines.push_back(line);
  }
  return lines;
}

// The catalogue's order makes ItemIndex, and so the order of targets: bag, cup, pot, tea. The cut lies at day 10; events 0 to 4 are known.
const std::vector<testing::EntityRow> kItems = {{"bag"}, {"cup"}, {"pot"}, {"tea"}};
const std::vector<EventRow> kEvents = {
    {"ann", "tea", 1},
    {"ann", "cup", 2, "view"},
    {"bob", "cup", 3},
    {"bob", "tea", 4},
    {"cid", "bag", 5},
    {"ann", "tea", 10.5},
    {"bob", "pot", 11},
    {"bob", "pot", 12},
    {"ann", "cup", 13},
    {"dan", "new", 16.9},
    {"ann", "cup", 17},
    {"eve", "cup", 18, "view"},
    {"bob", "tea", 18.5, "buy", 2},
    {"cid", "bag", 40},
};
constexpr std::size_t kCut = 5;

Dataset shop() { return testing::make_dataset(kEvents, kItems); }

QueryPlan plan_of(const Dataset& dataset, Protocol protocol, Repeats repeats = Repeats::kKeep) {
  const Histories histories(dataset, dataset.num_events());
  return make_query_plan(dataset, histories, protocol, repeats, kCut, dataset.num_events(), at_day(10)).value();
}

TEST(QueryPlan, RollingWeekAsksOncePerWeekAndCustomerForTheDistinctItemsOfTheWeek) {
  const Dataset data = shop();
  const QueryPlan plan = plan_of(data, Protocol::kRollingWeek);
  EXPECT_THAT(shown(data, plan), ElementsAre("ann@10: cup tea", "bob@10: pot", "dan@10: new", "ann@17: cup", "bob@17: tea", "cid@38: bag"));
  ASSERT_EQ(plan.blocks.size(), 3u);  // the weeks of day 10, 17 and 38; nothing was bought in those between
  EXPECT_EQ(plan.blocks[0].now, at_day(10));
  EXPECT_EQ(plan.blocks[0].num_known_events, 5u);
  EXPECT_EQ(plan.blocks[1].now, at_day(17));
  EXPECT_EQ(plan.blocks[1].num_known_events, 10u);  // the event at day 17 itself is not known
  EXPECT_EQ(plan.blocks[2].num_known_events, 13u);
  EXPECT_EQ(plan.blocks[1].queries_begin, 3u);
  EXPECT_EQ(plan.blocks[1].queries_end, 5u);
  EXPECT_EQ(plan.queries[3].block, 1u);
  EXPECT_EQ(plan.queries[4].weight, 1);
  EXPECT_EQ(plan.customers_without_targets, 0u);  // eve only looked: she is not in the period
  EXPECT_EQ(plan.dropped_targets, 0u);
}

TEST(QueryPlan, DroppingRepeatsTakesWhatTheCustomerHadOutOfTargetsAndRanking) {
  const Dataset data = shop();
  const QueryPlan plan = plan_of(data, Protocol::kRollingWeek, Repeats::kDrop);
  // ann had tea (the cup she only looked at), so cup is her first purchase; in the second week she has it. bob has tea. cid has bag.
  EXPECT_THAT(shown(data, plan), ElementsAre("ann@10: cup not tea", "bob@10: pot not cup tea", "dan@10: new"));
  EXPECT_EQ(plan.dropped_targets, 4u);            // ann: tea, later cup; bob: tea; cid: bag
  EXPECT_EQ(plan.customers_without_targets, 1u);  // cid
  EXPECT_EQ(plan.blocks.size(), 1u);
}

TEST(QueryPlan, FrozenAsksOnceAtTheCutForAllLaterDistinctItems) {
  const Dataset data = shop();
  const QueryPlan plan = plan_of(data, Protocol::kFrozen);
  EXPECT_THAT(shown(data, plan), ElementsAre("ann@10: cup tea", "bob@10: pot tea", "cid@10: bag", "dan@10: new"));
  ASSERT_EQ(plan.blocks.size(), 1u);
  EXPECT_EQ(plan.blocks[0].num_known_events, 5u);
}

TEST(QueryPlan, FrozenTrialDropsUnseenTargetsAndUnknownCustomersAndCountsThem) {
  const Dataset data = shop();
  const QueryPlan plan = plan_of(data, Protocol::kFrozenTrial);
  EXPECT_THAT(shown(data, plan), ElementsAre("ann@10: cup tea", "bob@10: tea", "cid@10: bag"));  // pot was never sold before the cut
  EXPECT_EQ(plan.dropped_targets, 2u);                                                           // pot, new
  EXPECT_EQ(plan.customers_without_targets, 1u);                                                 // dan
}

TEST(QueryPlan, PerEventAsksForEveryTargetEventAtItsOwnTimeWithCountersUpToItsDay) {
  const Dataset data = shop();
  const QueryPlan plan = plan_of(data, Protocol::kPerEvent);
  EXPECT_THAT(shown(data, plan), ElementsAre("ann@10.5: tea", "bob@11: pot", "bob@12: pot", "ann@13: cup", "dan@16.9: new", "ann@17: cup",
                                             "bob@18.5: tea", "cid@40: bag"));
  ASSERT_EQ(plan.blocks.size(), 8u);
  EXPECT_EQ(plan.blocks[0].now, at_day(10));
  EXPECT_EQ(plan.blocks[0].num_known_events, 5u);
  EXPECT_EQ(plan.blocks[6].now, at_day(18));
  EXPECT_EQ(plan.blocks[6].num_known_events, 11u);
  EXPECT_EQ(plan.queries[6].weight, 2);
}

TEST(QueryPlan, PerEventWithoutRepeatsDropsTheSecondPurchase) {
  const Dataset data = shop();
  const QueryPlan plan = plan_of(data, Protocol::kPerEvent, Repeats::kDrop);
  EXPECT_THAT(shown(data, plan), ElementsAre("bob@11: pot not cup tea", "ann@13: cup not tea", "dan@16.9: new"));
  EXPECT_EQ(plan.dropped_targets, 5u);
  EXPECT_EQ(plan.customers_without_targets, 1u);
}

TEST(QueryPlan, ABasketSharesItsListOfWhatTheCustomerHad) {
  const Dataset data = testing::make_dataset({{"ann", "tea", 0}, {"ann", "cup", 11}, {"ann", "pot", 11}});
  const Histories histories(data, 3);
  const QueryPlan plan = make_query_plan(data, histories, Protocol::kPerEvent, Repeats::kDrop, 1, 3, at_day(10)).value();
  EXPECT_THAT(shown(data, plan), ElementsAre("ann@11: cup not tea", "ann@11: pot not tea"));
  EXPECT_EQ(plan.excluded.size(), 1u);
}

TEST(QueryPlan, TheLastWeekEndsWithThePeriod) {
  const Dataset data = shop();
  const Histories histories(data, data.num_events());
  const QueryPlan plan = make_query_plan(data, histories, Protocol::kRollingWeek, Repeats::kKeep, kCut, 7, at_day(10)).value();
  EXPECT_THAT(shown(data, plan), ElementsAre("ann@10: tea", "bob@10: pot"));
}

// Two Datasets that differ only in events at or after `now`: all that a block asks must be alike, its targets aside.
TEST(QueryPlan, WhatComesAtOrAfterABlocksMomentChangesNothingOfItButItsTargets) {
  Rng rng(11);
  std::vector<EventRow> events;
  std::vector<testing::EntityRow> items;
  for (int i = 0; i < 8; ++i) items.push_back({concat("i", i)});
  for (int user = 0; user < 6; ++user) events.push_back({concat("u", user), "i0", 0});  // the same UserIndex in both
  for (int i = 0; i < 300; ++i) events.push_back({concat("u", rng.below(6)), concat("i", rng.below(8)), 0.1 + rng.uniform() * 40});
  for (const auto protocol : {Protocol::kRollingWeek, Protocol::kPerEvent, Protocol::kFrozen}) {
    const Dataset whole = testing::make_dataset(events, items);
    const auto cut = static_cast<std::size_t>(std::count_if(events.begin(), events.end(), [](const EventRow& e) { return e.day < 10; }));
    const QueryPlan plan =
        make_query_plan(whole, Histories(whole, whole.num_events()), protocol, Repeats::kDrop, cut, whole.num_events(), at_day(10)).value();
    for (const QueryBlock& block : plan.blocks) {
      std::vector<EventRow> known;
      for (const EventRow& event : events)
        if (at_day(event.day) < block.now) known.push_back(event);
      const Dataset past = testing::make_dataset(known, items);
      EXPECT_EQ(block.num_known_events, past.num_events());
      EXPECT_EQ(eligible_items(whole, protocol, block.num_known_events), eligible_items(past, protocol, past.num_events()));
      if (protocol == Protocol::kPerEvent) continue;  // its histories run on to the event's own time
      const Histories histories(past, past.num_events());
      for (std::uint32_t q = block.queries_begin; q < block.queries_end; ++q) {
        std::vector<ItemIndex> had;
        for (const HistoryItem& item : histories.of(plan.queries[q].user)) had.push_back(item.item);
        std::sort(had.begin(), had.end());
        had.erase(std::unique(had.begin(), had.end()), had.end());
        const auto begin = plan.excluded.begin();
        EXPECT_EQ(std::vector(begin + plan.queries[q].excluded_begin, begin + plan.queries[q].excluded_end), had);
      }
    }
  }
}

TEST(QueryPlan, EligibleIsTheCatalogueAndWhatHasBeenSold) {
  const Dataset data = shop();  // bag, cup, pot, tea of the catalogue; new only sold, at day 16.9
  EXPECT_THAT(eligible_items(data, Protocol::kRollingWeek, 5), ElementsAre(1, 1, 1, 1, 0));
  EXPECT_THAT(eligible_items(data, Protocol::kRollingWeek, 10), ElementsAre(1, 1, 1, 1, 1));
  EXPECT_THAT(eligible_items(data, Protocol::kFrozenTrial, 2), ElementsAre(0, 0, 0, 1, 0));  // a look is no sale
}

std::string message_of(const Dataset& data, Protocol protocol, std::size_t begin, TimePoint from) {
  const auto plan = make_query_plan(data, Histories(data, data.num_events()), protocol, Repeats::kKeep, begin, data.num_events(), from);
  if (plan) return "no error";
  EXPECT_EQ(plan.error().code, ErrorCode::kBadConfig);
  return plan.error().message;
}

TEST(QueryPlan, SaysWhyItCannotAsk) {
  EXPECT_THAT(message_of(shop(), Protocol::kFrozen, kEvents.size(), at_day(50)),
              HasSubstr("no event of a target action lies in the period"));
  const Dataset ordered = testing::make_dataset({{"a", "x", 0}, {"a", "y", 1}}, {}, {}, {.time_kind = TimeKind::kOrder});
  EXPECT_THAT(message_of(ordered, Protocol::kRollingWeek, 1, ordered.times()[1]), HasSubstr("rolling_week: needs the days of the events"));
  EXPECT_EQ(message_of(ordered, Protocol::kFrozen, 1, ordered.times()[1]), "no error");
  EXPECT_EQ(message_of(ordered, Protocol::kPerEvent, 1, ordered.times()[1]), "no error");
  const Dataset overlapping = testing::make_dataset({{"a", "x", 5}, {"a", "y", 1}}, {}, {}, {.file_split = Dataset::FileSplit{1, 1}});
  EXPECT_THAT(message_of(overlapping, Protocol::kFrozen, 1, at_day(6)), HasSubstr("overlap in time"));
}

TEST(QueryPlan, NamesReadBackAndOthersAreRefusedWithTheList) {
  for (const auto protocol : {Protocol::kRollingWeek, Protocol::kPerEvent, Protocol::kFrozen, Protocol::kFrozenTrial})
    EXPECT_EQ(parse_protocol(to_text(protocol)).value(), protocol);
  for (const auto repeats : {Repeats::kKeep, Repeats::kDrop}) EXPECT_EQ(parse_repeats(to_text(repeats)).value(), repeats);
  EXPECT_THAT(
      parse_protocol("weekly").error().message,
      HasSubstr(
          "expected one of rolling_week, per_event, frozen, frozen_trial, leave_last_out, lightgcn_split, random_80_20, found 'weekly'"));
  EXPECT_THAT(parse_repeats("").error().message, HasSubstr("keep, drop"));
}

// Files that overlap in time, as random splits do: three events to train on, then what is asked about.
Dataset paper_shop() {
  return testing::make_dataset(
      {{"ann", "tea", 5}, {"ann", "cup", 9}, {"bob", "pot", 3}, {"ann", "pot", 1}, {"ann", "tea", 7}, {"bob", "cup", 8}}, kItems, {},
      {.file_split = Dataset::FileSplit{3, 3}});
}

QueryPlan paper_plan(const Dataset& dataset, Protocol protocol) {
  const Histories histories = histories_for(dataset, protocol, 3, dataset.num_events());
  return make_query_plan(dataset, histories, protocol, Repeats::kKeep, 3, dataset.num_events(), at_day(9.5)).value();
}

TEST(QueryPlan, SplitsOfPapersAskEachCustomerOnceAfterTheirTrainingEventsAndMaskThose) {
  const Dataset data = paper_shop();
  for (const Protocol protocol : {Protocol::kLeaveLastOut, Protocol::kLightgcnSplit}) {
    const QueryPlan plan = paper_plan(data, protocol);
    EXPECT_THAT(shown(data, plan), ElementsAre("bob@9.5: cup not pot", "ann@9.5: pot not cup tea")) << to_text(protocol);
    EXPECT_EQ(plan.repeats, Repeats::kDrop);
    EXPECT_EQ(plan.dropped_targets, 1u);  // ann's second tea
    ASSERT_EQ(plan.blocks.size(), 1u);
    EXPECT_EQ(plan.blocks[0].num_known_events, 3u);
  }
}

TEST(QueryPlan, ARandomSplitAsksPerEventAndRemembersOnlyWhatTheTrainingFilesHoldBeforeIt) {
  const Dataset data = paper_shop();
  const QueryPlan plan = paper_plan(data, Protocol::kRandom8020);
  EXPECT_THAT(shown(data, plan), ElementsAre("bob@8: cup", "ann@1: pot", "ann@7: tea"));
  EXPECT_EQ(plan.blocks.at(0).num_known_events, 3u);
  const Histories histories = histories_for(data, Protocol::kRandom8020, 3, data.num_events());
  std::vector<std::size_t> lengths;  // ann's tea of day 5 is known on day 7, her test event of day 1 never
  for (const PlannedQuery& query : plan.queries) lengths.push_back(history_before(histories.of(query.user), query.at).size());
  EXPECT_THAT(lengths, ElementsAre(1u, 0u, 1u));
}

TEST(QueryPlan, AProtocolOfPapersWithoutTheirFilesIsRefused) {
  const Dataset data = shop();
  const Histories histories(data, data.num_events());
  const auto plan = make_query_plan(data, histories, Protocol::kLeaveLastOut, Repeats::kKeep, kCut, data.num_events(), at_day(10));
  ASSERT_FALSE(plan);
  EXPECT_THAT(plan.error().message, HasSubstr("expected its train and test files in [split]"));
}

}  // namespace
}  // namespace gemel
