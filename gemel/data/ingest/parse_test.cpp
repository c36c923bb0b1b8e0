// parse_time, parse_list, parse_number.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <ctime>

#include "gemel/data/ingest/parse_list.h"
#include "gemel/data/ingest/parse_number.h"
#include "gemel/data/ingest/parse_time.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Cell text_cell(std::string_view text) { return {.kind = Cell::Kind::kText, .text = text}; }

std::optional<std::int64_t> microseconds_of(std::string_view text, TimeFormat format = TimeFormat::kIso) {
  const auto at = parse_time(text_cell(text), format);
  return at ? std::optional<std::int64_t>(at->time_since_epoch().count()) : std::nullopt;
}

TEST(ParseTime, ReadsIsoTimesInEveryUsualSpelling) {
  // date -u -d @1583020799 says 2020-02-29 23:59:59
  for (const char* text :
       {"2020-02-29T23:59:59", "2020-02-29 23:59:59", "2020-02-29T23:59:59Z", "2020-02-29 23:59:59 UTC", "2020-03-01T01:59:59+02:00",
        "2020-03-01T01:59:59+0200", "2020-03-01 01:59:59 +02", "2020-02-29T18:29:59-05:30", " 2020-02-29T23:59:59.000 "})
    EXPECT_EQ(microseconds_of(text), 1583020799'000000) << text;
  EXPECT_EQ(microseconds_of("1970-01-01T00:00:00.123456789"), 123456);
  EXPECT_EQ(microseconds_of("1969-12-31T23:59:59.5"), -500000);
  EXPECT_EQ(microseconds_of("1970-01-02"), 86400'000000);
  EXPECT_EQ(microseconds_of("1970-01-01 00:01"), 60'000000);
}

TEST(ParseTime, RefusesTimesThatCannotBe) {
  for (const char* text :
       {"", "2021-02-29", "2020-13-01", "2020-00-10", "2020-01-32", "0000-01-01", "2020-1-1", "20200101", "2020-01-01T24:00:00",
        "2020-01-01T12:60", "2020-01-01T12:00:60", "2020-01-01T12:00:00.", "2020-01-01T12", "2020-01-01T12:00:00+2",
        "2020-01-01T12:00:00 CET", "2020-01-01x", "yesterday", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"})
    EXPECT_EQ(microseconds_of(text), std::nullopt) << text;
}

TEST(ParseTime, ReadsEpochCountsAsIntegersAndAsFloats) {
  EXPECT_EQ(microseconds_of("1219968000", TimeFormat::kSeconds), 1219968000'000000);
  EXPECT_EQ(microseconds_of("1219968000.25", TimeFormat::kSeconds), 1219968000'250000);
  EXPECT_EQ(microseconds_of("1.219968e9", TimeFormat::kSeconds), 1219968000'000000);
  EXPECT_EQ(microseconds_of("1219968000123", TimeFormat::kMilliseconds), 1219968000'123000);
  EXPECT_EQ(microseconds_of("1219968000123456", TimeFormat::kMicroseconds), 1219968000'123456);
  EXPECT_EQ(microseconds_of("-1", TimeFormat::kSeconds), -1'000000);
  for (const char* text : {"nan", "inf", "1e18", "-1e300", "2020-01-01", ""})
    EXPECT_EQ(microseconds_of(text, TimeFormat::kSeconds), std::nullopt) << text;
}

TEST(ParseTime, ReadsDatesAsPeopleWriteThem) {
  // date -u -d 2017-12-31 +%s says 1514678400
  for (const char* text : {"31/12/2017", "31.12.2017", "31-12-2017", "31-Dec-2017", "31/december/2017", " 31-DEC-2017 "})
    EXPECT_EQ(microseconds_of(text, TimeFormat::kDayFirst), 1514678400'000000) << text;
  for (const char* text : {"12/31/2017", "12-31-2017 00:00", "Dec-31-2017T00:00:00Z"})
    EXPECT_EQ(microseconds_of(text, TimeFormat::kMonthFirst), 1514678400'000000) << text;
  EXPECT_EQ(microseconds_of("1/2/2017 08:26", TimeFormat::kDayFirst), microseconds_of("2017-02-01T08:26"));
  EXPECT_EQ(microseconds_of("1/2/2017 08:26", TimeFormat::kMonthFirst), microseconds_of("2017-01-02T08:26"));
  EXPECT_EQ(microseconds_of("20171231", TimeFormat::kCompactDay), 1514678400'000000);
  for (const char* text : {"", "31", "31/12", "31/12/17", "31/12-2017", "32/12/2017", "31/02/2017", "0/1/2017", "31-Foo-2017", "31-De-2017",
                           "31/12/2017 25:00", "31/12/2017x", "2017-12-31", "31//2017"})
    EXPECT_EQ(microseconds_of(text, TimeFormat::kDayFirst), std::nullopt) << text;
  for (const char* text : {"20171301", "20170230", "18991231", "201712310", "2017123", "2017-12-31", "abcdefgh"})
    EXPECT_EQ(microseconds_of(text, TimeFormat::kCompactDay), std::nullopt) << text;
  const Cell integer{.kind = Cell::Kind::kInteger, .integer = 20171231};  // Parquet
  EXPECT_EQ(parse_time(integer, TimeFormat::kCompactDay), parse_iso_time("2017-12-31"));
}

TEST(ParseTime, TellsTheFormatOfAColumnFromItsFirstRows) {
  const auto detect = [](std::initializer_list<std::string_view> texts) {
    std::vector<Cell> cells;
    for (const auto text : texts) cells.push_back(text_cell(text));
    return detect_time_format(cells);
  };
  EXPECT_EQ(detect({"junk", "2020-01-01", "2020-01-02", "77"}), TimeFormat::kIso);
  EXPECT_EQ(detect({"0", "1219968000", "1219968001"}), TimeFormat::kSeconds);
  EXPECT_EQ(detect({"1219968000000", "junk", "1219968000001"}), TimeFormat::kMilliseconds);
  EXPECT_EQ(detect({"1219968000000000"}), TimeFormat::kMicroseconds);
  EXPECT_EQ(detect({"junk", ""}), std::nullopt);
  EXPECT_EQ(detect({"20170101", "20171231", "junk"}), TimeFormat::kCompactDay);
  EXPECT_EQ(detect({"20170101", "20179999"}), TimeFormat::kSeconds);  // ids, or seconds of 1970: no days
  EXPECT_EQ(detect({"01/02/2017", "31/12/2017"}), TimeFormat::kDayFirst);
  EXPECT_EQ(detect({"01/02/2017", "12/31/2017"}), TimeFormat::kMonthFirst);
  EXPECT_EQ(detect({"01/02/2017"}), TimeFormat::kDayFirst);  // either: the day comes first
}

TEST(ParseTime, AgreesWithTheCLibraryOnRandomSeconds) {
  Rng rng(7);
  for (int i = 0; i < 2000; ++i) {
    const std::time_t seconds = static_cast<std::time_t>(rng.next() % 200'000'000'000u) - 50'000'000'000;  // years 385 to 6723
    char text[64];
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                  parts.tm_min, parts.tm_sec);
    ASSERT_EQ(microseconds_of(text), seconds * 1'000'000) << text;
    ASSERT_EQ(is_whole_day(*parse_iso_time(text)), seconds % 86400 == 0);
  }
}

std::vector<std::string> list_of(std::string_view text, std::string_view separator) {
  std::vector<std::string> values;
  EXPECT_TRUE(parse_list(text, separator, values)) << text;
  return values;
}

TEST(ParseList, CutsAtTheSeparatorAndLeavesOutEmptyValues) {
  EXPECT_THAT(list_of("Beauty|Hair Care| |Tools ", "|"), ElementsAre("Beauty", "Hair Care", "Tools"));
  EXPECT_THAT(list_of("a, b", ", "), ElementsAre("a", "b"));
  EXPECT_THAT(list_of("", "|"), IsEmpty());
}

TEST(ParseList, ReadsJsonAndPythonLists) {
  EXPECT_THAT(list_of(R"(["a", "b \"c\"", "\u00e9\ud83d\ude00"])", "list"), ElementsAre("a", "b \"c\"", "é😀"));
  EXPECT_THAT(list_of(R"(['Vegan', "b's", 'it\'s', 'a, b]'])", "list"), ElementsAre("Vegan", "b's", "it's", "a, b]"));
  EXPECT_THAT(list_of("[1, 2.5, None, null, True]", "list"), ElementsAre("1", "2.5", "True"));
  EXPECT_THAT(list_of(R"(['caf\xe9', 'C:\dir'])", "list"), ElementsAre("café", "C:\\dir"));
  EXPECT_THAT(list_of(" [ ] ", "list"), IsEmpty());
}

TEST(ParseList, CutsListsOfListsAtCommasOutsideBrackets) {
  EXPECT_THAT(list_of("['Water (Aqua, Eau), Glycerin', 'CI 1 (a (b, c)), d']", "list,"),
              ElementsAre("Water (Aqua, Eau)", "Glycerin", "CI 1 (a (b, c))", "d"));
}

TEST(ParseList, RefusesWhatIsNoListAndLeavesTheValuesAlone) {
  for (const char* text : {"a", "['a'", "['a]", "['a' 'b']", "['a'] x", "[['a']]", "[\"\\ud800\"]", "['\\x4']", "[,]", "nan", ""}) {
    std::vector<std::string> values{"before"};
    EXPECT_FALSE(parse_list(text, "list", values)) << text;
    EXPECT_THAT(values, ElementsAre("before")) << text;
  }
}

TEST(ParseNumber, TakesWholeFiniteDecimalNumbersOnly) {
  EXPECT_EQ(parse_number(" -1.5 "), -1.5);
  EXPECT_EQ(parse_number("+2e3"), 2000);
  for (const char* text : {"", " ", "nan", "inf", "-inf", "1e999", "0x10", "1,000", "12a", "--1", "+-1", "1 2", "$5"})
    EXPECT_EQ(parse_number(text), std::nullopt) << text;
}

TEST(ParseNumber, FindsTheNumberBeforeTheUnit) {
  EXPECT_EQ(parse_number_with_unit("2 oz/ 60 mL", "ml"), 60);
  EXPECT_EQ(parse_number_with_unit("2 oz/ 60 mL", "oz"), 2);
  EXPECT_EQ(parse_number_with_unit("0.5oz / 15ml e", "ML"), 15);
  EXPECT_EQ(parse_number_with_unit("1.7 oz", "ml"), std::nullopt);
  EXPECT_EQ(parse_number_with_unit("1,000 mL", "ml"), std::nullopt);  // thousands or decimals?
  EXPECT_EQ(parse_number_with_unit("-5 C", "c"), -5);
  EXPECT_EQ(parse_number_with_unit("5 mlx, ml 7 ml", "ml"), 7);
  EXPECT_EQ(parse_number_with_unit("ml", "ml"), std::nullopt);
}

TEST(ParseNumber, AmountsAreReadAsPeopleWriteThemWhereTheyMeanOneThing) {
  const auto read = [](std::string_view text, std::string_view unit) { return parse_number_with_unit(text, unit); };
  EXPECT_EQ(read("$12.99", "$"), 12.99);
  EXPECT_EQ(read(" $ 1,299.00 ", "$"), 1299);
  EXPECT_EQ(read("12,99 \xE2\x82\xAC", "\xE2\x82\xAC"), 12.99);
  EXPECT_EQ(read("1.299,50\xC2\xA0\xE2\x82\xAC", "\xE2\x82\xAC"), 1299.5);  // a no-break blank
  EXPECT_EQ(read("CHF 1'299.50", "CHF"), 1299.5);
  EXPECT_EQ(read("EUR 12,5", "eur"), 12.5);
  EXPECT_EQ(read("w5", "w"), std::nullopt);  // a name
  EXPECT_EQ(read("1,299,000 USD", "usd"), 1'299'000);
  EXPECT_EQ(read("$12.99 USD", "usd"), 12.99);
  for (const char* text : {"$1,299", "$", "$ ", "$12.99 each", "$1,29,000", "$1,2345", "$,99", "$1.299,", "-$5", "$1'2"})
    EXPECT_EQ(read(text, "$"), std::nullopt) << text;
}

// No text is read as another number than its digits say, and none breaks the reader.
TEST(ParseNumber, AnyTextOfDigitsAndSignsIsReadAsItsDigitsOrNotAtAll) {
  Rng rng(11);
  constexpr std::string_view kLetters = "0123456789.,' -";
  std::size_t num_read = 0;
  for (int trial = 0; trial < 200'000; ++trial) {
    std::string text, digits;
    for (std::uint64_t i = rng.below(10); i > 0; --i) text.push_back(kLetters[rng.below(kLetters.size())]);
    text = rng.below(2) == 0 ? text + "$" : "$" + text;
    const auto number = parse_number_with_unit(text, "$");
    if (!number) continue;
    ++num_read;
    ASSERT_TRUE(std::isfinite(*number)) << text;
    for (const char letter : text)
      if (letter >= '0' && letter <= '9') digits.push_back(letter);
    double scaled = std::abs(*number);  // some power of ten makes all digits of it, or of its end where other words stand before
    bool fits = false;
    for (int power = 0; power < 11 && !fits; ++power, scaled *= 10)
      fits = digits.ends_with(std::to_string(std::llround(scaled))) || std::llround(scaled) == 0;
    EXPECT_TRUE(fits) << text << " read as " << *number;
  }
  EXPECT_GT(num_read, 1000u);
}

TEST(ParseNumber, RoundTripsWhatPrintfWrites) {
  Rng rng(3);
  for (int i = 0; i < 2000; ++i) {
    const double number = (static_cast<double>(rng.next()) - 9e18) * 1e-14;
    char text[64];
    std::snprintf(text, sizeof text, "%.17g", number);
    ASSERT_EQ(parse_number(text), number) << text;
  }
}

TEST(Utf8, AcceptsCodePointsAndRefusesEverythingElse) {
  for (const char* text : {"", "plain ascii, longer than eight", "é", "日本", "😀", "\xF4\x8F\xBF\xBF"})
    EXPECT_TRUE(is_valid_utf8(text)) << text;
  for (const char* text :
       {"\x80", "\xC3", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "12345678\xFF"})
    EXPECT_FALSE(is_valid_utf8(text));
}

// Random bytes from an alphabet that makes quotes, brackets and escapes common: no crash, and what is read holds its promises.
TEST(Parsers, SurviveRandomTexts) {
  constexpr std::string_view kAlphabet = "[]()'\"\\,|ux0189abN-+:T. ./eml\xC3\xA9\xFF";
  Rng rng(11);
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (auto length = rng.next() % 24; length > 0; --length) text.push_back(kAlphabet[rng.next() % kAlphabet.size()]);
    std::vector<std::string> values;
    for (const char* separator : {"|", "list", "list,"}) parse_list(text, separator, values);
    for (const auto& value : values) ASSERT_FALSE(trimmed(value).empty());
    const auto number = parse_number(text);
    ASSERT_TRUE(!number || std::isfinite(*number)) << text;
    parse_number_with_unit(text, "ml");
    const auto at = parse_iso_time(text);
    ASSERT_TRUE(!at || day_of(*at).time_since_epoch().count() >= -719162) << text;  // 0001-01-01
    is_valid_utf8(text);
  }
}

}  // namespace
}  // namespace gemel
