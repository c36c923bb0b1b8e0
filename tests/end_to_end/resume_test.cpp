// R4: a training that is killed at any moment, again and again, ends in the bundle of the one that never was.
#include <gmock/gmock.h>

#include <chrono>
#include <thread>

#include "gemel/numerics/rng.h"
#include "tests/end_to_end/program.h"

namespace gemel::end_to_end {
namespace {

using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

constexpr int kCommitKills = 50;

int wanted_kills() {
  const char* kills = std::getenv("GEMEL_KILLS");  // 200 for a long night
  return kills != nullptr ? std::atoi(kills) : kCommitKills;
}

class Resume : public ShopFolder {
 protected:
  void SetUp() override {
    ShopFolder::SetUp();
    if (IsSkipped()) return;
    Rng rng(1);
    std::string events = "time,customer,product,action,pieces\n";
    for (int event = 0; event < 8'000; ++event)
      events += concat(1'700'000'000 + event * 1000, ",c", rng.below(300), ",p", static_cast<int>(200 * rng.uniform() * rng.uniform()),
                       ",purchase,1\n");
    write("events.csv", events);
    const std::string shop = text_of(folder() / "shop.toml");
    write("shop.toml", shop.substr(0, shop.find("[split]")) + "[split]\nvalidation = 0.1\ntest = 0.1\n");
    write("knobs.toml",
          "[models.two_tower]\nepochs = 6\npatience = 3\nembedding_dim = 16\nquery_layers = ['32 relu', '16 linear']\n"
          "candidate_layers = ['16 linear']\nbatch_size = 256\nloss = 'in_batch'\nfrequency = 'streaming'\n");
    ASSERT_EQ(run({"ingest", "shop.toml", "--out", "dataset", "--quiet"}).exit_code, 0);
  }

  std::vector<std::string> train(const std::string& out, int threads, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{
        "train", "dataset", "--config", "knobs.toml", "--out", out, "--threads", std::to_string(threads), "--checkpoint-minutes", "0.001"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  // Name and bytes of each file of a bundle.
  std::map<std::string, std::string> bundle(const std::string& name) const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder() / name))
      if (entry.is_regular_file()) files[fs::relative(entry.path(), folder() / name).string()] = text_of(entry.path());
    return files;
  }

  // The epochs of the curves, in the order of the file.
  std::vector<std::string> epochs(const std::string& out) const {
    std::istringstream lines(text_of(folder() / (out + ".curves.jsonl")));
    std::vector<std::string> found;
    for (std::string line; std::getline(lines, line);) found.push_back(line.substr(0, line.find(", \"examples_per_second")));
    return found;
  }

  // Sends the signal at random moments until the training has ended by itself; returns how often it was hit.
  int run_under_fire(const std::string& out, int threads, int signal, Clock::duration longest, Rng& rng, int& num_resumed) {
    int num_hit = 0;
    while (true) {
      Process process(folder(), train(out, threads, {"--resume"}));
      std::this_thread::sleep_for(longest * rng.uniform());
      ::kill(process.pid(), signal);
      const Outcome outcome = process.wait();
      num_resumed += outcome.err.find("resuming from") != std::string::npos;
      if (outcome.exit_code == 0) return num_hit;
      EXPECT_TRUE(outcome.signal == signal || outcome.exit_code == 130) << outcome.exit_code << outcome.err;
      if (::testing::Test::HasFailure()) return num_hit;
      ++num_hit;
    }
  }

