// The roles of the columns of events, on hand-made tables: what shops have, and what looks like it.
#include "gemel/data/infer/event_columns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gemel/data/infer/testing.h"

namespace gemel {
namespace {
using testing::column;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::table;
using testing::values;

constexpr std::size_t kRows = 200;

ColumnSample users(std::string name) {
  return column(std::move(name), values(kRows, [](std::size_t row) { return concat(1000 + row * 7 % 40); }));
}
ColumnSample items(std::string name) {
  return column(std::move(name), values(kRows, [](std::size_t row) { return concat("P", row * 11 % 60); }));
}
ColumnSample seconds(std::string name) {
  return column(std::move(name), values(kRows, [](std::size_t row) { return concat(1'600'000'000 + row * 50'000 + row % 3); }));
}

EventsGuess guess(const TableSample& sample, const KnownIds& ids = {}) {
  const auto profiles = profile(sample);
  EventsGuess events;
  const auto done = guess_event_columns(sample, profiles, find_layout(TableRole::kEvents, sample, profiles), ids, events);
  EXPECT_TRUE(done) << (done ? "" : done.error().message);
  return events;
}

TEST(EventColumns, AreKnownByTheirNamesInAnyOrderAndSpelling) {
  const EventsGuess events = guess(table({seconds("Order Date"), items("Article"), users("customerNumber")}));
  EXPECT_EQ(events.time.value, "Order Date");
  EXPECT_EQ(events.item.value, "Article");
  EXPECT_EQ(events.user.value, "customerNumber");
  EXPECT_EQ(events.action.value, "");
  EXPECT_THAT(events.time.reason, HasSubstr("epoch seconds, 2020-09-13 to"));
}

TEST(EventColumns, IdsThatLookLikeEpochSecondsAreNoTime) {
  const auto order_ids = values(kRows, [](std::size_t row) { return concat(1'500'000'000 + row); });
  const EventsGuess counting = guess(table({column("nr", order_ids), users("user_id"), items("item_id")}));
  EXPECT_EQ(counting.time.value, "");
  EXPECT_TRUE(counting.has_order);
  const EventsGuess named = guess(table({seconds("basket_id"), users("user_id"), items("item_id"), seconds("ts")}));
  EXPECT_EQ(named.time.value, "ts");
  const EventsGuess users_alike = guess(table({seconds("user_id"), items("item_id")}));  // the customers' ids, of ten digits
  EXPECT_EQ(users_alike.user.value, "user_id");
  EXPECT_TRUE(users_alike.has_order);
}

TEST(EventColumns, DatesAsOneNumberAndDatesWithTheDayFirstAreTimes) {
  const auto compact = values(kRows, [](std::size_t row) { return concat(20230101 + row % 28 + 100 * (row % 12)); });
  const EventsGuess days = guess(table({column("day", compact), users("user_id"), items("item_id")}));
  EXPECT_EQ(days.time.value, "day");
  EXPECT_EQ(days.time_format.value, "ymd");
  const auto written = values(kRows, [](std::size_t row) { return concat(1 + row % 28, "/0", 1 + row % 9, "/2023"); });
  const EventsGuess first = guess(table({column("date", written), users("user_id"), items("item_id")}));
  EXPECT_EQ(first.time_format.value, "dmy");
  EXPECT_THAT(first.time_format.reason, HasSubstr("days above 12"));
  const auto either = values(kRows, [](std::size_t row) { return concat(1 + row % 12, "/0", 1 + row % 9, "/2023"); });
  const EventsGuess unsure = guess(table({column("date", either), users("user_id"), items("item_id")}));
  EXPECT_EQ(unsure.time_format.value, "dmy");
  EXPECT_THAT(unsure.time_format.reason, HasSubstr("CHECK"));
  EXPECT_THAT(unsure.time_format.alternatives, ElementsAre("mdy"));
}

TEST(EventColumns, OfTwoTimesTheFinerOneIsTakenAndOneWithGapsIsNot) {
  const auto days = values(kRows, [](std::size_t row) { return concat("2023-01-", 10 + row % 20); });
  auto shipped = values(kRows, [](std::size_t row) { return concat("2023-02-01T10:00:", 10 + row % 50); });
  shipped[3] = shipped[5] = shipped[7] = "";
  const EventsGuess events =
      guess(table({column("date", days), seconds("timestamp"), column("shipped_at", shipped), users("user_id"), items("item_id")}));
  EXPECT_EQ(events.time.value, "timestamp");
  EXPECT_THAT(events.time.alternatives, ElementsAre("date"));
}

TEST(EventColumns, UserAndItemOfEqualCardinalityAreToldByNameOrByTheCatalogue) {
  const auto numbers = [](std::size_t step) { return values(kRows, [=](std::size_t row) { return concat(row * step % 50); }); };
  const EventsGuess named = guess(table({column("item", numbers(7)), column("user", numbers(11)), seconds("ts")}));
  EXPECT_EQ(named.item.value, "item");
  EXPECT_EQ(named.user.value, "user");
  const auto skus = profile(column("sku", values(60, [](std::size_t row) { return concat("P", row); })));
  const EventsGuess joined = guess(table({items("what"), column("who", numbers(11)), seconds("ts")}), {.items = &skus});
  EXPECT_EQ(joined.item.value, "what");
  EXPECT_EQ(joined.user.value, "who");
  EXPECT_THAT(joined.item.reason, HasSubstr("all of the rows in the catalogue"));
  // Ratings are found in a catalogue that counts from 1, and are no products all the same.
  const auto counted = profile(column("id", values(60, [](std::size_t row) { return concat(row); })));
  const auto rating = column("rating", values(kRows, [](std::size_t row) { return concat(1 + row % 5); }));
  const EventsGuess rated =
      guess(table({column("item_id", numbers(7)), column("user_id", numbers(11)), rating, seconds("ts")}), {.items = &counted});
  EXPECT_EQ(rated.item.value, "item_id");
  EXPECT_THAT(rated.item.alternatives, ::testing::Not(Contains("rating")));
}

TEST(EventColumns, WithoutNamesCustomersComeFirstAndThatIsToBeChecked) {
  const EventsGuess events =
      guess(table({users("column_1"), items("column_2"), column("column_3", values(kRows, [](std::size_t row) { return concat(row % 5); })),
                   seconds("column_4")}));
  EXPECT_EQ(events.user.value, "column_1");
  EXPECT_EQ(events.item.value, "column_2");
  EXPECT_EQ(events.time.value, "column_4");
  EXPECT_THAT(events.user.reason, HasSubstr("CHECK"));
}

TEST(EventColumns, ARatingIsNoWeightAndAQuantityIsOneWhereItIsAlwaysAboveZero) {
  const auto rating = column("rating", values(kRows, [](std::size_t row) { return concat(1 + row % 5); }));
  const EventsGuess rated = guess(table({users("user_id"), items("item_id"), rating, seconds("ts")}));
  EXPECT_EQ(rated.weight.value, "");
  EXPECT_THAT(rated.unused, Contains(HasSubstr("an opinion")));
  const auto quantity = [](std::size_t least) {
    return column("quantity", values(kRows, [=](std::size_t row) { return concat(least + row % 4); }));
  };
  EXPECT_EQ(guess(table({users("user_id"), items("item_id"), quantity(1), seconds("ts")})).weight.value, "quantity");
  const EventsGuess returns = guess(table({users("user_id"), items("item_id"), quantity(0), seconds("ts")}));
  EXPECT_EQ(returns.weight.value, "");
  EXPECT_THAT(returns.weight.reason, HasSubstr("not above 0"));
  const auto prices = column("value", values(kRows, [](std::size_t row) { return concat(row % 30, ".95"); }));
  EXPECT_EQ(guess(table({users("user_id"), items("item_id"), prices, seconds("ts")})).weight.value, "");  // a price called value
}

TEST(EventColumns, AnActionIsKnownByItsValuesOrItsName) {
  const auto kinds = [](const char* name, std::vector<std::string> words) {
    return column(name, values(kRows, [=](std::size_t row) { return words[row % words.size()]; }));
  };
  EXPECT_EQ(guess(table({users("user_id"), items("item_id"), kinds("what", {"view", "addtocart"}), seconds("ts")})).action.value, "what");
  EXPECT_EQ(guess(table({users("user_id"), items("item_id"), kinds("event_type", {"x", "y"}), seconds("ts")})).action.value, "event_type");
  EXPECT_EQ(guess(table({users("user_id"), items("item_id"), kinds("type", {"dress", "shirt"}), seconds("ts")})).action.value, "");
}

TEST(EventColumns, AnEventIdIsTakenOnlyWhereNoValueComesTwice) {
  const auto ids = [](std::size_t modulus) {
    return column("event_id", values(kRows, [=](std::size_t row) { return concat("e", row % modulus); }));
  };
  EXPECT_EQ(guess(table({ids(kRows), users("user_id"), items("item_id"), seconds("ts")})).id.value, "event_id");
  EXPECT_EQ(guess(table({ids(50), users("user_id"), items("item_id"), seconds("ts")})).id.value, "");
}

TEST(EventColumns, ATableWithoutProductsIsRefusedWithItsColumns) {
  const TableSample sample = table({users("user_id"), seconds("ts")});
  const auto profiles = profile(sample);
  EventsGuess events;
  const auto refused = guess_event_columns(sample, profiles, nullptr, {}, events);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kBadInput);
  EXPECT_THAT(refused.error().message, HasSubstr("made.csv: expected a column with the product of each event, found user_id, ts"));
}

TEST(EventColumns, TheKeyOfACatalogueIsUniqueAndFoundInTheEvents) {
  const TableSample catalogue = table({column("row", values(60, [](std::size_t row) { return concat(row); })),
                                       column("code", values(60, [](std::size_t row) { return concat("P", row); })),
                                       column("title", values(60, [](std::size_t row) { return concat("Product ", row); }))});
  const auto profiles = profile(catalogue);
  const auto events = profile(table({users("user_id"), items("what"), seconds("ts")}));
  const auto id = guess_id_column(TableRole::kItems, catalogue, profiles, nullptr, events);
  ASSERT_TRUE(id);
  EXPECT_EQ(id->value, "code");
  const TableSample twice = table({column("id", {"a", "a", "b"})});
  const auto refused = guess_id_column(TableRole::kItems, twice, profile(twice), nullptr, events);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("expected a column with one id a row, found id"));
}

}  // namespace
}  // namespace gemel
