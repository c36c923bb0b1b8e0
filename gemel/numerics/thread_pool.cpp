#include "gemel/numerics/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "gemel/base/check.h"

// oneDNN runs on OpenMP; we call it from our own threads on fixed blocks, so each thread keeps to itself.
extern "C" void omp_set_num_threads(int);

namespace gemel {
namespace {

thread_local bool inside_task = false;

// A training step runs dozens of short tasks: waking a sleeping thread takes longer than most of them. So threads look for a while before
// they sleep.
constexpr std::chrono::microseconds kSpin{100};

void spin_until(auto&& condition) {
  const auto end = std::chrono::steady_clock::now() + kSpin;
  while (!condition() && std::chrono::steady_clock::now() < end) {
#if defined(__x86_64__)
    for (int pause = 0; pause < 16; ++pause) __builtin_ia32_pause();
#endif
  }
}

}  // namespace

struct ThreadPool::State {
  std::vector<std::thread> workers;
  std::mutex mutex;
  std::condition_variable work_ready;
  std::condition_variable work_done;
  std::atomic<std::uint64_t> generation{0};  // counts the runs; changes under mutex, may be read without
  std::atomic<bool> stopping{false};         // likewise
  bool is_open = false;                      // guarded by mutex, as are the three below: workers may still join this run
  std::atomic<std::size_t> active_workers{0};  // joined and not done; changes under mutex, may be read without
  std::exception_ptr error;
  std::size_t error_block = 0;

  const std::function<void(std::size_t)>* task = nullptr;  // set before generation changes, read by those who joined
  std::size_t num_blocks = 0;
  std::atomic<std::size_t> next_block{0};

  void work() {
    inside_task = true;
    for (std::size_t block; (block = next_block.fetch_add(1, std::memory_order_relaxed)) < num_blocks;) {
      try {
        (*task)(block);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!error || block < error_block) {
          error = std::current_exception();
          error_block = block;
        }
      }
    }
    inside_task = false;
  }

  void worker_loop() {
    omp_set_num_threads(1);
    std::uint64_t seen = 0;
    while (true) {
      const auto is_called = [&] { return stopping || generation != seen; };
      spin_until(is_called);
      std::unique_lock lock(mutex);
      work_ready.wait(lock, is_called);
      if (stopping) return;
      seen = generation;
      if (!is_open) continue;  // came late: the others have done it
      ++active_workers;
      lock.unlock();
      work();
      lock.lock();
      if (--active_workers == 0) work_done.notify_one();
    }
  }
};

ThreadPool::ThreadPool(std::size_t num_threads) : state_(std::make_unique<State>()) {
  if (num_threads == 0) num_threads = std::max(1u, std::thread::hardware_concurrency());
  omp_set_num_threads(1);
  for (std::size_t i = 1; i < num_threads; ++i) state_->workers.emplace_back([state = state_.get()] { state->worker_loop(); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->work_ready.notify_all();
  for (auto& worker : state_->workers) worker.join();
}

std::size_t ThreadPool::num_threads() const { return state_->workers.size() + 1; }

void ThreadPool::run(std::size_t num_blocks, const std::function<void(std::size_t)>& task) {
  if (num_blocks == 0) return;
  if (num_blocks == 1 || state_->workers.empty() || inside_task) {
    for (std::size_t block = 0; block < num_blocks; ++block) task(block);
    return;
  }
  {
    const std::lock_guard lock(state_->mutex);
    GEMEL_CHECK(!state_->is_open && state_->active_workers == 0, "ThreadPool::run has one caller at a time");
    state_->task = &task;
    state_->num_blocks = num_blocks;
    state_->next_block.store(0, std::memory_order_relaxed);
    state_->is_open = true;
    state_->error = nullptr;
    ++state_->generation;
  }
  state_->work_ready.notify_all();
  state_->work();
  spin_until([&] { return state_->active_workers == 0; });
  std::unique_lock lock(state_->mutex);
  state_->is_open = false;  // who has not joined by now is not waited for
  state_->work_done.wait(lock, [&] { return state_->active_workers == 0; });
  if (state_->error) std::rethrow_exception(std::exchange(state_->error, nullptr));
}

void ThreadPool::for_blocks(std::size_t size, std::size_t block_size, const std::function<void(std::size_t, std::size_t)>& task) {
  GEMEL_CHECK(block_size > 0);
  run((size + block_size - 1) / block_size, [&](std::size_t block) { task(block * block_size, std::min(size, (block + 1) * block_size)); });
}

}  // namespace gemel
