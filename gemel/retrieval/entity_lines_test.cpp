#include "gemel/retrieval/entity_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gemel/base/concat.h"
#include "gemel/data/testing.h"

namespace gemel {
namespace {

using ::testing::HasSubstr;

class EntityLinesTest : public ::testing::Test {
 protected:
  Result<EntityLines> open(std::string_view text, std::size_t expected_rows) const {
    write_file(path_, text).value();
    return EntityLines::open(path_, expected_rows);
  }
  testing::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path() / "lines.jsonl";
};

// Asked often enough that the first answers come from a scan and the later ones from the table.
TEST_F(EntityLinesTest, FindsEachIdAndOnlyThoseFirstByScanThenByTable) {
  for (const std::size_t size : {0, 1, 2, 15, 16, 17, 1000}) {
    std::string text;
    for (std::size_t row = 0; row < size; ++row) text += concat("{\"id\":\"c", row * 7, "\",\"name\":\"x\"}\n");
    const auto lines = open(text, size);
    ASSERT_TRUE(lines) << lines.error().message;
    for (int round = 0; round < 20; ++round)
      for (std::size_t row = 0; row < size; ++row) ASSERT_EQ(lines->find(concat("c", row * 7)), row);
    for (const char* id : {"", "c", "c1", "x", "c7 "}) EXPECT_FALSE(lines->find(id)) << id;
    if (size == 0) continue;
    EXPECT_EQ(lines->line(size - 1), concat("{\"id\":\"c", (size - 1) * 7, "\",\"name\":\"x\"}"));
  }
}

TEST_F(EntityLinesTest, IdsWithEscapesAndOtherAlphabetsAreFoundByTheirText) {
  const auto lines = open("{\"id\":\"a\\\"b\"}\n{\"id\":\"caf\xc3\xa9\"}\n{\"id\":\"caf\\u00e9 2\"}\n{\"id\":\"\\\\\"}\n", 4);
  ASSERT_TRUE(lines) << lines.error().message;
  for (int round = 0; round < 10; ++round) {
    EXPECT_EQ(lines->find("a\"b"), 0u);
    EXPECT_EQ(lines->find("caf\xc3\xa9"), 1u);
    EXPECT_EQ(lines->find("caf\xc3\xa9 2"), 2u);
    EXPECT_EQ(lines->find("\\"), 3u);
    EXPECT_FALSE(lines->find("a\\\"b"));
  }
}

TEST_F(EntityLinesTest, AnOddByteIsSeenWhereverItStands) {
  // Escaped in the file, as text; a control character has no business there.
  const std::pair<std::string_view, std::string_view> odd[] = {
      {"\\\"", "\""}, {"\\\\", "\\"}, {"\\n", "\n"}, {"\xc3\xa9", "\xc3\xa9"}, {"\n", ""}};
  for (const auto& [in_file, in_text] : odd)
    for (std::size_t size = 1; size <= 20; ++size)
      for (std::size_t at = 0; at < size; ++at) {
        const std::string before(at, 'a'), after(size - 1 - at, 'z');
        const auto lines = open(concat("{\"id\":\"", before, in_file, after, "\"}\n{\"id\":\"plain\"}\n"), 2);
        ASSERT_EQ(lines.has_value(), !in_text.empty()) << size << " " << at;
        if (!lines) continue;
        for (int round = 0; round < 10; ++round) {
          ASSERT_EQ(lines->find(concat(before, in_text, after)), 0u);
          ASSERT_EQ(lines->find("plain"), 1u);
        }
      }
}

TEST_F(EntityLinesTest, OfTwoLinesWithOneIdTheFirstCounts) {
  const auto lines = open("{\"id\":\"b\"}\n{\"id\":\"a\"}\n{\"id\":\"a\"}\n", 3);
  ASSERT_TRUE(lines);
  for (int round = 0; round < 20; ++round) EXPECT_EQ(lines->find("a"), 1u);
}

TEST_F(EntityLinesTest, SaysWhichLineDoesNotBeginWithAnIdAndHowManyThereAre) {
  for (const char* bad : {"{\"name\":\"a\"}\n", "{\"id\":7}\n", "{\"id\":\"a\n", "\n", "{\"id\":\"\\u12\"}\n", "{\"id\":\"\xff\"}\n",
                          "{\"id\":\"a\tb\"}\n"}) {
    const auto lines = open(concat("{\"id\":\"first\"}\n", bad), 2);
    ASSERT_FALSE(lines) << bad;
    EXPECT_EQ(lines.error().code, ErrorCode::kCorrupt);
    EXPECT_THAT(lines.error().message, HasSubstr("lines.jsonl:2: expected a line that begins with")) << bad;
  }
  const auto few = open("{\"id\":\"a\"}\n", 1'000'000'000'000);
  ASSERT_FALSE(few);
  EXPECT_THAT(few.error().message, HasSubstr("expected 1000000000000 lines, found 1"));
}

}  // namespace
}  // namespace gemel
