#include "gemel/base/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

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

}  // namespace
}  // namespace gemel
