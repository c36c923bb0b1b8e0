#include "gemel/data/arrow_api.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <map>

#include "gemel/base/file.h"
#include "gemel/data/testing.h"

namespace gemel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Written by pyarrow, which is the judge: testdata/make_types_parquet.py tells the values. ctest runs in the source root.
constexpr const char* kTypes = "gemel/data/testdata/types.parquet";

std::string shown(const Cell& cell) {
  switch (cell.kind) {
    case Cell::Kind::kMissing: return "missing";
    case Cell::Kind::kText: return concat("text ", cell.text);
    case Cell::Kind::kInteger: return concat("integer ", cell.integer);
    case Cell::Kind::kNumber: return concat("number ", cell.number);
    case Cell::Kind::kTime: return concat("time ", cell.integer);
  }
  return "";
}

struct Read {
  std::map<std::string, std::vector<std::string>> columns;
  std::vector<std::uint64_t> lines, hashes;
};

Read read_all(RowSource& source, const std::vector<std::size_t>& columns) {
  source.request(columns);
  Read read;
  RowBatch batch;
  while (source.next(batch).value()) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      EXPECT_EQ(batch.columns[i].size(), batch.num_rows);
      for (const Cell& cell : batch.columns[i]) read.columns[source.column_names()[columns[i]]].push_back(shown(cell));
    }
    read.lines.insert(read.lines.end(), batch.lines.begin(), batch.lines.end());
    read.hashes.insert(read.hashes.end(), batch.row_hashes.begin(), batch.row_hashes.end());
  }
  return read;
}

std::unique_ptr<RowSource> open_types() { return load_arrow_module().value()->open_parquet(kTypes).value(); }

std::vector<std::size_t> all_columns(const RowSource& source) {
  std::vector<std::size_t> columns(source.column_names().size());
  for (std::size_t i = 0; i < columns.size(); ++i) columns[i] = i;
  return columns;
}

TEST(ParquetSource, GivesEveryTypeAsPyarrowWroteIt) {
  const auto source = open_types();
  auto columns = read_all(*source, all_columns(*source)).columns;
  EXPECT_THAT(columns["int64"], ElementsAre("integer 1", "missing", "integer -3"));
  EXPECT_THAT(columns["uint64"], ElementsAre("integer 1", "missing", "text 18446744073709551615"));
  EXPECT_THAT(columns["int8"], ElementsAre("integer -128", "missing", "integer 127"));
  EXPECT_THAT(columns["flag"], ElementsAre("integer 1", "missing", "integer 0"));
  EXPECT_THAT(columns["double"], ElementsAre("number 0.1", "missing", "missing"));  // NaN
  EXPECT_THAT(columns["float"], ElementsAre("number 0.5", "missing", "number -2"));
  EXPECT_THAT(columns["decimal"], ElementsAre("number 12.5", "missing", "number -0.01"));
  EXPECT_THAT(columns["text"], ElementsAre("text tea", "missing", "text Käse \"x\""));
  EXPECT_THAT(columns["large_text"], ElementsAre("text tea", "missing", "text "));
  EXPECT_THAT(columns["category"], ElementsAre("text red", "missing", "text red"));
  // 2024-02-29 12:30:15.25 is 1709209815.25 s; one second before 1970.
  EXPECT_THAT(columns["time_ns"], ElementsAre("time 1709209815250000", "missing", "time -1000000"));
  EXPECT_THAT(columns["time_ms_utc"], ElementsAre("time 1709209815250000", "missing", "time 1709209815250000"));
  EXPECT_THAT(columns["time_s_paris"], ElementsAre("time 1719828000000000", "missing", "missing"));  // stored as UTC
  EXPECT_THAT(columns["date"], ElementsAre("time 1709164800000000", "missing", "time -86400000000"));
  EXPECT_THAT(columns["tags"], ElementsAre("text [\"a\", \"b\\\"c\", null]", "missing", "text []"));
  EXPECT_THAT(columns["sizes"], ElementsAre("text [1, 2]", "missing", "text [3]"));
  EXPECT_THAT(columns["box.w"], ElementsAre("integer 1", "missing", "integer 3"));
  EXPECT_THAT(columns["box.h"], ElementsAre("integer 2", "missing", "integer 4"));
  EXPECT_THAT(columns["nothing"], ElementsAre("missing", "missing", "missing"));
}

