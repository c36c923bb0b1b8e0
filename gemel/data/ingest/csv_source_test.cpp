#include "gemel/data/ingest/csv_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <numeric>

namespace gemel {
namespace {
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct ReadCsv {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  std::vector<std::uint64_t> lines, hashes;
  std::vector<BrokenRow> broken;
};

ReadCsv read_all(RowSource& source) {
  ReadCsv read;
  read.header = source.column_names();
  std::vector<std::size_t> all(read.header.size());
  std::iota(all.begin(), all.end(), 0);
  source.request(all);
  RowBatch batch;
  while (source.next(batch).value()) {
    for (std::size_t row = 0; row < batch.num_rows; ++row) {
      auto& fields = read.rows.emplace_back();
      for (const auto& column : batch.columns)
        fields.emplace_back(column[row].kind == Cell::Kind::kMissing ? "<missing>" : column[row].text);
    }
    read.lines.insert(read.lines.end(), batch.lines.begin(), batch.lines.end());
    read.hashes.insert(read.hashes.end(), batch.row_hashes.begin(), batch.row_hashes.end());
    read.broken.insert(read.broken.end(), batch.broken.begin(), batch.broken.end());
  }
  return read;
}

ReadCsv read_text(std::string_view text, const std::string& delimiter = ",") {
  return read_all(*CsvSource::parse(text, delimiter, "x.csv").value());
}

TEST(CsvSource, ReadsQuotesLineBreaksAndBothLineEndings) {
  const auto read = read_text(
      "\xEF\xBB\xBF"
      "id,note\r\n1,\"a \"\"b\"\"\nc\"\r\n\r\n2,\n3,\"\"\n4,5\" pipe");
  EXPECT_THAT(read.header, ElementsAre("id", "note"));
  EXPECT_THAT(read.rows, ElementsAre(ElementsAre("1", "a \"b\"\nc"), ElementsAre("2", "<missing>"), ElementsAre("3", "<missing>"),
                                     ElementsAre("4", "5\" pipe")));
  EXPECT_THAT(read.lines, ElementsAre(2, 5, 6, 7));
  EXPECT_THAT(read.broken, IsEmpty());
}

TEST(CsvSource, ReadsTabs) { EXPECT_THAT(read_text("a\tb\n1,2\t\"3\t4\"\n", "\t").rows, ElementsAre(ElementsAre("1,2", "3\t4"))); }

TEST(CsvSource, TellsBrokenRowsByLineAndReadsOn) {
  const auto read = read_text("a,b\n1\n1,2,3\n\"x\"y,2\n4,5\n6,\"seven\n8,9\n");
  EXPECT_THAT(read.rows, ElementsAre(ElementsAre("4", "5"), ElementsAre("8", "9")));  // an unclosed quote costs its line
  ASSERT_EQ(read.broken.size(), 4u);
  EXPECT_EQ(read.broken[0].line, 2u);
  EXPECT_EQ(read.broken[0].reason, "expected 2 columns, found 1");
  EXPECT_EQ(read.broken[1].reason, "expected 2 columns, found 3");
  EXPECT_THAT(read.broken[2].reason, HasSubstr("text after a closing quote"));
  EXPECT_EQ(read.broken[3].line, 6u);
  EXPECT_THAT(read.broken[3].reason, HasSubstr("never closed"));
}

TEST(CsvSource, HashesTellRowsApartAndAlikeRowsTogether) {
  const auto hashes = read_text("a,b\n1,2\n1,3\r\n1,3\n12,\n").hashes;
  EXPECT_EQ(hashes[1], hashes[2]);  // the line ending is no field
  EXPECT_NE(hashes[0], hashes[1]);
  EXPECT_NE(hashes[0], hashes[3]);
}

TEST(CsvSource, ReadsAFieldOfTenMegabytesAndEveryRowOfALargeFile) {
  const auto path = std::filesystem::temp_directory_path() / concat("gemel_csv_", ::getpid(), ".csv");
  const std::string big(10 << 20, 'x');
  {
    std::ofstream file(path);
    file << "id,text\n0,\"" << big << "\"\n";
    for (int i = 1; i <= 100'000; ++i) file << i << ",row " << i << '\n';
  }
  auto source = CsvSource::open(open_byte_stream(path, Encoding::kUtf8).value(), {}, path.string()).value();
  const auto read = read_all(*source);
  EXPECT_EQ(source->bytes_read(), std::filesystem::file_size(path));
  std::filesystem::remove(path);
  ASSERT_EQ(read.rows.size(), 100'001u);
  EXPECT_EQ(read.rows[0][1], big);
  for (std::size_t i = 1; i <= 100'000; ++i) {
    ASSERT_EQ(read.rows[i][1], concat("row ", i));
    ASSERT_EQ(read.lines[i], i + 2);
  }
}

TEST(CsvSource, ARowOfMoreThan64MegabytesLosesItsFirstLineAndReadingGoesOn) {
  const std::string big(TextWindow::kMaxRowBytes + 1, 'y');
  const auto read = read_text("a,b\n\"x\n" + big + "\n1,2\n");
  EXPECT_THAT(read.rows, ElementsAre(ElementsAre("1", "2")));
  EXPECT_THAT(read.lines, ElementsAre(4));
  ASSERT_EQ(read.broken.size(), 2u);
  EXPECT_EQ(read.broken[0].line, 2u);
  EXPECT_EQ(read.broken[1].line, 3u);
  for (const auto& broken : read.broken) EXPECT_EQ(broken.reason, "longer than 64 MiB: its first line is left out");
}

TEST(CsvSource, GivesUpOnAFileWhoseQuotesAreNeverClosed) {
  std::string text = "a,b\n";
  for (int i = 0; i < 101; ++i) text += "x\",\"y\n";  // from each line on, all quotes up to the end make one row
  auto source = CsvSource::parse(text, ",", "x.csv").value();
  source->request({0});
  RowBatch batch;
  const auto read = source->next(batch);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kBadInput);
  EXPECT_THAT(read.error().message, HasSubstr("x.csv:102: more than 100 rows begin a quoted field that is never closed"));
}

TEST(CsvSource, ReadsTheSameWhateverTheSizeOfItsBlocks) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += concat(i, ",\"a \"\"b\"\"\r\n", std::string(static_cast<std::size_t>(i), 'x'), "\"\r\n");
  text = "id,text\r\n" + text;
  const auto whole = read_text(text);
  ASSERT_EQ(whole.rows.size(), 100u);
  EXPECT_EQ(whole.lines[99], 200u);
  for (const std::size_t block : {1, 2, 7, 64, 1000}) {
    const auto pieces = read_all(*CsvSource::open(make_memory_stream(text), {}, "x.csv", block).value());
    EXPECT_EQ(pieces.rows, whole.rows) << block;
    EXPECT_EQ(pieces.lines, whole.lines) << block;
    EXPECT_EQ(pieces.hashes, whole.hashes) << block;
  }
}

TEST(CsvSource, RefusesAFileWithoutAHeader) {
  for (const char* text : {"", "\n\r\n", "\xEF\xBB\xBF"}) {
    const auto source = CsvSource::parse(text, ",", "x.csv");
    ASSERT_FALSE(source);
    EXPECT_THAT(source.error().message, HasSubstr("x.csv: expected a header"));
  }
}

}  // namespace
}  // namespace gemel
