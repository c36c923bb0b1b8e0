// Every check on a shop with a planted problem, and all of them on a shop without one.
#include "gemel/data/health/health.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "gemel/data/testing.h"
#include "gemel/numerics/rng.h"

namespace gemel::health {
namespace {

using testing::EntityRow;
using testing::EventRow;
using ::testing::HasSubstr;
using testing::ShopOptions;

constexpr int kDays = 140;  // 20 weeks from a Monday
constexpr int kProducts = 200, kUsers = 400;

// A shop in which nothing is wrong, in parts that a test changes before it looks at the whole.
struct Shop {
  std::vector<EventRow> events;
  std::vector<EntityRow> items, users;
  ShopOptions options;

  Report report() const {
    const Dataset dataset = testing::make_dataset(events, items, users, options);
    return examine(dataset).value();
  }
};

// 100 views a day, a third of them followed by a purchase some minutes later; products and customers at random, the early products twice as
// often as the late ones. Brand, kind and price know nothing of the sales.
Shop clean_shop() {
  Shop shop;
  shop.options.item_features = "brand = \"category\"\nkind = \"category\"\nnotes = \"tags\"\nprice = \"number\"\nlaunched = \"time\"";
  shop.options.user_features = "country = \"category\"";
  shop.options.item_name = "title";
  shop.options.split = "validation = \"2024-04-22\"\ntest = \"2024-05-06\"";  // days 112 and 126
  Rng rng(11);
  for (int item = 0; item < kProducts; ++item) {
    shop.items.push_back({concat("p", item),
                          {{"title", concat("Product ", item)},
                           {"brand", concat("brand", rng.below(8))},
                           {"kind", concat("kind", rng.below(5))},
                           {"notes", concat("n", rng.below(6), "|n", 6 + rng.below(6))},
                           {"price", concat(1 + static_cast<double>(rng.below(2000)) / 100)},
                           {"launched", "-10"}}});
  }
  for (int user = 0; user < kUsers; ++user) shop.users.push_back({concat("u", user), {{"country", concat("country", rng.below(3))}}});
  for (int day = 0; day < kDays; ++day) {
    for (int i = 0; i < 100; ++i) {
      const auto item = rng.uniform() < 0.5 ? rng.below(kProducts) : rng.below(kProducts / 2);
      const std::string user = concat("u", rng.below(kUsers)), product = concat("p", item);
      const double at = day + rng.uniform() * 0.99;
      shop.events.push_back({user, product, at, "view"});
      if (rng.uniform() < 0.34) shop.events.push_back({user, product, at + 0.005 * rng.uniform(), "buy"});
    }
  }
  return shop;
}

const Section& section_of(const Report& report, std::string_view name) {
  const auto at = std::ranges::find(report.sections, name, &Section::name);
  GEMEL_CHECK(at != report.sections.end(), name);
  return *at;
}

// The first finding of a check that says this; a test that goes on without it would be no test.
Finding find(const Report& report, std::string_view check, std::string_view what) {
  std::string all;
  for (const Finding& finding : section_of(report, check).findings) {
    if (finding.what.find(what) != std::string::npos) return finding;
    all += finding.what + "\n";
  }
  ADD_FAILURE() << check << ": no finding says '" << what << "', but:\n" << all;
  return {};
}

TEST(Health, ACleanShopHasNoFindings) {
  const Report report = clean_shop().report();
  for (const auto& [section, finding] : report.worst_first()) ADD_FAILURE() << section->name << ": " << finding->what;
}

TEST(Health, EveryFindingHasNumbersAndSaysWhatItMeansAndWhatToDo) {
  Shop shop = clean_shop();
  for (int i = 0; i < 4000; ++i) shop.events.push_back({"robot", concat("x", i % 7), 130 + i / 1000., "view"});
  for (EntityRow& item : shop.items) item.fields["brand"] = "the same";
  const Report report = shop.report();
  EXPECT_GE(report.worst_first().size(), 3u);
  for (const auto& [section, finding] : report.worst_first()) {
    EXPECT_THAT(finding->what, ::testing::ContainsRegex("[0-9]")) << section->name;
    EXPECT_FALSE(finding->means.empty()) << finding->what;
    EXPECT_FALSE(finding->todo.empty()) << finding->what;
  }
}

TEST(Health, TheWorstFindingsComeFirst) {
  Report report;
  report.sections = {{.name = "a", .title = "", .findings = {{Severity::kNote, "1", "", ""}, {Severity::kSerious, "2", "", ""}}},
                     {.name = "b", .title = "", .findings = {{Severity::kWarning, "3", "", ""}, {Severity::kSerious, "4", "", ""}}}};
  std::string order;
  for (const auto& located : report.worst_first()) order += located.finding->what;
  EXPECT_EQ(order, "2431");
}

TEST(Health, JsonHasEveryRowOfEveryTableAndPlainNumbers) {
  const Report report = clean_shop().report();
  const auto json = nlohmann::json::parse(to_json(report));
  EXPECT_TRUE(json.at("findings").is_array());
  EXPECT_EQ(json.at("sections").at("weeks").at("weeks").size(), 20u);
  const auto& actions = json.at("sections").at("rows").at("actions");
  EXPECT_EQ(actions.at(0).at("action"), "buy");
  EXPECT_TRUE(actions.at(0).at("events").is_number_unsigned());
  EXPECT_NEAR(actions.at(0).at("share").get<double>() + actions.at(1).at("share").get<double>(), 1, 1e-12);
}

TEST(Health, AShopWithoutEventsTimeOrFeaturesIsExaminedAsFarAsItGoes) {
  Shop nothing;
  EXPECT_THAT(section_of(nothing.report(), "weeks").skipped, HasSubstr("no events"));
  Shop ordered;
  for (int i = 0; i < 100; ++i) ordered.events.push_back({concat("u", i % 5), concat("p", i % 7), static_cast<double>(i)});
  ordered.options.time_kind = TimeKind::kOrder;
  const Report report = ordered.report();
  EXPECT_THAT(section_of(report, "weeks").skipped, HasSubstr("no days"));
  EXPECT_FALSE(section_of(report, "split").tables.empty());
}

TEST(Health, SaysWhyThereIsNoSplit) {
  Shop shop = clean_shop();
  shop.options.split = "validation = \"2030-01-01\"\ntest = \"2030-02-01\"";
  const Finding finding = find(shop.report(), "split", "cannot be split");
  EXPECT_EQ(finding.severity, Severity::kSerious);
  EXPECT_EQ(finding.key, "split");
}

TEST(HealthRows, FewTargetEventsAreToldOf) {
  Shop shop = clean_shop();
  int kept = 0;
  std::erase_if(shop.events, [&](const EventRow& event) { return event.action == "buy" && ++kept % 50 != 0; });
  EXPECT_EQ(find(shop.report(), "rows", "have a target action").key, "events.actions");
}

TEST(HealthCatalogue, EventsOutsideTheCatalogueAndProductsWithoutEvents) {
  Shop shop = clean_shop();
  for (EventRow& event : shop.events) event.item = "0" + event.item;  // a leading zero: nothing fits
  const Report report = shop.report();
  const Finding outside = find(report, "catalogue", "that the catalogue lacks");
  EXPECT_EQ(outside.severity, Severity::kSerious);
  EXPECT_THAT(outside.what, HasSubstr("100 % of the events"));
  EXPECT_THAT(find(report, "catalogue", "have no event").what, HasSubstr("200 of 200 products"));
}

TEST(HealthCatalogue, CustomersWithoutAnyEventWhoseIdsDoNotFit) {
  Shop shop = clean_shop();
  for (EventRow& event : shop.events) event.user = "visitor-" + event.user.substr(0, 2);  // few of them beside 400 rows
  shop.users.resize(0);
  for (int user = 0; user < 4000; ++user) shop.users.push_back({concat("u", user), {{"country", "x"}}});
  EXPECT_EQ(find(shop.report(), "catalogue", "of the customers").key, "users.id");
}

TEST(HealthFeatures, WhatIsEmptyConstantAnIdOrSpeltTwoWays) {
  Shop shop = clean_shop();
  shop.options.item_features +=
      "\nempty = \"category\"\nsame = \"category\"\nsku = \"category\"\nsparse = \"number\"\nseller = \"category\"";
  for (std::size_t item = 0; item < shop.items.size(); ++item) {
    auto& fields = shop.items[item].fields;
    fields["same"] = "yes";
    fields["sku"] = concat("sku", item);
    if (item % 20 == 0) fields["sparse"] = "1.5";
    fields["seller"] = item % 2 == 0 ? "Acme" : item % 3 == 0 ? "acme " : "unknown";
  }
  const Report report = shop.report();
  EXPECT_THAT(find(report, "features", "without a single value").what, HasSubstr(": empty"));
  EXPECT_THAT(find(report, "features", "one value in nearly all rows").what, HasSubstr("same 100 %"));
  EXPECT_THAT(find(report, "features", "nearly as many values as rows").what, HasSubstr("sku (200 values in 200 rows)"));
  EXPECT_THAT(find(report, "features", "less than 10 %").what, HasSubstr("sparse 5.0 %"));
  EXPECT_THAT(find(report, "features", "differ in case").what, HasSubstr("seller ('Acme' and 'acme␣'"));
  EXPECT_THAT(find(report, "features", "stand for a missing value").what, HasSubstr("seller 'unknown'"));
}

TEST(HealthFeatures, ValuesSeenOnceAreNoFindingOnceMinCountDealsWithThem) {
  Shop shop = clean_shop();
  for (std::size_t item = 0; item < shop.items.size(); ++item)
    shop.items[item].fields["maker"] = item < 120 ? concat("only", item) : "Acme";
  Shop dealt_with = shop;
  shop.options.item_features += "\nmaker = \"category\"";
  dealt_with.options.item_features += "\nmaker = { type = \"category\", min_count = 2 }";
  EXPECT_THAT(find(shop.report(), "features", "in one row only").what, HasSubstr("maker (120 of 121 values)"));
  EXPECT_TRUE(section_of(dealt_with.report(), "features").findings.empty());
}

TEST(HealthAlike, ProductsThatNothingTellsApart) {
  Shop shop = clean_shop();
  for (std::size_t item = 0; item < 60; ++item) shop.items[item].fields = shop.items[item % 3].fields;
  EXPECT_THAT(find(shop.report(), "alike", "share name and all features").what, HasSubstr("30 % of the products, 60"));
}

TEST(HealthTwins, PairsThatIngestWouldMerge) {
  Shop shop = clean_shop();
  std::vector<EventRow> copies;
  for (const EventRow& event : shop.events)
    if (event.item == "p3" || event.item == "p4") copies.push_back({event.user, event.item + "-copy", event.day, event.action});
  shop.events.insert(shop.events.end(), copies.begin(), copies.end());
  const Report report = shop.report();
  const Finding finding = find(report, "twins", "2 pairs of products");
  EXPECT_EQ(finding.key, "items.twins");
  const Table& pairs = section_of(report, "twins").tables.at(0);
  ASSERT_EQ(pairs.rows.size(), 2u);
  EXPECT_EQ(pairs.rows[0][5].value, 1);  // all of the rows are shared
}

TEST(HealthTwins, PairsOfOneCustomerAreSaidToBeDoubtful) {
  Shop shop = clean_shop();
  for (int day = 0; day < 10; ++day) {
    shop.events.push_back({"u1", "bread", 14. * day + 0.5, "buy"});
    shop.events.push_back({"u1", "butter", 14. * day + 0.5, "buy"});
  }
  EXPECT_THAT(find(shop.report(), "twins", "1 pair of products").what, HasSubstr("1 of the pairs is doubtful"));
}

TEST(HealthCustomers, RobotsOfEveryKind) {
  Shop shop = clean_shop();
  for (int i = 0; i < 45; ++i) shop.events.push_back({"fast", concat("p", i), 50 + i / 86400., "view"});  // one a second
  for (int i = 0; i < 300; ++i) shop.events.push_back({"busy", concat("p", i % 200), 60 + i / 400., "view"});  // 300 on a day
  for (int i = 0; i < 100; ++i) shop.events.push_back({"clock", concat("p", i % 37), 20 + i * 0.75, "view"});  // every 18 hours
  Rng rng(5);
  for (int i = 0; i < 80; ++i) shop.events.push_back({"fan", "p5", 100 * rng.uniform(), "view"});
  const Report report = shop.report();
  EXPECT_THAT(find(report, "customers", "moments within a minute").what, HasSubstr("fast: 45 moments"));
  EXPECT_THAT(find(report, "customers", "events on one day").what, HasSubstr("busy: 300 events on 2024-03-01"));
  EXPECT_THAT(find(report, "customers", "perfectly regular").what, HasSubstr("clock: every 18 hours, 99 times"));
  EXPECT_THAT(find(report, "customers", "same product").what, HasSubstr("fan: 80 events of p5 Product 5"));
}

TEST(HealthCustomers, ALargeBasketIsNoRobot) {
  Shop shop = clean_shop();
  for (int i = 0; i < 40; ++i) shop.events.push_back({"u1", concat("p", i), 50.5, "buy"});  // one moment
  EXPECT_TRUE(section_of(shop.report(), "customers").findings.empty());
}

TEST(HealthBursts, AProductWithMostOfItsEventsOnOneDay) {
  Shop shop = clean_shop();
  for (int i = 0; i < 300; ++i) shop.events.push_back({concat("u", i), "p7", 40.2, "view"});
  const Finding finding = find(shop.report(), "bursts", "on a single day");
  EXPECT_THAT(finding.what, HasSubstr("1 product had"));
  EXPECT_THAT(finding.what, HasSubstr("on 2024-02-10"));
}

TEST(HealthFunnel, CountsPairsAndConversionAsWorkedByHand) {
  Shop shop;
  shop.options.actions = "buy = { target = true }\nview = { weight = 0.2 }\ncart = { weight = 0.5 }";
  shop.events = {{"a", "x", 1, "view"}, {"a", "x", 2, "cart"}, {"a", "x", 3, "buy"}, {"a", "y", 1, "view"}, {"b", "x", 1, "view"},
                 {"b", "x", 2, "view"}, {"b", "y", 5, "buy"},  {"c", "x", 4, "buy"}, {"c", "x", 6, "view"}};
  const Report report = shop.report();
  const Section& funnel = section_of(report, "funnel");
  // view: (a x), (a y), (b x), (c x); cart: (a x); buy: (a x), (b y), (c x), of which only (a x) after a view.
  EXPECT_THAT(funnel.lines.at(0), HasSubstr("view 4 -> cart 1 (25 %) -> buy 3 (100 %)"));
  const auto& view = funnel.tables.at(0).rows.at(0);
  EXPECT_EQ(view[0].text, "view");
  EXPECT_EQ(view[1].value, 4);
  EXPECT_EQ(view[2].value, 1);
  EXPECT_EQ(view[3].value, 0.25);
  EXPECT_NEAR(view[4].value, 1. / 3, 1e-12);
}

TEST(HealthFunnel, ViewsThatKnowNoPurchaseAndPurchasesWithoutAView) {
  Shop strangers = clean_shop(), partly = clean_shop();
  for (EventRow& event : strangers.events)
    if (event.action == "view") event.user = "visitor" + event.user;
  EXPECT_EQ(find(strangers.report(), "funnel", "was followed by a target action").severity, Severity::kSerious);
  for (std::size_t i = 0; i < partly.events.size(); ++i)
    if (partly.events[i].action == "view" && i % 10 != 0) partly.events[i].user = "visitor" + partly.events[i].user;
  EXPECT_THAT(find(partly.report(), "funnel", "no other action before it").severity, Severity::kWarning);
}

TEST(HealthWeeks, ABrokenWeekAGapAndAPeak) {
  Shop shop = clean_shop();
  std::erase_if(shop.events, [](const EventRow& event) { return event.day >= 21 && event.day < 28; });  // week 3
  std::erase_if(shop.events,
                [](const EventRow& event) { return event.day >= 56 && event.day < 63 && event.user.back() != '1'; });  // week 8
  std::vector<EventRow> more;
  for (const EventRow& event : shop.events)
    if (event.day >= 84 && event.day < 91)
      for (int i = 0; i < 5; ++i) more.push_back({concat(event.user, "-", i), event.item, event.day, event.action});
  shop.events.insert(shop.events.end(), more.begin(), more.end());
  const Report report = shop.report();
  const Finding broken = find(report, "weeks", "2 weeks with less than");
  EXPECT_EQ(broken.severity, Severity::kWarning);
  EXPECT_THAT(broken.what, HasSubstr("week of 2024-01-22: 0 where"));
  EXPECT_THAT(broken.what, HasSubstr("week of 2024-02-26: "));
  EXPECT_THAT(find(report, "weeks", "with more than 4 times").what, HasSubstr("week of 2024-03-25"));
}

TEST(HealthWeeks, ABrokenWeekInTheTestIsSeriousAndADayCutOffIsSeen) {
  Shop shop = clean_shop();
  std::erase_if(shop.events, [](const EventRow& event) { return event.day >= 126 && event.day < 133; });
  std::erase_if(shop.events, [](const EventRow& event) { return event.day >= 139.1; });
  const Report report = shop.report();
  EXPECT_EQ(find(report, "weeks", "1 week with less than").severity, Severity::kSerious);
  EXPECT_THAT(find(report, "weeks", "the last day, 2024-05-19").what, HasSubstr("are usual"));
}

TEST(HealthWeeks, AThinBeginning) {
  Shop shop = clean_shop();
  for (int day = 1; day <= 200; day += 5) shop.events.push_back({"u1", "p1", -static_cast<double>(day), "view"});
  for (EntityRow& item : shop.items) item.fields.erase("launched");  // else these events come before it
  shop.options.item_features = "brand = \"category\"";
  EXPECT_EQ(find(shop.report(), "weeks", "first half of the period").severity, Severity::kNote);
}

TEST(HealthMoments, TiesBasketsAndClocksThatStoodStill) {
  Shop baskets = clean_shop();
  for (EventRow& event : baskets.events) event.day = std::floor(event.day * 4) / 4 + 0.1;  // four moments a day, 0.1 past
  EXPECT_THAT(find(baskets.report(), "moments", "share customer and timestamp").key, "events.time");
  Shop imported = clean_shop();
  for (std::size_t i = 0; i < imported.events.size(); i += 9) imported.events[i].day = 30.25;
  EXPECT_THAT(find(imported.report(), "moments", "lie at one timestamp").what, HasSubstr("on 2024-01-31"));
  Shop days = clean_shop();
  for (std::size_t i = 0; i < days.events.size(); i += 4) days.events[i].day = std::floor(days.events[i].day);
  EXPECT_THAT(find(days.report(), "moments", "midnight sharp").what, HasSubstr("25 % of the events"));
}

TEST(HealthMoments, CustomersWithoutHistory) {
  Shop shop = clean_shop();
  for (EventRow& event : shop.events) event.user = concat("session", std::floor(event.day * 50));  // a new id each half hour
  for (EventRow& event : shop.events) event.day = std::floor(event.day * 50) / 50 + 0.001;
  EXPECT_EQ(find(shop.report(), "moments", "have them all at one timestamp").severity, Severity::kWarning);
}

TEST(HealthSplit, CountsPartsAsWorkedByHand) {
  Shop shop;
  shop.options.split = "validation = \"2024-01-11\"\ntest = \"2024-01-21\"";  // days 10 and 20
  shop.events = {{"a", "x", 1},  {"a", "x", 2},  {"b", "y", 3},  {"a", "x", 11},
                 {"c", "z", 12}, {"a", "z", 21}, {"b", "w", 22}, {"b", "y", 22, "view"}};
  const Report report = shop.report();
  const Table& parts = section_of(report, "split").tables.at(0);
  const auto row = [&](std::size_t part) {
    std::vector<double> values;
    for (std::size_t column = 1; column < parts.columns.size(); ++column) values.push_back(parts.rows.at(part)[column].value);
    return values;
  };
  using ::testing::ElementsAre;
  // events, targets, customers, new customers, products, cold products, cold targets, repeats
  EXPECT_THAT(row(0), ElementsAre(3, 3, 2, 2, 2, 2, 1, ::testing::DoubleEq(1. / 3)));
  EXPECT_THAT(row(1), ElementsAre(2, 2, 2, 1, 2, 1, 0.5, 0.5));
  EXPECT_THAT(row(2), ElementsAre(3, 2, 2, 0, 2, 1, 0.5, 0));
  EXPECT_EQ(find(report, "split", "test: 2 customers").key, "split.test");
}

TEST(HealthSplit, RepeatsNewCustomersAndColdProducts) {
  Shop shop = clean_shop();
  for (EventRow& event : shop.events) {
    if (event.day < 126) continue;
    event.item = concat("new", event.item);
    event.user = concat("new", event.user);
  }
  const Report report = shop.report();
  find(report, "split", "have no event before this part");
  find(report, "split", "without an event before this part");
  Shop again = clean_shop();
  for (EventRow& event : again.events) event.item = concat("p", event.user.size() + event.user.back() % 5);
  find(again.report(), "split", "are repeats");
}

TEST(HealthDrift, TheValueThatMovedIsNamed) {
  Shop shop = clean_shop();
  Rng rng(3);
  for (EventRow& event : shop.events)
    if (event.day >= 112 && rng.uniform() < 0.4) event.item = concat("p", rng.below(4));
  for (int item = 0; item < 4; ++item) shop.items[static_cast<std::size_t>(item)].fields["brand"] = "Tatcha";
  const Finding finding = find(shop.report(), "drift", "strong drift");
  EXPECT_THAT(finding.what, HasSubstr("Tatcha"));
  EXPECT_THAT(finding.what, HasSubstr(" -> "));
}

TEST(HealthDrift, AFieldThatCeasesToBeFilledAndValuesNeverSeen) {
  Shop shop = clean_shop();
  for (EventRow& event : shop.events)
    if (event.day >= 112) event.item += "-new";
  for (int item = 0; item < kProducts; ++item) {
    EntityRow row = shop.items[static_cast<std::size_t>(item)];
    row.id += "-new";
    row.fields.erase("kind");
    row.fields["brand"] += "-new";
    shop.items.push_back(row);
  }
  const Report report = shop.report();
  EXPECT_THAT(find(report, "drift", "missing values come or go").what, HasSubstr("kind in 0 % of the training and 100 % of the test"));
  EXPECT_THAT(find(report, "drift", "never stood in the training").what, HasSubstr("brand 100 %"));
}

TEST(HealthMeaning, CodesThatWereGivenOutAnew) {
  // Departments 0 to 4, each with a brand of its own; products first sold after the training bear the code of the next department.
  Shop shop = clean_shop();
  for (int item = 0; item < kProducts; ++item) {
    auto& fields = shop.items[static_cast<std::size_t>(item)].fields;
    const int department = item % 5;
    fields["brand"] = concat("brand", department);
    fields["kind"] = concat(item % 2 == 0 ? department : (department + 1) % 5);
  }
  for (EventRow& event : shop.events) {
    int item = std::stoi(event.item.substr(1));
    item -= item % 2;  // even ones before, odd ones after
    event.item = concat("p", event.day < 112 ? item : item + 1);
  }
  const Finding finding = find(shop.report(), "meaning", "values of kind go with other values of brand");
  EXPECT_EQ(finding.severity, Severity::kSerious);
  EXPECT_THAT(finding.what, HasSubstr("5 values"));
}

TEST(HealthLeakage, ATotalOfTheWholePeriodIsFoundAndOneOfTheTrainingIsNot) {
  Shop shop = clean_shop();
  Rng rng(9);
  std::map<std::string, double> all, train, taste;
  for (int item = 0; item < kProducts; ++item) taste[concat("p", item)] = rng.uniform();
  // What sells changes with the validation, so that a total knows more than the training.
  std::erase_if(shop.events, [&](const EventRow& event) {
    const double wanted = event.day < 112 ? taste[event.item] : 1 - taste[event.item];
    return rng.uniform() > wanted;
  });
  for (const EventRow& event : shop.events) {
    ++all[event.item];
    train[event.item] += event.day < 112;
  }
  shop.options.item_features += "\nloves = \"number\"\nearly = \"number\"";
  for (EntityRow& item : shop.items) {
    item.fields["loves"] = concat(std::floor(all[item.id] * (0.9 + 0.2 * rng.uniform())));
    item.fields["early"] = concat(std::floor(train[item.id] * (0.9 + 0.2 * rng.uniform())));
  }
  const Report report = shop.report();
  const Finding finding = find(report, "leakage", "loves knows more than the training can know");
  EXPECT_EQ(finding.severity, Severity::kSerious);
  EXPECT_THAT(finding.todo, HasSubstr("leave loves out"));
  for (const Finding& other : section_of(report, "leakage").findings) EXPECT_THAT(other.what, ::testing::Not(HasSubstr("early")));
}

TEST(HealthLeakage, FieldsFilledOnlyForWhatWasSoldDatesAfterTheFirstSaleAndFlags) {
  Shop shop = clean_shop();
  shop.options.item_features += "\nmargin = \"number\"\nis_new = \"category\"";
  for (int item = 0; item < kProducts; ++item) {
    auto& fields = shop.items[static_cast<std::size_t>(item)].fields;
    if (item < 150) fields["margin"] = concat(item % 10);
    fields["is_new"] = item >= 100 && item < 150 ? "yes" : "no";
    if (item < 20) fields["launched"] = "60";
  }
  // 150 and above are never sold; 100 to 149 after the training only.
  for (EventRow& event : shop.events) {
    const int item = std::stoi(event.item.substr(1));
    event.item = concat("p", event.day < 112 ? item % 100 : item % 150);
  }
  const Report report = shop.report();
  EXPECT_THAT(find(report, "leakage", "margin is filled for 100 % of the 150 products").severity, Severity::kSerious);
  EXPECT_THAT(find(report, "leakage", "launched lies after the first event").what, HasSubstr("20 (such as p0 Product 0)"));
  EXPECT_THAT(find(report, "leakage", "is_new = 'yes'").severity, Severity::kSerious);
}

}  // namespace
}  // namespace gemel::health
