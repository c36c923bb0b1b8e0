// kill -9 while a Dataset is written: the old one or the new one stands, never a mixture, and the next run cleans up.
#include <gmock/gmock.h>

#include <chrono>
#include <thread>

#include "gemel/data/dataset.h"
#include "gemel/numerics/rng.h"
#include "tests/end_to_end/program.h"

namespace gemel::end_to_end {
namespace {

using Clock = std::chrono::steady_clock;

class Kill : public ShopFolder {
 protected:
  void SetUp() override {
    ShopFolder::SetUp();
    if (IsSkipped()) return;
    write_events("events.csv", 1);
    write_events("other.csv", 2);
    std::string shop = text_of(folder() / "shop.toml");
    shop = shop.substr(0, shop.find("[split]")) + "[split]\nvalidation = 0.1\ntest = 0.1\n";
    write("shop.toml", shop);
    write("other.toml", shop.replace(shop.find("events.csv"), 10, "other.csv"));
  }

  void write_events(const std::string& file, std::uint64_t seed) {
    Rng rng(seed);
    std::string events = "time,customer,product,action,pieces\n";
    for (int event = 0; event < 50'000; ++event)
      events += concat(1'700'000'000 + rng.below(30'000'000), ",c", rng.below(3000), ",p",
                       static_cast<int>(2000 * rng.uniform() * rng.uniform()), ",purchase,1\n");
    write(file, events);
  }

  // Of the Dataset as it stands, all its checks passed.
  std::string fingerprint() const {
    const auto dataset = Dataset::open(folder() / "dataset");
    return dataset ? dataset->fingerprint() : dataset.error().message;
  }

  std::size_t num_left() const {
    std::size_t num = 0;
    for (const auto& entry : fs::directory_iterator(folder())) num += entry.path().filename().string().starts_with("dataset.tmp-");
    return num;
  }
};

TEST_F(Kill, IngestLeavesTheOldDatasetOrTheNewOne) {
  constexpr int kKills = 60;
  const auto arguments = [](int run) {  // each other pair sorts on disk
    return std::vector<std::string>{"ingest",   run % 2 == 0 ? "shop.toml" : "other.toml", "--out", "dataset",
                                    "--memory", run / 2 % 2 == 0 ? "1GiB" : "64KiB"};
  };
  std::string fingerprints[2];
  Clock::duration longest{};
  for (const int run : {0, 1, 2, 3}) {
    const auto begin = Clock::now();
    ASSERT_EQ(this->run(arguments(run)).exit_code, 0);
    longest = std::max(longest, Clock::now() - begin);
    if (run < 2) fingerprints[run] = fingerprint();
    EXPECT_EQ(fingerprint(), fingerprints[run % 2]);
  }
  ASSERT_NE(fingerprints[0], fingerprints[1]);

  const auto seed = static_cast<std::uint64_t>(::getpid());
  SCOPED_TRACE(concat("seed ", seed));
  Rng rng(seed);
  int num_killed = 0, num_with_leftovers = 0;
  std::string before = fingerprint();
  for (int run = 0; run < kKills; ++run) {
    Process ingest(folder(), arguments(run));
    std::this_thread::sleep_for(longest * rng.uniform());
    ingest.kill();
    const Outcome outcome = ingest.wait();
    const std::string now = fingerprint();
    if (outcome.signal == SIGKILL) {
      ++num_killed;
      EXPECT_TRUE(now == before || now == fingerprints[run % 2]) << "kill " << run << ": " << now;
    } else {
      EXPECT_EQ(now, fingerprints[run % 2]) << outcome.err;
    }
    EXPECT_LE(num_left(), 1u);  // what earlier kills left is gone
    num_with_leftovers += num_left() > 0;
    before = now;
  }
  EXPECT_GT(num_killed, kKills / 4);
  EXPECT_GT(num_with_leftovers, 0);
  ASSERT_EQ(this->run(arguments(0)).exit_code, 0);
  EXPECT_EQ(fingerprint(), fingerprints[0]);
  EXPECT_EQ(num_left(), 0u);
}

}  // namespace
}  // namespace gemel::end_to_end