// Written by pyarrow too: testdata/make_nested.py. The same table as Parquet, Arrow file (compressed) and Arrow stream.
constexpr const char* kNested[] = {"gemel/data/testdata/nested.parquet", "gemel/data/testdata/nested.arrow",
                                   "gemel/data/testdata/nested.arrows"};

std::unique_ptr<RowSource> open_nested(const std::string& path, const std::string& each = "") {
  ArrowModule& arrow = *load_arrow_module().value();
  auto source = path.ends_with(".parquet") ? arrow.open_parquet(path, each) : arrow.open_ipc(path, each);
  return std::move(source).value();
}

TEST(NestedColumns, FieldsOfStructsAreColumnsByDottedPath) {
  for (const std::string path : kNested) {
    SCOPED_TRACE(path);
    const auto source = open_nested(path);
    EXPECT_THAT(source->column_names(), ElementsAre("user.id", "user.geo.city", "items", "codes"));
    auto read = read_all(*source, all_columns(*source));
    EXPECT_THAT(read.columns["user.id"], ElementsAre("text ann", "missing", "text cat", "text dan"));
    EXPECT_THAT(read.columns["user.geo.city"], ElementsAre("text Ulm", "missing", "missing", "text Rom"));
    EXPECT_THAT(read.columns["codes"], ElementsAre("text [\"a\", \"b\"]", "missing", "text []", "text [\"c\"]"));
    EXPECT_THAT(read.lines, ElementsAre(1, 2, 3, 4));
    EXPECT_EQ(source->bytes_read(), std::filesystem::file_size(path));
  }
}

TEST(NestedColumns, WithEachEveryElementOfTheListIsARowAndNoElementOneRow) {
  for (const std::string path : kNested) {
    SCOPED_TRACE(path);
    for (const bool with_hashes : {true, false}) {
      const auto source = open_nested(path, "items");
      EXPECT_THAT(source->column_names(), ElementsAre("user.id", "user.geo.city", "items.id", "items.n", "codes"));
      if (!with_hashes) source->skip_row_hashes();
      auto read = read_all(*source, {0, 3});
      EXPECT_THAT(read.columns["user.id"], ElementsAre("text ann", "text ann", "missing", "text cat", "text dan"));
      EXPECT_THAT(read.columns["items.n"], ElementsAre("integer 1", "missing", "integer 2", "missing", "missing"));
      EXPECT_THAT(read.lines, ElementsAre(1, 1, 2, 3, 4));
    }
    const auto user_alone = open_nested(path, "items");
    user_alone->skip_row_hashes();
    EXPECT_EQ(read_all(*user_alone, {0}).lines.size(), 5u);  // a column outside the list has as many rows
    auto codes = open_nested(path, "codes");
    EXPECT_THAT(read_all(*codes, {3}).columns["codes"], ElementsAre("text a", "text b", "missing", "missing", "text c"));
  }
}

TEST(NestedColumns, AreTheSameInParquetAndArrowHashesIncluded) {
  const auto hashes = [](const std::string& path) {
    const auto source = open_nested(path, "items");
    return read_all(*source, {0}).hashes;
  };
  const auto of_parquet = hashes(kNested[0]);
  EXPECT_EQ(of_parquet.size(), 5u);
  EXPECT_NE(of_parquet[0], of_parquet[1]);
  EXPECT_EQ(hashes(kNested[1]), of_parquet);
  EXPECT_EQ(hashes(kNested[2]), of_parquet);
}

TEST(NestedColumns, AListThatIsNotThereIsRefusedWithTheColumnsThatAre) {
  for (const std::string each : {"item", "user.id", "user"}) {
    const auto source = load_arrow_module().value()->open_parquet(kNested[0], each);
    ASSERT_FALSE(source);
    EXPECT_EQ(source.error().code, ErrorCode::kBadConfig);
    EXPECT_THAT(source.error().message,
                HasSubstr(concat("each: expected a list '", each, "', found the columns user.id, user.geo.city, items, codes")));
  }
}

