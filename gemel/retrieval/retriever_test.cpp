#include "gemel/retrieval/retriever.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gemel/retrieval/testing.h"

namespace gemel {
namespace {

using testing::at_day;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class RetrieverTest : public ::testing::Test {
 protected:
  Retriever open(std::string_view model = "repurchase") {
    testing::save_small_bundle(folder_.path() / "bundle", shop_, model);
    return Retriever::open(folder_.path() / "bundle").value();
  }
  Answer answer(const Retriever& retriever, const Request& request) { return retriever.answer(request, pool_).value(); }
  static std::vector<std::string> ids(const Answer& answer) {
    std::vector<std::string> found;
    for (const auto& product : answer.products) found.push_back(product.product.id);
    return found;
  }

  testing::TemporaryFolder folder_;
  Dataset shop_ = testing::small_shop();
  ThreadPool pool_{1};
};

TEST_F(RetrieverTest, AKnownCustomerGetsWhatTheyTakeAgainFirstWithTheReason) {
  const Retriever retriever = open();
  const Answer found = answer(retriever, {.user = "ann", .k = 2});
  EXPECT_EQ(found.served, Served::kKnown);
  EXPECT_EQ(found.action, "buy");
  EXPECT_EQ(found.at, at_day(10));
  EXPECT_EQ(found.history_size, 3u);
  EXPECT_THAT(ids(found), ElementsAre("tea", "rye"));  // had twice; then the better seller of what is left
  EXPECT_EQ(found.products[0].product.name, "Green tea");
  EXPECT_EQ(found.products[0].reason.times_had, 2u);
  EXPECT_EQ(found.products[0].reason.last_had, at_day(3));
  EXPECT_EQ(found.products[1].reason.times_had, 0u);
}

TEST_F(RetrieverTest, AnswersAreThoseOfTheModel) {
  const Retriever retriever = open("item_knn");
  const Histories histories(shop_, testing::events_before(shop_, at_day(10)));
  const UserIndex bob = testing::user_of(shop_, "bob");
  const Query query{.user = bob, .at = at_day(10), .history = histories.of(bob), .excluded = {}};
  const auto eligible = retriever.bundle().customers().eligible();
  std::vector<std::vector<ScoredItem>> expected;
  retriever.bundle().model().recommend({&query, 1}, 3, eligible, pool_, expected);
  const Answer found = answer(retriever, {.user = "bob", .k = 3});
  ASSERT_EQ(found.products.size(), expected[0].size());
  for (std::size_t i = 0; i < expected[0].size(); ++i) {
    EXPECT_EQ(found.products[i].product.id, shop_.item_table().ids[to_size(expected[0][i].item)]);
    EXPECT_EQ(found.products[i].score, expected[0][i].score);
  }
}

TEST_F(RetrieverTest, UnknownCustomersAreServedFromRecentEventsAndElseFromWhatIsPopular) {
  const Retriever retriever = open();
  const Answer recent = answer(retriever, {.user = "zoe", .recent = {"oil"}, .k = 2});
  EXPECT_EQ(recent.served, Served::kUnknown);
  EXPECT_THAT(ids(recent), ElementsAre("oil", "tea"));  // the recent one, then the best seller
  EXPECT_THAT(recent.notes, Contains(HasSubstr("'zoe' is not in this shop's data")));
  EXPECT_TRUE(recent.products[0].reason.is_recent);
  EXPECT_EQ(recent.products[0].reason.times_had, 0u);  // that it is in the request does not mean that they had it before
  EXPECT_FALSE(recent.products[1].reason.is_recent);

  const Answer nothing = answer(retriever, {.k = 2});
  EXPECT_EQ(nothing.served, Served::kFallback);
  EXPECT_THAT(ids(nothing), ElementsAre("tea", "rye"));  // tea was bought three times, rye twice

  const Answer typo = answer(retriever, {.recent = {"tae"}, .k = 1});
  EXPECT_EQ(typo.served, Served::kFallback);
  EXPECT_THAT(typo.notes, Contains(HasSubstr("'tae' is not in this shop's data")));

  const Answer listed = answer(retriever, {.user = "eve", .k = 1});  // in the customer file, without events
  EXPECT_EQ(listed.served, Served::kFallback);
  EXPECT_THAT(listed.notes, Contains(HasSubstr("'eve' has no events")));
}

TEST_F(RetrieverTest, ExcludeSeenLeavesOutHistoryAndRecentEvents) {
  const Retriever retriever = open();
  const Answer found = answer(retriever, {.user = "ann", .recent = {"oil"}, .k = 5, .exclude_seen = true});
  EXPECT_THAT(ids(found), ElementsAre("rye"));  // tea, jam, oil were had; fig is not sold yet
  EXPECT_THAT(found.notes, Contains(HasSubstr("only 1 products")));
}

TEST_F(RetrieverTest, ALaterMomentNeedsTheDatasetAndSaysSo) {
  Retriever retriever = open();
  const Request later{.user = "ann", .at = at_day(13), .k = 5};
  const Answer stale = answer(retriever, later);
  EXPECT_THAT(stale.notes, Contains(HasSubstr("those of 2024-01-11; the Dataset (--dataset DIR)")));
  EXPECT_EQ(stale.history_size, 3u);
  EXPECT_THAT(ids(stale), Not(Contains("fig")));

  ASSERT_TRUE(retriever.catch_up(shop_, at_day(13)));
  const Answer fresh = answer(retriever, later);
  EXPECT_EQ(fresh.history_size, 4u);
  EXPECT_TRUE(fresh.notes.empty() || fresh.notes[0].find("those of") == std::string::npos);
  EXPECT_THAT(ids(fresh), Contains("fig"));  // sold by then

  // As of a moment between two events only the first is known.
  Retriever between = open();
  ASSERT_TRUE(between.catch_up(shop_, at_day(12.2)));
  EXPECT_EQ(answer(between, {.user = "ann"}).history_size, 3u);
  EXPECT_EQ(answer(between, {.user = "dan"}).history_size, 1u);
}

TEST_F(RetrieverTest, AnEarlierMomentIsRefusedSinceItsFutureIsKnown) {
  Retriever retriever = open();
  const auto answered = retriever.answer({.user = "ann", .at = at_day(4)}, pool_);
  ASSERT_FALSE(answered);
  EXPECT_THAT(answered.error().message, HasSubstr("2024-01-05 lies before the 2024-01-11"));
  const auto caught_up = retriever.catch_up(shop_, at_day(4));
  ASSERT_FALSE(caught_up);
  EXPECT_EQ(caught_up.error().code, ErrorCode::kBadInput);
}

TEST_F(RetrieverTest, RefusesAnotherDatasetAnUnknownActionAndKOfZero) {
  Retriever retriever = open();
  const Dataset other = testing::make_dataset({{"ann", "tea", 1}});
  EXPECT_THAT(retriever.catch_up(other, at_day(13)).error().message, HasSubstr("another Dataset"));
  const auto action = retriever.answer({.action = "steal"}, pool_);
  EXPECT_EQ(action.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(action.error().message, HasSubstr("this shop has buy, view"));
  EXPECT_EQ(retriever.answer({.k = 0}, pool_).error().code, ErrorCode::kBadInput);
}

}  // namespace
}  // namespace gemel
