#include "gemel/data/ingest/open_row_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gemel/base/file.h"
#include "gemel/data/ingest/compress_testing.h"
#include "gemel/data/ingest/partitioned_source.h"
#include "gemel/data/ingest/read_rows_testing.h"
#include "gemel/data/ingest/source_files.h"
#include "gemel/data/testing.h"

namespace gemel {
namespace {
namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ReadRows;

class OpenRowSource : public ::testing::Test {
 protected:
  std::string write(const std::string& name, std::string_view bytes) {
    const fs::path path = folder_.path() / name;
    fs::create_directories(path.parent_path());
    write_file(path, bytes).value();
    return path.string();
  }
  std::vector<std::vector<std::string>> rows(const std::string& path, const std::vector<std::string>& columns,
                                             const SourceFormat& format = {}) {
    return testing::read_rows(*open_row_source(path, format).value(), columns).rows;
  }
  Error error_of(const std::string& path, const SourceFormat& format = {}) { return open_row_source(path, format).error(); }
  const testing::TemporaryFolder folder_;
};

const auto kAnnTea = ElementsAre(ElementsAre("text ann", "text tea"));

TEST_F(OpenRowSource, TellsTheFormatByTheEndingWhateverItsCase) {
  const std::string csv = "u,i\nann,tea\n", tsv = "u\ti\nann\ttea\n", jsonl = "{\"u\": \"ann\", \"i\": \"tea\"}\n";
  EXPECT_THAT(rows(write("a.csv", csv), {"u", "i"}), kAnnTea);
  EXPECT_THAT(rows(write("A.CSV", csv), {"u", "i"}), kAnnTea);
  EXPECT_THAT(rows(write("a.csv.gz", testing::gzip(csv)), {"u", "i"}), kAnnTea);
  EXPECT_THAT(rows(write("a.tsv.zst", testing::zstd(tsv)), {"u", "i"}), kAnnTea);
  EXPECT_THAT(rows(write("a.tab", tsv), {"u", "i"}), kAnnTea);
  EXPECT_THAT(rows(write("a.jsonl", jsonl), {"u", "i"}), kAnnTea);
  EXPECT_THAT(rows(write("a.ndjson.zst", testing::zstd(jsonl)), {"u", "i"}), kAnnTea);
  EXPECT_THAT(rows(write("a.data", jsonl), {"u", "i"}, {.format = FileFormat::kJsonl}), kAnnTea);
  EXPECT_THAT(error_of(write("a.data", csv)).message, HasSubstr("a.data: expected a name that ends in .csv"));
  EXPECT_EQ(error_of(write("a.parquet.gz", csv)).code, ErrorCode::kBadConfig);
}

TEST_F(OpenRowSource, ReadsFilesWithoutAHeaderAndOtherDelimiters) {
  const SourceFormat numbered{.format = FileFormat::kTsv, .header = false};
  EXPECT_THAT(rows(write("u.data", "196\t242\n186\t302\n"), {"2", "1"}, numbered),
              ElementsAre(ElementsAre("text 242", "text 196"), ElementsAre("text 302", "text 186")));
  const SourceFormat named{.format = FileFormat::kCsv, .delimiter = "::", .header = false, .columns = {"user", "item"}};
  EXPECT_THAT(rows(write("ratings.dat", "1::a:b\n2::\"c::d\"\n"), {"user", "item"}, named),
              ElementsAre(ElementsAre("text 1", "text a:b"), ElementsAre("text 2", "text c::d")));
  const SourceFormat latin{.format = FileFormat::kCsv, .delimiter = "|", .encoding = Encoding::kLatin1};
  EXPECT_THAT(rows(write("u.item", "id|title\n1|Caf\xE9\n"), {"title"}, latin), ElementsAre(ElementsAre("text Café")));
}

TEST_F(OpenRowSource, RefusesKeysThatMeanNothingForTheFormat) {
  const std::string csv = write("a.csv", "u,i\n"), jsonl = write("a.jsonl", "{}\n");
  EXPECT_THAT(error_of(csv, {.each = "items"}).message, HasSubstr("a.csv: each is for jsonl, parquet and arrow files, found with csv"));
  EXPECT_THAT(error_of(jsonl, {.delimiter = ";"}).message, HasSubstr("a.jsonl: delimiter is for csv and tsv files, found with jsonl"));
  EXPECT_THAT(error_of(csv, {.columns = {"u"}}).message, HasSubstr("columns names the columns of files without a header line"));
  EXPECT_EQ(error_of("-", {.format = FileFormat::kParquet}).code, ErrorCode::kBadConfig);
}

TEST_F(OpenRowSource, RefusesUtf16AndAByteOrderMarkInLatin1) {
  EXPECT_THAT(error_of(write("a.csv", std::string("\xFF\xFEu\0,\0", 6))).message, HasSubstr("a.csv: expected UTF-8, found UTF-16"));
  EXPECT_THAT(error_of(write("b.csv", "\xEF\xBB\xBFu,i\n"), {.encoding = Encoding::kLatin1}).message, HasSubstr("declared as latin-1"));
}

TEST_F(OpenRowSource, KeysOfPartitionedFoldersAreColumns) {
  const std::string path = write("day=2023-01-01/shop=a%2Fb/part-0.csv", "u,shop2\nann,x\n");
  EXPECT_THAT(rows(path, {"shop", "u", "day"}), ElementsAre(ElementsAre("text a/b", "text ann", "text 2023-01-01")));
  const std::string json = write("day=__HIVE_DEFAULT_PARTITION__/part-0.jsonl", "{\"u\": 1}\n{\"late\": 2}\n");
  EXPECT_THAT(rows(json, {"late", "day", "u"}),
              ElementsAre(ElementsAre("missing", "missing", "integer 1"), ElementsAre("integer 2", "missing", "missing")));
  const std::string own = write("u=bob/part-0.csv", "u\nann\n");
  EXPECT_THAT(rows(own, {"u"}), ElementsAre(ElementsAre("text ann")));  // the file's column goes first
}

TEST_F(OpenRowSource, RowsThatDifferInTheirPartitionAloneAreNotAlike) {
  const auto hashes = [&](const std::string& name) {
    return testing::read_rows(*open_row_source(write(name, "u,i\nann,tea\n"), {}).value(), {"u"}).hashes;
  };
  EXPECT_NE(hashes("day=1/a.csv"), hashes("day=2/a.csv"));
  EXPECT_EQ(hashes("day=1/a.csv"), hashes("day=1/b.csv"));
}

TEST_F(OpenRowSource, AFolderStandsForItsFilesOfKnownEndings) {
  for (const char* name : {"events/b.csv", "events/a.jsonl.gz", "events/x=1/c.parquet", "events/_SUCCESS", "events/.hidden.csv",
                           "events/_temporary/d.csv", "events/README.md"})
    write(name, "");
  const auto names = [&](const SourceFormat& format) {
    std::vector<std::string> found;
    const auto files = SourceFiles::find({(folder_.path() / "events").string()}, format, "events.path").value();
    for (const auto& path : files.paths) found.push_back(fs::relative(path, folder_.path() / "events").string());
    return found;
  };
  EXPECT_THAT(names({}), ElementsAre("a.jsonl.gz", "b.csv", "x=1/c.parquet"));
  EXPECT_THAT(names({.format = FileFormat::kCsv}), ElementsAre("README.md", "a.jsonl.gz", "b.csv", "x=1/c.parquet"));
  fs::create_directories(folder_.path() / "empty");
  EXPECT_THAT(SourceFiles::find({(folder_.path() / "empty").string()}, {}, "items.path").error().message,
              HasSubstr("items.path: " + (folder_.path() / "empty").string() + ": expected files of a known ending"));
}

}  // namespace
}  // namespace gemel
