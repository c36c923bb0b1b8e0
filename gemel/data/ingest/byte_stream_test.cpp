#include "gemel/data/ingest/byte_stream.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "gemel/base/file.h"
#include "gemel/data/ingest/compress_testing.h"
#include "gemel/data/testing.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

using testing::gzip;
using ::testing::HasSubstr;
using testing::zstd;

Result<std::string> read_whole(ByteStream& stream, std::size_t piece = 1000) {
  std::string text, block(piece, '\0');
  while (true) {
    GEMEL_ASSIGN_OR_RETURN(const std::size_t size, stream.read(block));
    text.append(block, 0, size);
    if (size < piece) return text;
  }
}

class ByteStreamTest : public ::testing::Test {
 protected:
  Result<std::string> read(const std::string& name, std::string_view bytes, Encoding encoding = Encoding::kUtf8) {
    write_file(folder_.path() / name, bytes).value();
    GEMEL_ASSIGN_OR_RETURN(const auto stream, open_byte_stream(folder_.path() / name, encoding));
    GEMEL_ASSIGN_OR_RETURN(auto text, read_whole(*stream));
    EXPECT_EQ(stream->bytes_read(), bytes.size());
    return text;
  }
  const testing::TemporaryFolder folder_;
};

std::string some_text(std::size_t size) {
  Rng rng(3);
  std::string text;
  while (text.size() < size) text += concat("line ", rng.below(1000), "\n");
  return text;
}

TEST_F(ByteStreamTest, ReadsPlainGzipAndZstdAlike) {
  for (const std::size_t size : {0, 1, 999, 1000, 1001, 500'000}) {
    const std::string text = some_text(size);
    EXPECT_EQ(read("a.csv", text).value(), text);
    EXPECT_EQ(read("a.csv.gz", gzip(text)).value(), text);
    EXPECT_EQ(read("a.csv.zst", zstd(text)).value(), text);
    EXPECT_EQ(read("a.data", gzip(text)).value(), text);  // known by its first bytes
  }
}

TEST_F(ByteStreamTest, ReadsMembersAndFramesOneAfterTheOther) {
  const std::string text = some_text(70'000);
  EXPECT_EQ(read("a.gz", gzip(text) + gzip("") + gzip("end")).value(), text + "end");
  EXPECT_EQ(read("a.gz", gzip(text) + std::string(512, '\0')).value(), text);
  EXPECT_EQ(read("a.zst", zstd(text) + zstd("end")).value(), text + "end");
}

TEST_F(ByteStreamTest, ACompressedFileThatEndsEarlyIsAnErrorWithItsByte) {
  const std::string text = some_text(300'000);
  for (const auto& [name, bytes] : {std::pair("a.csv.gz", gzip(text)), std::pair("a.csv.zst", zstd(text))})
    for (const std::size_t cut : {std::size_t{5}, bytes.size() / 2, bytes.size() - 1}) {
      const auto whole = read(name, std::string_view(bytes).substr(0, cut));
      ASSERT_FALSE(whole) << name << cut;
      EXPECT_EQ(whole.error().code, ErrorCode::kCorrupt);
      EXPECT_THAT(whole.error().message, HasSubstr(concat(name, ": byte ", cut)));
      EXPECT_THAT(whole.error().message, HasSubstr("the file is truncated"));
    }
}

TEST_F(ByteStreamTest, DamagedOrMisnamedFilesAreErrors) {
  std::string damaged = gzip(some_text(300'000));
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x55);
  EXPECT_EQ(read("a.gz", damaged).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(read("a.gz", gzip("x") + "garbage").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(read("a.zst", zstd("x") + "garbage").error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(read("a.csv.gz", "user,item\n").error().message, HasSubstr("a.csv.gz: byte 0: expected compressed data"));
  EXPECT_THAT(read("a.csv.zst", "").error().message, HasSubstr("found an empty file"));
  EXPECT_EQ(open_byte_stream(folder_.path() / "none", Encoding::kUtf8).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(open_byte_stream(folder_.path(), Encoding::kUtf8).error().code, ErrorCode::kBadInput);
}

TEST_F(ByteStreamTest, Latin1BecomesUtf8AcrossEveryBorder) {
  std::string bytes, expected;
  for (int i = 0; i < 200'000; ++i) {
    bytes += i % 3 == 0 ? "\xE9" : "e";
    expected += i % 3 == 0 ? "é" : "e";
  }
  write_file(folder_.path() / "a.csv", bytes).value();
  for (const std::size_t piece : {1, 2, 7, 1 << 16}) {
    const auto stream = open_byte_stream(folder_.path() / "a.csv", Encoding::kLatin1).value();
    ASSERT_EQ(read_whole(*stream, piece).value(), expected);
  }
  EXPECT_EQ(read("b.csv.gz", gzip("caf\xE9"), Encoding::kLatin1).value(), "café");
}

TEST_F(ByteStreamTest, ReadsStandardInputAlsoCompressed) {
  write_file(folder_.path() / "in", gzip("user,item\n")).value();
  const int saved = ::dup(STDIN_FILENO), file = ::open((folder_.path() / "in").c_str(), O_RDONLY);
  ::dup2(file, STDIN_FILENO);
  const auto stream = open_byte_stream("-", Encoding::kUtf8);
  EXPECT_EQ(read_whole(**stream).value(), "user,item\n");
  ::dup2(saved, STDIN_FILENO);
  ::close(saved);
  ::close(file);
}

}  // namespace
}  // namespace gemel
