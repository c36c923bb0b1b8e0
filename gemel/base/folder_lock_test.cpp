#include "gemel/base/folder_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <optional>

namespace gemel {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class RunLockTest : public ::testing::Test {
 protected:
  RunLockTest() {
    std::string name = (fs::temp_directory_path() / "gemel-lock-XXXXXX").string();
    GEMEL_CHECK(::mkdtemp(name.data()) != nullptr);
    folder_ = name;
  }
  ~RunLockTest() override { fs::remove_all(folder_); }
  fs::path folder_;
};

TEST_F(RunLockTest, RefusesASecondRunNamesTheFirstAndIsFreeAgainAfterIt) {
  const fs::path place = folder_ / "new/bundle.checkpoint";
  std::optional<RunLock> first = RunLock::take(place).value();
  const auto second = RunLock::take(place);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kBadInput);
  EXPECT_THAT(second.error().message, HasSubstr(concat("another run (process ", ::getpid(), ") is at work here")));
  EXPECT_TRUE(fs::exists(place));
  first.reset();
  EXPECT_TRUE(fs::is_empty(folder_));
  EXPECT_TRUE(RunLock::take(place));
}

TEST_F(RunLockTest, LeavesAFolderThatIsNotEmptyAndMayBeMoved) {
  {
    RunLock lock = RunLock::take(folder_ / "a").value();
    const RunLock moved = std::move(lock);
    EXPECT_FALSE(RunLock::take(folder_ / "a"));
    std::ofstream(folder_ / "a" / "mine") << "text";
  }
  EXPECT_TRUE(fs::exists(folder_ / "a" / "mine"));
}

TEST_F(RunLockTest, WhereNoFolderCanBeItIsAnErrorOfTheFileSystem) {
  std::ofstream(folder_ / "file") << "text";
  for (const fs::path& place : {folder_ / "file", folder_ / "file" / "folder", fs::path("/proc/folder")}) {
    const auto lock = RunLock::take(place);
    ASSERT_FALSE(lock) << place;
    EXPECT_EQ(lock.error().code, ErrorCode::kIo) << place;
  }
}

}  // namespace
}  // namespace gemel
