#include "gemel/data/ingest/jsonl_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gemel/data/ingest/read_rows_testing.h"

namespace gemel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ReadRows;

ReadRows read_text(std::string_view text, const std::vector<std::string>& columns, const std::string& each = "",
                   std::size_t block_bytes = 1 << 20) {
  return testing::read_rows(*JsonlSource::open(make_memory_stream(text), each, "x.jsonl", block_bytes).value(), columns);
}

std::vector<std::string> columns_of(std::string_view text, const std::string& each = "") {
  return JsonlSource::open(make_memory_stream(text), each, "x.jsonl").value()->column_names();
}

TEST(JsonlSource, ReadsNestedFieldsByDottedPathAndEveryKindOfValue) {
  const auto read = read_text(
      R"({"user": {"id": "ann", "age": 30}, "price": 1.5, "new": true, "tags": ["a", "b\"c"], "none": null, "text": "", "u": "\u00e4"}
{"user.id": 7, "price": 2.0, "new": false, "tags": []}
)",
      {"user.id", "price", "new", "tags", "none", "text", "u"});
  EXPECT_THAT(read.rows,
              ElementsAre(ElementsAre("text ann", "number 1.5", "integer 1", "text [\"a\",\"b\\\"c\"]", "missing", "missing", "text ä"),
                          ElementsAre("integer 7", "number 2", "integer 0", "text []", "missing", "missing", "missing")));
  EXPECT_THAT(read.lines, ElementsAre(1, 2));
}

TEST(JsonlSource, NamesTheFieldsOfTheFirstRecordsInTheirOrder) {
  EXPECT_THAT(columns_of("{\"b\": 1, \"a\": {\"x\": 1, \"y\": {\"z\": []}}}\n{\"c\": null, \"b\": 2}\n"),
              ElementsAre("b", "a.x", "a.y.z", "c"));
  EXPECT_THAT(columns_of("{\"u\": 1, \"items\": [{\"id\": 1}, {\"p\": {\"eur\": 2}}]}", "items"),
              ElementsAre("u", "items.id", "items.p.eur"));
  EXPECT_THAT(columns_of("{\"u\": 1, \"items\": [1]}", "items"), ElementsAre("u", "items"));
  EXPECT_THAT(columns_of(""), IsEmpty());
}

TEST(JsonlSource, KeepsWholeNumbersOfAnySizeExact) {
  const auto read = read_text(
      "{\"id\": 9007199254740993}\n{\"id\": 18446744073709551615}\n{\"id\": -9223372036854775808}\n"
      "{\"id\": 123456789012345678901234567890, \"t\": \"\\\"1234567890123456789012\"}\n{\"id\": [123456789012345678901234567890]}\n",
      {"id", "t"});
  EXPECT_THAT(read.rows,
              ElementsAre(ElementsAre("integer 9007199254740993", "missing"), ElementsAre("text 18446744073709551615", "missing"),
                          ElementsAre("integer -9223372036854775808", "missing"),
                          ElementsAre("text 123456789012345678901234567890", "text \"1234567890123456789012"),
                          ElementsAre("text [\"123456789012345678901234567890\"]", "missing")));
}

// What stands beside a number that is too long reads as ever. Found by the fuzzer.
TEST(JsonlSource, ALongNumberChangesNothingBesideIt) {
  const auto read = read_text(
      "{\"a\": 18446744073709551616, \"b\": 1844674407370955161}\n{\"a\": -9223372036854775809, \"b\": -9223372036854775808}\n"
      "{\"a\": 18446744073709551616, \"b\": \"x\", 18446744073709551616: 1}\n",
      {"a", "b"});
  EXPECT_THAT(read.rows, ElementsAre(ElementsAre("text 18446744073709551616", "integer 1844674407370955161"),
                                     ElementsAre("text -9223372036854775809", "integer -9223372036854775808")));
  ASSERT_EQ(read.broken.size(), 1u);  // a key is a text
}

TEST(JsonlSource, OfAKeyThatStandsTwiceTheFirstCounts) {
  const auto read = read_text("{\"a\": 1, \"a\": 2, \"b\": null, \"b\": 3, \"c\": {\"d\": 4}, \"c.d\": 5}", {"a", "b", "c.d"});
  EXPECT_THAT(read.rows, ElementsAre(ElementsAre("integer 1", "missing", "integer 4")));
}

TEST(JsonlSource, TellsBrokenLinesByNumberAndReadsOn) {
  const auto read = read_text(
      "\xEF\xBB\xBF{\"a\": 1}\r\n\n{\"a\": \n[1]\n{\"a\": \"\xFF\"}\n  \t\n{\"a\": {\"b\": 1}}\n{\"a\": 1} {\"a\": 2}\n{\"a\": "
      "01}\n{\"a\": 3}",
      {"a"});
  EXPECT_THAT(read.rows, ElementsAre(ElementsAre("integer 1"), ElementsAre("integer 3")));
  EXPECT_THAT(read.lines, ElementsAre(1, 10));
  ASSERT_EQ(read.broken.size(), 6u);
  EXPECT_EQ(read.broken[0].line, 3u);
  EXPECT_THAT(read.broken[0].reason, HasSubstr("not JSON: "));
  EXPECT_EQ(read.broken[1].reason, "expected a JSON object");
  EXPECT_EQ(read.broken[2].reason, "not UTF-8");
  EXPECT_EQ(read.broken[3].line, 7u);
  EXPECT_EQ(read.broken[3].field, "a");
  EXPECT_EQ(read.broken[3].reason, "expected a value, found an object");
  EXPECT_THAT(read.broken[4].reason, HasSubstr("not JSON: "));
  EXPECT_THAT(read.broken[5].reason, HasSubstr("not JSON: "));
}

