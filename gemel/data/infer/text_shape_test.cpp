#include "gemel/data/infer/text_shape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gemel {
namespace {
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(TextShape, SaysNothingOfAFileThatIsWhatItIsCalled) {
  const SourceFormat csv = guess_text_shape("user,item\nann,\"tea, green\"\nbob,jam\n", "events.csv").format;
  EXPECT_EQ(csv.format, std::nullopt);
  EXPECT_EQ(csv.delimiter, "");
  EXPECT_TRUE(csv.header);
  EXPECT_EQ(csv.encoding, Encoding::kUtf8);
  EXPECT_EQ(guess_text_shape("user\titem\nann\ttea\n", "events.tsv").format.delimiter, "");
  EXPECT_EQ(guess_text_shape("user,item\nann,tea\n", "events.csv.gz").format.format, std::nullopt);
  EXPECT_EQ(guess_text_shape("{\"user\": 1}\n", "events.jsonl").format.format, std::nullopt);
}

TEST(TextShape, FindsTheDelimiterThatCutsMostRowsAlike) {
  EXPECT_EQ(guess_text_shape("user;item;price\nann;tea;3,20\nbob;jam;1,10\n", "e.csv").format.delimiter, ";");
  EXPECT_EQ(guess_text_shape("user|item\nann|tea, green\nbob|jam\n", "e.csv").format.delimiter, "|");
  EXPECT_EQ(guess_text_shape("user\titem\nann\ttea\n", "e.csv").format.delimiter, "\t");
  // Commas and line breaks inside quotes cut nothing.
  EXPECT_EQ(guess_text_shape("a;b\n\"1,2,3\n4,5\";x\n\"1,2\";y\n", "e.csv").format.delimiter, ";");
  EXPECT_EQ(guess_text_shape("user\nann\nbob\n", "e.csv").format.delimiter, "");  // one column
}

TEST(TextShape, KnowsAFileWithoutHeaderByValuesInItsFirstRow) {
  const SourceFormat ratings = guess_text_shape("196\t242\t3\t881250949\n186\t302\t3\t891717742\n", "u.data").format;
  EXPECT_EQ(ratings.format, FileFormat::kTsv);
  EXPECT_EQ(ratings.delimiter, "");
  EXPECT_FALSE(ratings.header);
  EXPECT_THAT(ratings.columns, ElementsAre("column_1", "column_2", "column_3", "column_4"));
  const SourceFormat dat = guess_text_shape("1::1193::5::978300760\n1::661::3::978302109\n", "ratings.dat").format;
  EXPECT_EQ(dat.format, FileFormat::kCsv);
  EXPECT_EQ(dat.delimiter, "::");
  EXPECT_FALSE(dat.header);
  EXPECT_FALSE(guess_text_shape("ann,tea,2017-01-01\nbob,jam,2017-01-02\n", "e.csv").format.header);
  EXPECT_FALSE(guess_text_shape("ann,tea,31/12/2017\n", "e.csv").format.header);
  EXPECT_TRUE(guess_text_shape(",user,item\n0,ann,tea\n1,bob,jam\n", "e.csv").format.header);  // row numbers of pandas
  EXPECT_FALSE(guess_text_shape("a,a,b\nx,y,z\n", "e.csv").format.header);                      // a name twice
  EXPECT_THAT(guess_text_shape("user,item\nann,tea\n", "e.csv").format.columns, IsEmpty());
}

TEST(TextShape, KnowsJsonLatin1AndAByteOrderMark) {
  EXPECT_EQ(guess_text_shape("{\"user\": 1, \"item\": 2}\n", "events.log").format.format, FileFormat::kJsonl);
  EXPECT_EQ(guess_text_shape("id,name\n1,Caf\xe9 au lait\n", "items.csv").format.encoding, Encoding::kLatin1);
  EXPECT_EQ(guess_text_shape("id,name\n1,Caf\xc3\xa9\n2,Caf\xc3", "items.csv").format.encoding, Encoding::kUtf8);  // cut off in a letter
  EXPECT_TRUE(guess_text_shape("\xEF\xBB\xBFid,name\n1,x\n", "items.csv").format.header);
}

}  // namespace
}  // namespace gemel
