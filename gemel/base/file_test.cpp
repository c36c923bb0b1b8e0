#include "gemel/base/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

namespace gemel {
namespace {

using ::testing::HasSubstr;

class AtomicDirectoryTest : public ::testing::Test {
 protected:
  AtomicDirectoryTest() {
    std::string name = (std::filesystem::temp_directory_path() / "gemel-file-XXXXXX").string();
    GEMEL_CHECK(::mkdtemp(name.data()) != nullptr);
    folder_ = name;
  }
  ~AtomicDirectoryTest() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
};

TEST_F(AtomicDirectoryTest, LeavesNothingWithoutACommitNotEvenTheFoldersAbove) {
  {
    const auto directory = AtomicDirectory::create(folder_ / "a/b/out", "marker");
    ASSERT_TRUE(directory);
    ASSERT_TRUE(write_file(directory->path() / "marker", "x"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(AtomicDirectoryTest, ACommitKeepsTheFoldersAboveAndIsReplacedByTheNext) {
  for (const char* text : {"first", "second"}) {
    auto directory = AtomicDirectory::create(folder_ / "a/out/", "marker");
    ASSERT_TRUE(directory);
    ASSERT_TRUE(write_file(directory->path() / "marker", text));
    ASSERT_TRUE(directory->commit());
    EXPECT_EQ(read_file(folder_ / "a/out/marker").value(), text);
  }
}

TEST_F(AtomicDirectoryTest, CheckSaysBeforehandWhatCreateWouldRefuseAndTouchesNothing) {
  ASSERT_TRUE(write_file(folder_ / "file", "x"));
  for (const auto& target : {folder_ / "file", folder_}) {
    const auto refused = AtomicDirectory::check(target, "marker");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kBadInput);
    EXPECT_THAT(refused.error().message, HasSubstr("holds no marker"));
  }
  EXPECT_EQ(AtomicDirectory::check(folder_ / "file/out", "marker").error().code, ErrorCode::kIo);
  EXPECT_TRUE(AtomicDirectory::check(folder_ / "new/out", "marker"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "new"));
}

TEST_F(AtomicDirectoryTest, RemovesWhatADeadProcessLeftAndNothingElse) {
  const auto target = folder_ / "out";
  const pid_t child = ::fork();
  if (child == 0) {
    auto abandoned = AtomicDirectory::create(target, "marker");
    const bool written = abandoned && write_file(abandoned->path() / "half", "x");
    ::_exit(written ? 0 : 1);  // no destructor runs
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_EQ(status, 0);
  const auto left = concat("out.tmp-", child);
  ASSERT_TRUE(std::filesystem::exists(folder_ / left / "half"));
  for (const char* other : {"out.tmp-1x", "out.tmp", "other.tmp-1"}) std::filesystem::create_directory(folder_ / other);

  const auto living = AtomicDirectory::create(target, "marker");
  ASSERT_TRUE(living);
  EXPECT_FALSE(std::filesystem::exists(folder_ / left));
  for (const char* other : {"out.tmp-1x", "out.tmp", "other.tmp-1"}) EXPECT_TRUE(std::filesystem::exists(folder_ / other)) << other;
  {
    auto second = AtomicDirectory::create(target, "marker");  // at work on the same target, in the same process even
    ASSERT_TRUE(second);
    EXPECT_NE(second->path(), living->path());
    ASSERT_TRUE(write_file(second->path() / "marker", "x"));
    ASSERT_TRUE(second->commit());
  }
  EXPECT_TRUE(std::filesystem::exists(living->path()));
}

TEST_F(AtomicDirectoryTest, AFailureLeavesTheOldFileAndNothingBeside) {
  const auto path = folder_ / "report.json";
  ASSERT_TRUE(replace_file(path, "first"));
  ASSERT_TRUE(replace_file(path, "second"));
  EXPECT_EQ(read_file(path).value(), "second");
  std::filesystem::create_directory(folder_ / concat("report.json.new-", ::getpid()));  // stands in the way of the third
  const auto third = replace_file(path, "third");
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, ErrorCode::kIo);
  EXPECT_EQ(read_file(path).value(), "second");
  EXPECT_EQ(replace_file(folder_ / "no/such", "x").error().code, ErrorCode::kIo);
}

TEST_F(AtomicDirectoryTest, ProcessesThatReplaceOneFileNeverMixNorMissTheirTexts) {
  const auto path = folder_ / "report.json";
  const std::string texts[] = {std::string(100'000, 'a'), std::string(50'000, 'b')};
  std::vector<pid_t> children;
  for (const std::string& text : texts) {
    const pid_t child = ::fork();
    if (child != 0) {
      children.push_back(child);
      continue;
    }
    for (int time = 0; time < 50; ++time)
      if (!replace_file(path, text)) ::_exit(1);
    ::_exit(0);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_THAT(read_file(path).value(), ::testing::AnyOf(texts[0], texts[1]));
}

TEST(RandomFile, ReadsWhatWasWrittenAtAnyPlaceAndNotMore) {
  auto file = RandomFile::create_unnamed(std::filesystem::temp_directory_path()).value();
  file.write(5, "world").value();
  file.write(0, "hello").value();
  char text[10];
  file.read(0, text).value();
  EXPECT_EQ(std::string_view(text, 10), "helloworld");
  const auto beyond = file.read(8, text);
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, ErrorCode::kIo);
}

TEST(RandomFile, AFullDiskIsAnErrorThatSaysWhereAndHowMuch) {
  auto file = RandomFile::create("/dev/full").value();
  const auto written = file.write(4096, "seven b");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message, "/dev/full: writing 7 bytes at 4096 failed: No space left on device");
  EXPECT_EQ(write_file("/dev/full", "seven b").error().message, "/dev/full: writing 7 of 7 bytes failed: No space left on device");
}

TEST_F(AtomicDirectoryTest, EveryWayToSumAFileAgrees) {
  const auto path = folder_ / "large";
  std::string bytes(70 << 20, 'x');  // more than one block of each way
  for (std::size_t i = 0; i < bytes.size(); i += 4097) bytes[i] = static_cast<char>(i);
  ASSERT_TRUE(write_file(path, bytes));
  const auto sum = sum_file(path).value();
  EXPECT_EQ(sum.size_bytes, bytes.size());
  EXPECT_EQ(sum.checksum, checksum_hex(bytes));
  EXPECT_EQ(MappedFile::open(path)->checksum(), sum.checksum);
  ASSERT_TRUE(write_file(path, ""));
  EXPECT_EQ(sum_file(path)->checksum, checksum_hex(""));
  EXPECT_EQ(MappedFile::open(path)->checksum(), checksum_hex(""));
}

}  // namespace
}  // namespace gemel