TEST(JsonlSource, RefusesWhatIsNestedTooDeep) {
  const auto nested = [](std::size_t depth) {
    return concat("{\"a\": 1, \"b\": ", std::string(depth, '['), std::string(depth, ']'), "}\n");
  };
  const auto read =
      read_text(nested(10) + nested(JsonlSource::kMaxDepth - 2) + nested(JsonlSource::kMaxDepth + 1) + nested(100'000), {"a"});
  EXPECT_EQ(read.rows.size(), 2u);
  ASSERT_EQ(read.broken.size(), 2u);
  EXPECT_EQ(read.broken[0].reason, "nested deeper than 64");
  EXPECT_EQ(read.broken[1].reason, "nested deeper than 64");
}

TEST(JsonlSource, WithEachEveryElementIsARow) {
  const auto read = read_text(
      R"({"items": [{"id": "a", "n": 1}, {"id": "b", "user": "no"}], "user": "ann"}
{"user": "bob", "items": [{"id": "a"}]}
{"user": "cat", "items": []}
{"user": "dan"}
{"user": "eve", "items": {"id": "a"}}
{"user": "fay", "items": [{"id": {"x": 1}}, {"id": "b"}]}
)",
      {"user", "items.id", "items.n"}, "items");
  EXPECT_THAT(read.rows, ElementsAre(ElementsAre("text ann", "text a", "integer 1"), ElementsAre("text ann", "text b", "missing"),
                                     ElementsAre("text bob", "text a", "missing"), ElementsAre("text cat", "missing", "missing"),
                                     ElementsAre("text dan", "missing", "missing")));
  EXPECT_THAT(read.lines, ElementsAre(1, 1, 2, 3, 4));
  ASSERT_EQ(read.broken.size(), 2u);
  EXPECT_EQ(read.broken[0].field, "items");
  EXPECT_EQ(read.broken[0].reason, "expected a list");
  EXPECT_EQ(read.broken[1].field, "items.id");
}

TEST(JsonlSource, WithEachAListOfPlainValuesIsAColumnOfItsOwn) {
  const auto read = read_text("{\"order\": {\"products\": [\"a\", 7]}, \"user\": \"ann\"}\n", {"order.products", "user"}, "order.products");
  EXPECT_THAT(read.rows, ElementsAre(ElementsAre("text a", "text ann"), ElementsAre("integer 7", "text ann")));
}

TEST(JsonlSource, HashesTellElementsOfARecordApartAndAlikeRecordsTogether) {
  const std::string line = "{\"items\": [{\"id\": \"a\"}, {\"id\": \"a\"}]}\n";
  const auto hashes = read_text(line + line, {"items.id"}, "items").hashes;
  ASSERT_EQ(hashes.size(), 4u);
  EXPECT_NE(hashes[0], hashes[1]);
  EXPECT_EQ(hashes[0], hashes[2]);
  EXPECT_EQ(hashes[1], hashes[3]);
}

TEST(JsonlSource, ReadsTheSameWhateverTheSizeOfItsBlocks) {
  std::string text;
  for (int i = 0; i < 300; ++i)
    text += concat("{\"id\": ", i, ", \"text\": \"", std::string(static_cast<std::size_t>(i) % 90, 'x'), "\"}\n");
  const auto whole = read_text(text, {"id", "text"});
  EXPECT_EQ(whole.rows.size(), 300u);
  for (const std::size_t block : {1, 2, 7, 64, 1000}) {
    const auto pieces = read_text(text, {"id", "text"}, "", block);
    EXPECT_EQ(pieces.rows, whole.rows) << block;
    EXPECT_EQ(pieces.lines, whole.lines) << block;
    EXPECT_EQ(pieces.hashes, whole.hashes) << block;
  }
}

TEST(JsonlSource, ReadsAFieldOfTenMegabytesAndRejectsALineOfMoreThan64) {
  const std::string big(10 << 20, 'x'), too_big(TextWindow::kMaxRowBytes, 'x');
  const auto read = read_text(concat("{\"a\": \"", big, "\"}\n{\"a\": \"", too_big, "\"}\n{\"a\": 1}\n"), {"a"});
  ASSERT_EQ(read.rows.size(), 2u);
  EXPECT_EQ(read.rows[0][0], "text " + big);
  EXPECT_THAT(read.lines, ElementsAre(1, 3));
  ASSERT_EQ(read.broken.size(), 1u);
  EXPECT_EQ(read.broken[0].line, 2u);
  EXPECT_EQ(read.broken[0].reason, "longer than 64 MiB");
}

TEST(JsonlSource, AFieldThatComesLateMayBeAskedForAndOneThatNeverComesIsTold) {
  const std::string text = "{\"a\": {\"x\": 1}}\n{\"b\": 2}\n";
  const auto source = JsonlSource::open(make_memory_stream(text), "", "x.jsonl").value();
  EXPECT_EQ(source->find_column("a"), std::nullopt);  // an object
  const auto late = source->find_column("c"), known = source->find_column("b");
  source->request({*late, *known});
  RowBatch batch;
  while (source->next(batch).value()) {
  }
  EXPECT_THAT(source->unseen_columns(), ElementsAre(*late));
}

TEST(JsonlSource, RefusesOneListOfAllRecords) {
  const auto source = JsonlSource::open(make_memory_stream(" \n[{\"a\": 1},\n{\"a\": 2}]"), "", "x.jsonl");
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, ErrorCode::kBadInput);
  EXPECT_THAT(source.error().message, HasSubstr("x.jsonl: expected one JSON object a line, found one list"));
}

}  // namespace
}  // namespace gemel
