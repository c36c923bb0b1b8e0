// A disk that is full, a folder that may not be written: a message with place and amount, exit code 4, and everything as it was before.
#include <gmock/gmock.h>
#include <sys/mount.h>

#include "gemel/data/dataset.h"
#include "gemel/numerics/rng.h"
#include "tests/end_to_end/program.h"

namespace gemel::end_to_end {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr int kFileSystemError = 4;

class Disk : public ShopFolder {
 protected:
  void write_events(int num_events, std::uint64_t seed) {
    Rng rng(seed);
    std::string events = "time,customer,product,action,pieces\n";
    for (int row = 0; row < 100; ++row) events += ",,,,\n";  // rejected
    for (int event = 0; event < num_events; ++event)
      events += concat(1'700'000'000 + rng.below(30'000'000), ",c", rng.below(3000), ",p", rng.below(500), ",purchase,1\n");
    write("events.csv", events);
    std::string shop = text_of(folder() / "shop.toml");
    write("shop.toml", shop.substr(0, shop.find("[split]")) + "[split]\nvalidation = 0.1\ntest = 0.1\n");
  }

  static std::vector<std::string> ingest(const std::string& out = "dataset") {
    return {"ingest", "shop.toml", "--out", out, "--memory", "64KiB", "--quiet"};
  }
  // Under a limit that a write of a longer file fails at, as it does on a full disk.
  static std::vector<std::string> limit(std::uint64_t size_bytes) { return {"prlimit", concat("--fsize=", size_bytes)}; }

  std::map<std::string, std::string> contents(const std::string& directory) const {
    std::map<std::string, std::string> contents;
    for (const auto& entry : fs::recursive_directory_iterator(folder() / directory))
      if (entry.is_regular_file()) contents[entry.path().string()] = text_of(entry.path());
    return contents;
  }
};

TEST_F(Disk, AFileThatCannotGrowLeavesTheOldDataset) {
  write_events(20'000, 1);
  ASSERT_EQ(run(ingest()).exit_code, 0);
  const auto old = contents("dataset");
  const auto before = files();
  write_events(20'000, 2);
  struct Limit {
    std::uint64_t size_bytes;
    std::string memory, file;  // which file becomes too long
  };
  for (const auto& [size_bytes, memory, file] :
       {Limit{2000, "64KiB", "rejected.jsonl"}, Limit{300'000, "64KiB", "spill-"}, Limit{300'000, "1GiB", "events.arrow"}}) {
    auto arguments = ingest();
    arguments[5] = memory;
    const Outcome outcome = run(arguments, limit(size_bytes));
    EXPECT_THAT(outcome.err, HasSubstr(file));
    EXPECT_EQ(outcome.exit_code, kFileSystemError) << size_bytes << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("File too large"));
    EXPECT_THAT(outcome.err, HasSubstr("bytes"));
    EXPECT_THAT(outcome.err, HasSubstr("dataset.tmp-"));
    EXPECT_TRUE(contents("dataset") == old);
    EXPECT_EQ(files(), before);
  }
}

TEST_F(Disk, AFileThatCannotGrowLeavesTheOldBundleAndReport) {
  ASSERT_EQ(run(ingest()).exit_code, 0);
  const std::vector<std::string> train{"train", "dataset", "--model", "popularity", "--out", "bundle"};
  const std::vector<std::string> evaluate{"evaluate", "dataset", "--models", "popularity", "--json", "report.json"};
  ASSERT_EQ(run(train).exit_code, 0);
  ASSERT_EQ(run(evaluate).exit_code, 0);
  const auto old = contents(".");
  for (const std::uint64_t size_bytes : {0, 300, 1000}) {  // 0: not even progress and messages can be written
    const Outcome outcome = run(train, limit(size_bytes));
    EXPECT_EQ(outcome.exit_code, kFileSystemError) << size_bytes << outcome.err;
    if (size_bytes > 0) {
      EXPECT_THAT(outcome.err, HasSubstr("File too large"));
      EXPECT_THAT(outcome.err, HasSubstr("bundle.tmp-"));
    }
    EXPECT_TRUE(contents(".") == old);
  }
  const Outcome outcome = run(evaluate, limit(3000));
  EXPECT_EQ(outcome.exit_code, kFileSystemError) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("report.json"));
  EXPECT_TRUE(contents(".") == old);
}

TEST_F(Disk, CurvesThatCannotBeWrittenAreAnErrorAndLeaveNoBundle) {
  ASSERT_EQ(run(ingest()).exit_code, 0);
  const auto before = files();
  const Outcome outcome = run({"train", "dataset", "--out", "bundle", "--curves", "/dev/full"});
  EXPECT_EQ(outcome.exit_code, kFileSystemError) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("/dev/full: writing the curves failed"));
  EXPECT_EQ(files(), before);
}

TEST_F(Disk, AFolderThatMayNotBeWrittenIsRefused) {
  const auto before = files();
  for (const std::string out : {"events.csv/dataset", "/proc/dataset", "/proc/no/such/dataset"}) {
    const Outcome outcome = run(ingest(out));
    EXPECT_EQ(outcome.exit_code, kFileSystemError) << outcome.err;
    EXPECT_THAT(outcome.err, AnyOf(HasSubstr(out.substr(0, 5)), HasSubstr("events.csv")));
  }
  EXPECT_EQ(files(), before);
  ASSERT_EQ(run(ingest()).exit_code, 0);
  EXPECT_EQ(run({"train", "dataset", "--model", "popularity", "--out", "events.csv/bundle"}).exit_code, kFileSystemError);
  EXPECT_EQ(run({"train", "dataset", "--model", "popularity", "--out", "/proc/bundle"}).exit_code, kFileSystemError);
}

// A small disk of its own, for as long as the test.
class SmallDisk {
 public:
  SmallDisk(fs::path at, const std::string& size) : at_(std::move(at)) {
    fs::create_directory(at_);
    is_mounted_ = ::mount("tmpfs", at_.c_str(), "tmpfs", 0, concat("size=", size).c_str()) == 0;
  }
  ~SmallDisk() {
    if (is_mounted_) ::umount2(at_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool is_mounted() const { return is_mounted_; }

 private:
  fs::path at_;
  bool is_mounted_;
};

TEST_F(Disk, AFullDiskLeavesTheOldDatasetAndHealsWhenSpaceReturns) {
  const SmallDisk disk(folder() / "disk", "16m");
  if (!disk.is_mounted()) GTEST_SKIP() << "mounting a tmpfs needs the rights of root";
  write_events(2000, 1);
  ASSERT_EQ(run(ingest("disk/dataset")).exit_code, 0);
  const auto old = contents("disk");
  write_events(200'000, 2);
  write("disk/ballast", std::string(9 << 20, 'x'));
  const Outcome outcome = run(ingest("disk/dataset"));
  EXPECT_EQ(outcome.exit_code, kFileSystemError) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("No space left on device"));
  fs::remove(folder() / "disk/ballast");
  EXPECT_TRUE(contents("disk") == old);
  write_events(20'000, 2);
  EXPECT_EQ(run(ingest("disk/dataset")).exit_code, 0);
  EXPECT_TRUE(Dataset::open(folder() / "disk/dataset"));
}

TEST_F(Disk, ACheckpointThatIsLostIsToldUnderQuietAndTheTrainingGoesOn) {
  const SmallDisk disk(folder() / "bundle.checkpoint", "64k");
  if (!disk.is_mounted()) GTEST_SKIP() << "mounting a tmpfs needs the rights of root";
  write_events(20'000, 1);
  ASSERT_EQ(run(ingest()).exit_code, 0);
  const auto knobs = [&](int epochs) {
    write("knobs.toml", concat("[models.two_tower]\npatience = 1000\nembedding_dim = 32\nepochs = ", epochs));
  };
  const std::vector<std::string> train{"train", "dataset", "--config", "knobs.toml", "--out", "bundle", "--quiet"};
  knobs(1);
  const Outcome whole = run(train);
  EXPECT_EQ(whole.exit_code, 0) << whole.err;
  EXPECT_THAT(whole.err, HasSubstr("gemel: warning: no checkpoint was written: "));
  EXPECT_THAT(whole.err, HasSubstr("No space left on device"));

  knobs(1000);
  fs::remove(folder().parent_path() / "shop.err");  // of the run before
  Process stopped(folder(), train);
  ASSERT_TRUE(wait_until([&] { return stopped.err().find("no checkpoint was written") != std::string::npos; }));
  stopped.interrupt();
  const Outcome outcome = stopped.wait();
  EXPECT_EQ(outcome.exit_code, 130);
  EXPECT_THAT(outcome.err, HasSubstr("; the last checkpoint could not be written: "));
}

// The nth call of a kind fails, for many n: whatever is being written then.
TEST_F(Disk, AnyWriteOrSyncMayFail) {
  if (run({"--help"}, {"strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync"}).exit_code != 0)
    GTEST_SKIP() << "strace is not there, or may not trace";
  write_events(5000, 1);
  ASSERT_EQ(run(ingest()).exit_code, 0);
  const auto old = contents("dataset");
  const auto before = files();
  ASSERT_EQ(run(ingest("other")).exit_code, 0);
  fs::remove_all(folder() / "other");
  write_events(5000, 2);
  int num_failed = 0;
  for (const auto& [calls, error, text] :
       {std::tuple("write", "ENOSPC", "No space left"), std::tuple("pwrite64", "ENOSPC", "No space left"),
        std::tuple("fsync", "EIO", "Input/output error")}) {
    for (const int nth : {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 40}) {
      const Outcome outcome = run(ingest(), {"strace", "-f", "-qq", "-o", "/dev/null", "-e", concat("trace=", calls), "-e",
                                             concat("inject=", calls, ":error=", error, ":when=", nth)});
      if (outcome.exit_code == 0) break;  // it needs fewer calls
      SCOPED_TRACE(concat(calls, " ", nth));
      ++num_failed;
      EXPECT_EQ(outcome.exit_code, kFileSystemError) << outcome.err;
      EXPECT_THAT(outcome.err, HasSubstr(text));
      // The last sync is that of the folder above, when the new Dataset has taken its place; until then the old one stands.
      if (contents("dataset") == old) EXPECT_EQ(files(), before);
      else EXPECT_TRUE(Dataset::open(folder() / "dataset"));
    }
  }
  EXPECT_GT(num_failed, 20);
}

}  // namespace
}  // namespace gemel::end_to_end