  void expect_the_unbroken_bundle(int signal) {
    const auto began = Clock::now();
    ASSERT_EQ(run(train("unbroken", 1)).exit_code, 0);
    const auto whole_run = Clock::now() - began;
    EXPECT_FALSE(fs::exists(folder() / "unbroken.checkpoint"));
    const auto expected = bundle("unbroken");
    ASSERT_GE(expected.size(), 8u);
    Rng rng(7);
    int num_hit = 0, num_resumed = 0;
    for (int threads = 1; num_hit < wanted_kills(); threads = 3 - threads) {
      num_hit += run_under_fire("broken", threads, signal, whole_run, rng, num_resumed);
      ASSERT_FALSE(HasFailure());
      EXPECT_EQ(bundle("broken"), expected) << "after " << num_hit << " hits, " << threads << " threads";
      EXPECT_EQ(epochs("broken"), epochs("unbroken"));
      EXPECT_FALSE(fs::exists(folder() / "broken.checkpoint"));
      fs::remove_all(folder() / "broken");
    }
    EXPECT_GT(num_resumed, num_hit / 3);
    RecordProperty("hits", num_hit);
    RecordProperty("resumed", num_resumed);
  }
};

TEST_F(Resume, KilledAtRandomMomentsItEndsInTheUnbrokenBundle) { expect_the_unbroken_bundle(SIGKILL); }

TEST_F(Resume, InterruptedAtRandomMomentsItEndsInTheUnbrokenBundle) { expect_the_unbroken_bundle(SIGINT); }

TEST_F(Resume, EndsOnSigtermAsOnCtrlC) {
  Process first(folder(), train("bundle", 1));
  ASSERT_TRUE(wait_until([&] { return first.err().find("epoch 2: loss") != std::string::npos; }));
  ::kill(first.pid(), SIGTERM);
  const Outcome outcome = first.wait();
  EXPECT_EQ(outcome.exit_code, 130) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("a checkpoint is in bundle.checkpoint"));
  EXPECT_EQ(run(train("bundle", 1, {"--resume"})).exit_code, 0);
}

TEST_F(Resume, RefusesASecondRunOnTheSamePlaceAndNamesTheFirst) {
  Process first(folder(), train("bundle", 1));
  ASSERT_TRUE(wait_until([&] { return first.err().find("epoch 1: loss") != std::string::npos; }));
  const auto err = folder().parent_path() / "shop.err";
  fs::rename(err, folder().parent_path() / "first.err");  // a second process writes to files of the same names
  for (const std::vector<std::string>& more : {std::vector<std::string>{}, {"--resume"}}) {
    const Outcome second = run(train("bundle", 1, more));
    EXPECT_EQ(second.exit_code, 3);
    EXPECT_THAT(second.err, HasSubstr(concat("bundle.checkpoint: another run (process ", first.pid(), ") is at work here")));
  }
  EXPECT_EQ(run({"train", "dataset", "--model", "popularity", "--out", "other"}).exit_code, 0);
  first.interrupt();
  EXPECT_EQ(first.wait().exit_code, 130);
  EXPECT_EQ(run(train("bundle", 1, {"--resume"})).exit_code, 0);
}

TEST_F(Resume, RefusesAnotherRunsCheckpointAndADamagedOneAndTellsOfAnOldOne) {
  Process first(folder(), train("bundle", 1));
  ASSERT_TRUE(wait_until([&] { return first.err().find("epoch 2: loss") != std::string::npos; }));
  first.interrupt();
  ASSERT_EQ(first.wait().exit_code, 130);

  const Outcome other = run(train("bundle", 1, {"--resume", "--seed", "2"}));
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, HasSubstr("seed: '1' there, '2' here"));

  // The newest damaged: the one before is used. Both: refused.
  std::vector<fs::path> checkpoints;
  for (const auto& entry : fs::directory_iterator(folder() / "bundle.checkpoint")) checkpoints.push_back(entry.path());
  std::ranges::sort(checkpoints);
  ASSERT_EQ(checkpoints.size(), 2u);
  const auto keep = folder().parent_path() / "keep";
  fs::copy(folder() / "bundle.checkpoint", keep, fs::copy_options::recursive);
  fs::resize_file(checkpoints[1] / "network.safetensors", 100);
  const Outcome older = run(train("bundle", 2, {"--resume"}));
  EXPECT_EQ(older.exit_code, 0) << older.err;
  EXPECT_THAT(older.err, HasSubstr("network.safetensors: expected"));
  ASSERT_EQ(run(train("unbroken", 1)).exit_code, 0);
  EXPECT_EQ(bundle("bundle"), bundle("unbroken"));
  fs::copy(keep, folder() / "bundle.checkpoint", fs::copy_options::recursive);
  for (const fs::path& checkpoint : checkpoints) fs::resize_file(checkpoint / "network.safetensors", 100);
  const Outcome refused = run(train("bundle", 1, {"--resume"}));
  EXPECT_EQ(refused.exit_code, 5);
  EXPECT_THAT(refused.err, HasSubstr("without --resume training starts anew"));

  const Outcome anew = run(train("bundle", 1));
  EXPECT_EQ(anew.exit_code, 0);
  EXPECT_THAT(anew.err, HasSubstr("a run that did not finish left a checkpoint"));
  EXPECT_FALSE(fs::exists(folder() / "bundle.checkpoint"));
}

}  // namespace
}  // namespace gemel::end_to_end
