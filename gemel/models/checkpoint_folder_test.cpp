#include "gemel/models/checkpoint_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "gemel/base/file.h"
#include "gemel/data/testing.h"

namespace gemel {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Notes final : public ProgressSink {
 public:
  void note(std::string_view line) override { text.append(line).append("\n"); }
  std::string text;
};

class CheckpointFolderTest : public ::testing::Test {
 protected:
  CheckpointOptions options(bool resume = false) const {
    return {.folder = place_, .run = {{"data", "abc"}, {"seed", "1"}}, .resume = resume};
  }

  CheckpointFolder open(CheckpointOptions with) {
    notes_.text.clear();
    return CheckpointFolder::open(std::move(with), notes_).value();
  }

  std::string error_of_resuming() {
    const auto opened = CheckpointFolder::open(options(true), notes_);
    return opened ? "" : opened.error().message;
  }

  static void save(CheckpointFolder& store, const std::string& text) {
    const auto saved = store.save([&](const fs::path& folder) { return write_file(folder / "state", text); });
    ASSERT_TRUE(saved) << saved.error().message;
  }

  // What a run that resumes in this stage begins with.
  std::string resumed_text(const std::string& stage = "fit") {
    CheckpointFolder store = open(options(true));
    store.begin({stage});
    return store.state() ? read_file(*store.state() / "state").value() : "";
  }

  std::vector<std::string> folders() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(place_)) found.push_back(entry.path().filename().string());
    std::ranges::sort(found);
    return found;
  }

  testing::TemporaryFolder temporary_;
  fs::path place_ = temporary_.path() / "bundle.checkpoint";
  Notes notes_;
};

TEST_F(CheckpointFolderTest, GivesBackTheNewestStateOfItsStageAndWhatTheStageCarried) {
  CheckpointFolder store = open(options());
  EXPECT_FALSE(store.has_checkpoint());
  store.begin({"fit", R"({"trials":[0.5]})"});
  EXPECT_FALSE(store.state());
  for (const char* text : {"one", "two", "three"}) save(store, text);
  EXPECT_TRUE(store.has_checkpoint());
  EXPECT_EQ(folders(), (std::vector<std::string>{"000002", "000003"}));  // the newest and the one before

  CheckpointFolder again = open(options(true));
  EXPECT_THAT(notes_.text, HasSubstr("resuming from"));
  ASSERT_TRUE(again.resumed());
  EXPECT_EQ(again.resumed()->name, "fit");
  EXPECT_EQ(again.resumed()->carried, R"({"trials":[0.5]})");
  EXPECT_EQ(resumed_text(), "three");
  EXPECT_EQ(resumed_text("last fit"), "");
}

TEST_F(CheckpointFolderTest, WithNothingToResumeItStartsFromTheBeginningAndSaysSo) {
  EXPECT_EQ(resumed_text(), "");
  EXPECT_THAT(notes_.text, HasSubstr("starts from the beginning"));
  EXPECT_FALSE(fs::exists(place_));
}

TEST_F(CheckpointFolderTest, WithoutResumeAnEarlierOneIsNamedAndStaysUntilTheFirstNewOneIsWhole) {
  CheckpointFolder first = open(options());
  save(first, "old");
  CheckpointFolder second = open(options());
  EXPECT_THAT(notes_.text, HasSubstr("a run that did not finish left a checkpoint"));
  EXPECT_FALSE(second.resumed());
  EXPECT_EQ(resumed_text(""), "old");
  save(second, "new");
  EXPECT_EQ(folders().size(), 1u);
  EXPECT_EQ(resumed_text(""), "new");
}

TEST_F(CheckpointFolderTest, RefusesTheCheckpointOfARunThatDiffersAndNamesWhatDiffers) {
  CheckpointFolder store = open(options());
  save(store, "state");
  CheckpointOptions other = options(true);
  other.run = {{"data", "abc"}, {"seed", "2"}, {"model", "two_tower"}};
  const auto opened = CheckpointFolder::open(other, notes_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kBadConfig);
  EXPECT_THAT(opened.error().message, HasSubstr("seed: '1' there, '2' here; model: unknown there, 'two_tower' here"));
  EXPECT_EQ(opened.error().message.find("data"), std::string::npos);
  EXPECT_EQ(resumed_text(""), "state");  // untouched
}

