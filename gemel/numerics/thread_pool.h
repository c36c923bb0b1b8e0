// Threads that share out numbered blocks of work. Which thread runs a block may change from run to run; what a block computes
// must not depend on it: cut work by data, write to places that belong to the block, add partial sums in block order.
// Then the result is the same, bit for bit, for any number of threads.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace gemel {

class ThreadPool {
 public:
  // num_threads includes the calling thread; 0 means as many as the machine has.
  explicit ThreadPool(std::size_t num_threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  std::size_t num_threads() const;

  // Calls task(0) ... task(num_blocks - 1), each once, and returns when all are done. The calling thread works too.
  // An exception of a task is thrown again here, that of the lowest block. Calls from inside a task run on that thread alone.
  // One caller at a time.
  void run(std::size_t num_blocks, const std::function<void(std::size_t block)>& task);

  // Cuts [0, size) into blocks of `block_size` and calls task(begin, end) for each.
  void for_blocks(std::size_t size, std::size_t block_size, const std::function<void(std::size_t begin, std::size_t end)>& task);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gemel
