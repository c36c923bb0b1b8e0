#include "gemel/numerics/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

namespace gemel {
namespace {

TEST(ThreadPool, RunsEveryBlockOnceAndReturnsWhenAllAreDone) {
  for (const std::size_t threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.num_threads(), threads);
    for (const std::size_t num_blocks : {0, 1, 2, 3, 100}) {
      std::vector<int> runs(num_blocks, 0);  // plain: a block belongs to one thread, and run() hands it back
      pool.run(num_blocks, [&](std::size_t block) { ++runs[block]; });
      EXPECT_EQ(runs, std::vector<int>(num_blocks, 1));
    }
  }
}

TEST(ThreadPool, ShortRunsOneAfterTheOtherNeverMixUpTheirTasks) {
  ThreadPool pool(3);
  std::vector<std::size_t> sums(4);
  std::size_t total = 0;
  for (std::size_t run = 0; run < 20000; ++run) {
    pool.run(sums.size(), [&, run](std::size_t block) { sums[block] = run + block; });
    for (const std::size_t sum : sums) total += sum;
    if (run % 5000 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));  // workers fall asleep, and wake again
  }
  EXPECT_EQ(total, 4u * (20000u * 19999u / 2) + 20000u * 6);
}

TEST(ThreadPool, CutsARangeIntoBlocks) {
  ThreadPool pool(2);
  std::vector<std::pair<std::size_t, std::size_t>> cuts(3);
  pool.for_blocks(10, 4, [&](std::size_t begin, std::size_t end) { cuts[begin / 4] = {begin, end}; });
  EXPECT_EQ(cuts, (std::vector<std::pair<std::size_t, std::size_t>>{{0, 4}, {4, 8}, {8, 10}}));
}

TEST(ThreadPool, ThrowsAgainWhatTheLowestFailingBlockThrewAndStaysUsable) {
  ThreadPool pool(3);
  for (int again = 0; again < 50; ++again) {
    try {
      pool.run(40, [](std::size_t block) {
        if (block >= 7) throw std::runtime_error(std::to_string(block));
      });
      FAIL() << "nothing was thrown";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "7");
    }
  }
  std::atomic<int> runs = 0;
  pool.run(5, [&](std::size_t) { ++runs; });
  EXPECT_EQ(runs, 5);
}

TEST(ThreadPool, CallsFromInsideATaskRunOnThatThread) {
  ThreadPool pool(2);
  std::atomic<int> inner = 0;
  pool.run(4, [&](std::size_t) {
    const auto here = std::this_thread::get_id();
    pool.run(3, [&](std::size_t) { inner += std::this_thread::get_id() == here; });
  });
  EXPECT_EQ(inner, 12);
}

}  // namespace
}  // namespace gemel