TEST_F(CheckpointFolderTest, AnyByteFlippedOrCutIsSeenAndTheOneBeforeIsUsedWhereThereIsOne) {
  CheckpointFolder store = open(options());
  save(store, "first");
  const auto for_each_damage = [&](const auto& expect) {
    std::size_t trials = 0;
    for (const char* name : {"state", "checkpoint.json"}) {
      const fs::path file = place_ / folders().back() / name;
      const std::string whole = *read_file(file);
      for (std::size_t position = 0; position < whole.size(); ++position, ++trials) {
        std::string damaged = whole;
        damaged[position] ^= static_cast<char>(1 << (position % 8));
        std::ofstream(file, std::ios::binary) << damaged;
        expect(concat(name, ", byte ", position));
        std::ofstream(file, std::ios::binary) << std::string_view(whole).substr(0, position);
        expect(concat(name, " cut to ", position));
      }
      fs::remove(file);
      expect(concat(name, " gone"));
      std::ofstream(file, std::ios::binary) << whole;
    }
    EXPECT_GT(trials, 200u);
  };
  for_each_damage([&](const std::string& damage) {
    const auto opened = CheckpointFolder::open(options(true), notes_);
    ASSERT_FALSE(opened) << damage;
    EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt) << damage;
    EXPECT_THAT(opened.error().message, HasSubstr("without --resume")) << damage;
  });
  EXPECT_EQ(error_of_resuming(), "");  // whole again
  save(store, "second");
  for_each_damage([&](const std::string& damage) {
    EXPECT_EQ(resumed_text(""), "first") << damage;
    EXPECT_THAT(notes_.text, HasSubstr("cannot be used")) << damage;
  });
  EXPECT_EQ(resumed_text(""), "second");
}

TEST_F(CheckpointFolderTest, AfterADamagedOneTheNextReplacesItAndKeepsTheOneResumedFrom) {
  CheckpointFolder store = open(options());
  save(store, "first");
  save(store, "second");
  fs::remove(place_ / "000002" / "state");
  CheckpointFolder resumed = open(options(true));
  save(resumed, "third");
  EXPECT_EQ(folders(), (std::vector<std::string>{"000001", "000003"}));
  EXPECT_EQ(resumed_text(""), "third");
}

TEST_F(CheckpointFolderTest, ASaveThatFailsLeavesTheOneBeforeAndNothingHalfWritten) {
  CheckpointFolder store = open(options());
  save(store, "good");
  const auto failed = store.save([&](const fs::path& folder) -> Result<void> {
    GEMEL_RETURN_IF_ERROR(write_file(folder / "state", "half"));
    return fail(ErrorCode::kIo, "no space left on device");
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(store.lost().value().message, "no space left on device");
  EXPECT_EQ(folders(), (std::vector<std::string>{"000001"}));
  EXPECT_EQ(resumed_text(""), "good");
  save(store, "better");
  EXPECT_FALSE(store.lost());
}

TEST_F(CheckpointFolderTest, WhatAKilledRunLeftHalfWrittenIsRemovedAndForeignFilesStay) {
  CheckpointFolder store = open(options());
  save(store, "state");
  fs::create_directory(place_ / "000002.tmp-77");
  std::ofstream(place_ / "000002.tmp-77" / "state") << "ha";
  std::ofstream(place_ / "notes.txt") << "mine";
  EXPECT_EQ(resumed_text(""), "state");
  EXPECT_EQ(folders(), (std::vector<std::string>{"000001", "notes.txt"}));
  ASSERT_TRUE(store.remove());
  EXPECT_EQ(folders(), (std::vector<std::string>{"notes.txt"}));
  fs::remove(place_ / "notes.txt");
  ASSERT_TRUE(store.remove());
  EXPECT_FALSE(fs::exists(place_));
}

TEST_F(CheckpointFolderTest, IsDueAfterItsIntervalAndNeverWithoutOne) {
  CheckpointOptions hasty = options();
  hasty.interval = std::chrono::nanoseconds(1);
  EXPECT_TRUE(open(hasty).is_due());
  CheckpointOptions slow = options();
  slow.interval = std::chrono::hours(1);
  EXPECT_FALSE(open(slow).is_due());
  EXPECT_FALSE(open(options()).is_due());
}

TEST_F(CheckpointFolderTest, RefusesAPlaceThatIsNoFolderAndAFormatOfAnotherVersion) {
  std::ofstream(place_) << "a file";
  EXPECT_THAT(error_of_resuming(), HasSubstr("is no folder"));
  fs::remove(place_);
  CheckpointFolder store = open(options());
  save(store, "state");
  const fs::path file = place_ / "000001" / kCheckpointFile;
  std::string text = *read_file(file);
  const auto seal = text.find(",\n  \"checksum\"");
  text = text.substr(0, seal) + ",\n";
  text.replace(text.find("\"version\": 1"), 12, "\"version\": 2");
  std::ofstream(file, std::ios::binary) << text << "  \"checksum\": \"" << checksum_hex(text) << "\"\n}\n";
  EXPECT_THAT(error_of_resuming(), HasSubstr("reads version 1, found 2"));
}

}  // namespace
}  // namespace gemel