TEST(IpcSource, RefusesWhatIsNotArrowAndEveryTruncatedFile) {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "events.arrow";
  ArrowModule& arrow = *load_arrow_module().value();
  EXPECT_EQ(arrow.open_ipc(path).error().code, ErrorCode::kNotFound);
  write_file(path, "user,item\nann,tea\n").value();
  EXPECT_THAT(arrow.open_ipc(path).error().message, HasSubstr("events.arrow: not an Arrow IPC file or stream"));
  write_file(path, "FEA1 and so on").value();
  EXPECT_THAT(arrow.open_ipc(path).error().message, HasSubstr("Feather version 1"));
  const std::string good = read_file(kNested[1]).value();
  for (std::size_t size = 0; size < good.size(); size += 97) {
    write_file(path, std::string_view(good).substr(0, size)).value();
    EXPECT_FALSE(arrow.open_ipc(path)) << size;  // the description of an Arrow file stands at its end
  }
}

TEST(ParquetSource, CountsRowsAcrossRowGroupsFromOne) {
  const auto source = open_types();
  const Read read = read_all(*source, {0});
  EXPECT_THAT(read.lines, ElementsAre(1, 2, 3));
  EXPECT_EQ(source->bytes_read(), std::filesystem::file_size(kTypes));
}

TEST(ParquetSource, ColumnsComeInTheOrderOfTheRequestAlsoTwice) {
  const auto source = open_types();
  RowBatch batch;
  source->request({7, 0, 7});  // text, int64, text
  ASSERT_TRUE(source->next(batch).value());
  EXPECT_EQ(shown(batch.columns[0][0]), "text tea");
  EXPECT_EQ(shown(batch.columns[1][0]), "integer 1");
  EXPECT_EQ(shown(batch.columns[2][0]), "text tea");
}

TEST(ParquetSource, RowHashesCoverAllColumnsWhateverWasRequested) {
  const auto one = open_types(), all = open_types();
  const Read few = read_all(*one, {0}), many = read_all(*all, all_columns(*all));
  EXPECT_EQ(few.hashes, many.hashes);
  EXPECT_EQ(few.hashes.size(), 3u);
  EXPECT_NE(few.hashes[0], few.hashes[1]);
  const auto skipping = open_types();
  skipping->skip_row_hashes();
  const Read skipped = read_all(*skipping, {0});
  EXPECT_TRUE(skipped.hashes.empty());
  EXPECT_EQ(skipped.columns, few.columns);
}

TEST(ParquetSource, RefusesWhatIsNotParquetAndNamesTheFile) {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "events.parquet";
  ArrowModule& arrow = *load_arrow_module().value();
  EXPECT_EQ(arrow.open_parquet(path).error().code, ErrorCode::kNotFound);
  write_file(path, "user,item\nann,tea\n").value();
  const auto opened = arrow.open_parquet(path);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kBadInput);
  EXPECT_THAT(opened.error().message, HasSubstr("events.parquet"));
}

TEST(ParquetSource, RefusesATruncatedFile) {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "events.parquet";
  const std::string good = read_file(kTypes).value();
  ArrowModule& arrow = *load_arrow_module().value();
  for (std::size_t size = 0; size < good.size(); size += 97) {
    write_file(path, std::string_view(good).substr(0, size)).value();
    EXPECT_FALSE(arrow.open_parquet(path)) << size;  // the description of a Parquet file stands at its end
  }
}

template <class T>
std::vector<T> values_at(std::string_view file, const ArrowColumnPlace& place, std::size_t buffer) {
  std::vector<T> values(place.sizes[buffer] / sizeof(T));
  std::memcpy(values.data(), file.data() + place.offsets[buffer], place.sizes[buffer]);
  return values;
}

