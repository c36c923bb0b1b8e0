// Ctrl-C: exit code 130 and nothing half-written; a second one kills.
#include <gmock/gmock.h>

#include <thread>

#include "gemel/numerics/rng.h"
#include "tests/end_to_end/program.h"

namespace gemel::end_to_end {
namespace {

using ::testing::HasSubstr;

// Whether the process has a handler of its own for SIGINT (proc(5): SigCgt, a mask in hex).
bool catches_interrupt(pid_t pid) {
  const std::string status = text_of(concat("/proc/", pid, "/status"));
  const auto at = status.find("SigCgt:");
  return at != std::string::npos && (std::stoull(status.substr(at + 7), nullptr, 16) >> (SIGINT - 1) & 1) != 0;
}

class Interrupt : public ShopFolder {
 protected:
  void SetUp() override {
    ShopFolder::SetUp();
    if (IsSkipped()) return;
    Rng rng(1);
    std::string events = "time,customer,product,action,pieces\n";
    for (int event = 0; event < 200'000; ++event)
      events += concat(1'700'000'000 + event * 40, ",c", rng.below(5000), ",p", static_cast<int>(2000 * rng.uniform() * rng.uniform()),
                       ",purchase,1\n");
    write("events.csv", events);
    std::string shop = text_of(folder() / "shop.toml");
    const auto split = shop.find("[split]");
    write("shop.toml", shop.substr(0, split) + "[split]\nvalidation = 0.1\ntest = 0.1\n");
  }

  void ingest() { ASSERT_EQ(run({"ingest", "shop.toml", "--out", "dataset", "--quiet"}).exit_code, 0); }
};

TEST_F(Interrupt, IngestLeavesNothing) {
  const auto before = files();
  Process ingest(folder(), {"ingest", "shop.toml", "--out", "dataset"});
  EXPECT_TRUE(wait_until([&] { return files() != before; }));  // the temporary folder is there: it reads
  ingest.interrupt();
  const Outcome outcome = ingest.wait();
  EXPECT_EQ(outcome.exit_code, 130) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("interrupted"));
  EXPECT_EQ(files(), before);
}

TEST_F(Interrupt, SynthLeavesNothing) {
  const auto before = files();
  Process synth(folder(), {"synth", "--out", "made_up", "--scale", "2"});
  EXPECT_TRUE(wait_until([&] { return files() != before; }));  // the temporary folder is there: it writes
  synth.interrupt();
  const Outcome outcome = synth.wait();
  EXPECT_EQ(outcome.exit_code, 130) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("interrupted"));
  EXPECT_EQ(files(), before);
}

TEST_F(Interrupt, TrainLeavesACheckpointNoBundleAndOnlyWholeLinesOfCurves) {
  ingest();
  write("knobs.toml",
        "[models.two_tower]\nepochs = 1000\npatience = 1000\nembedding_dim = 8\nquery_layers = ['8 linear']\ncandidate_layers = ['8 "
        "linear']\n"
        "loss = 'in_batch'\ncalibrate = false\n");
  const auto before = files();
  for (const bool in_first_epoch : {true, false}) {
    Process train(folder(), {"train", "dataset", "--config", "knobs.toml", "--out", "bundle"});
    if (in_first_epoch) {
      EXPECT_TRUE(wait_until([&] { return catches_interrupt(train.pid()); }));
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    } else {
      EXPECT_TRUE(wait_until([&] { return train.err().find("epoch 1: loss") != std::string::npos; }));
    }
    train.interrupt();
    const Outcome outcome = train.wait();
    EXPECT_EQ(outcome.exit_code, 130) << outcome.err;
    const std::string curves = text_of(folder() / "bundle.curves.jsonl");
    if (!in_first_epoch) {
      EXPECT_TRUE(curves.ends_with("}\n")) << curves;
    }
    if (fs::exists(folder() / "bundle.checkpoint")) {
      EXPECT_THAT(outcome.err, HasSubstr("a checkpoint is in bundle.checkpoint: the same command with --resume goes on from it"));
    } else {
      EXPECT_THAT(outcome.err, HasSubstr("nothing to keep"));  // it had not come to its first step
    }
    EXPECT_EQ(in_first_epoch || fs::exists(folder() / "bundle.checkpoint"), true);
    fs::remove(folder() / "bundle.curves.jsonl");
    fs::remove_all(folder() / "bundle.checkpoint");
    EXPECT_EQ(files(), before);
  }
}

TEST_F(Interrupt, EvaluateWritesNoReport) {
  ingest();
  const auto before = files();
  Process evaluate(folder(), {"evaluate", "dataset", "--models", "item_knn", "--json", "report.json"});
  EXPECT_TRUE(wait_until([&] { return evaluate.err().find("on validation") != std::string::npos; }));  // the first of a grid of settings
  evaluate.interrupt();
  const Outcome outcome = evaluate.wait();
  EXPECT_EQ(outcome.exit_code, 130) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(files(), before);
}

TEST_F(Interrupt, ASecondOneKillsAtOnce) {
  ingest();
  // One step of many seconds: the first Ctrl-C waits for its end.
  write("knobs.toml",
        "[models.two_tower]\nbatch_size = 200000\nembedding_dim = 128\nquery_layers = ['512 relu', '128 linear']\n"
        "candidate_layers = ['128 linear']\n");
  Process train(folder(), {"train", "dataset", "--config", "knobs.toml", "--out", "bundle", "--threads", "1"});
  EXPECT_TRUE(wait_until([&] { return catches_interrupt(train.pid()); }));
  std::this_thread::sleep_for(std::chrono::seconds(1));  // in the step
  train.interrupt();
  EXPECT_TRUE(wait_until([&] { return !catches_interrupt(train.pid()); }));
  train.interrupt();
  const Outcome outcome = train.wait();
  EXPECT_EQ(outcome.signal, SIGINT) << outcome.exit_code << outcome.err;
  EXPECT_FALSE(fs::exists(folder() / "bundle"));
}

}  // namespace
}  // namespace gemel::end_to_end