TEST(IpcWriter, SaysWhereEveryBufferLies) {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "items.arrow";
  const std::uint32_t rows[] = {7, 8, 9};
  const double prices[] = {1.5, std::nan(""), -2};
  const std::int32_t text_offsets[] = {0, 3, 3, 6}, list_offsets[] = {0, 2, 2, 3};
  const ArrowColumn columns[] = {
      {.name = "row",
       .kind = ArrowColumn::Kind::kUint32,
       .num_rows = 3,
       .values = rows,
       .text_offsets = {},
       .text_bytes = {},
       .list_offsets = {}},
      {.name = "price",
       .kind = ArrowColumn::Kind::kFloat64,
       .num_rows = 3,
       .values = prices,
       .text_offsets = {},
       .text_bytes = {},
       .list_offsets = {}},
      {.name = "id",
       .kind = ArrowColumn::Kind::kText,
       .num_rows = 3,
       .text_offsets = text_offsets,
       .text_bytes = "teacup",
       .list_offsets = {}},
      {.name = "tags",
       .kind = ArrowColumn::Kind::kTextList,
       .num_rows = 3,
       .text_offsets = text_offsets,
       .text_bytes = "teacup",
       .list_offsets = list_offsets},
  };
  auto written = RandomFile::create(path).value();
  const auto places = load_arrow_module().value()->write_ipc(written, columns).value();
  const std::string file = read_file(path).value();
  EXPECT_EQ(file.substr(0, 6), "ARROW1");
  ASSERT_EQ(places.size(), 4u);
  EXPECT_EQ(places[0].kind, "uint32");
  EXPECT_THAT(values_at<std::uint32_t>(file, places[0], 0), ElementsAre(7, 8, 9));
  EXPECT_TRUE(std::isnan(values_at<double>(file, places[1], 0)[1]));
  EXPECT_THAT(values_at<std::int32_t>(file, places[2], 0), ElementsAre(0, 3, 3, 6));
  EXPECT_EQ(file.substr(places[2].offsets[1], places[2].sizes[1]), "teacup");
  EXPECT_EQ(places[3].kind, "text_list");
  EXPECT_THAT(values_at<std::int32_t>(file, places[3], 0), ElementsAre(0, 2, 2, 3));
  EXPECT_THAT(values_at<std::int32_t>(file, places[3], 1), ElementsAre(0, 3, 3, 6));
  EXPECT_EQ(file.substr(places[3].offsets[2], places[3].sizes[2]), "teacup");
  for (const auto& place : places)
    for (const auto offset : place.offsets) EXPECT_EQ(offset % 8, 0u);
}

TEST(IpcWriter, WritesNoRowsAndNoTexts) {
  const testing::TemporaryFolder folder;
  const std::int32_t offsets[] = {0};
  const ArrowColumn columns[] = {
      {.name = "id", .kind = ArrowColumn::Kind::kText, .num_rows = 0, .text_offsets = offsets, .text_bytes = {}, .list_offsets = {}},
      {.name = "row", .kind = ArrowColumn::Kind::kUint32, .num_rows = 0, .text_offsets = {}, .text_bytes = {}, .list_offsets = {}}};
  auto file = RandomFile::create(folder.path() / "empty.arrow").value();
  const auto places = load_arrow_module().value()->write_ipc(file, columns).value();
  EXPECT_EQ(places[0].sizes.back(), 0u);
  EXPECT_EQ(places[1].sizes[0], 0u);
}

TEST(IpcWriter, AColumnThatIsLeftOpenIsFilledLaterToTheSameBytes) {
  const testing::TemporaryFolder folder;
  ArrowModule& arrow = *load_arrow_module().value();
  std::vector<std::int64_t> times(1000);
  for (std::size_t i = 0; i < times.size(); ++i) times[i] = static_cast<std::int64_t>(i * i) - 7;
  const std::vector<std::uint8_t> actions(times.size(), 3);
  ArrowColumn columns[2];
  columns[0].name = "time", columns[0].kind = ArrowColumn::Kind::kTimestampUs;
  columns[1].name = "action", columns[1].kind = ArrowColumn::Kind::kUint8;
  columns[0].num_rows = columns[1].num_rows = times.size();
  auto hollow = RandomFile::create(folder.path() / "hollow.arrow").value();
  const auto places = arrow.write_ipc(hollow, columns).value();
  ASSERT_EQ(places[0].sizes[0], 8000u);
  hollow.write(places[0].offsets[0], {reinterpret_cast<const char*>(times.data()), 8000}).value();
  hollow.write(places[1].offsets[0], {reinterpret_cast<const char*>(actions.data()), 1000}).value();
  columns[0].values = times.data();
  columns[1].values = actions.data();
  auto whole = RandomFile::create(folder.path() / "whole.arrow").value();
  EXPECT_EQ(arrow.write_ipc(whole, columns).value()[1].offsets, places[1].offsets);
  EXPECT_EQ(read_file(folder.path() / "hollow.arrow").value(), read_file(folder.path() / "whole.arrow").value());
}

TEST(IpcWriter, ADiskThatIsFullIsAnErrorThatNamesFileAndBytes) {
  auto full = RandomFile::create("/dev/full").value();
  const auto written = load_arrow_module().value()->write_ipc(full, {});
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kIo);
  EXPECT_THAT(written.error().message, HasSubstr("/dev/full: writing 6 bytes at 0 failed: No space left on device"));
}

}  // namespace
}  // namespace gemel
