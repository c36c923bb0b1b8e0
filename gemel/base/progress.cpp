#include "gemel/base/progress.h"

#include <atomic>

namespace gemel {
namespace {
std::atomic<bool> interrupt_requested{false};
static_assert(std::atomic<bool>::is_always_lock_free);  // a signal handler stores to it
}  // namespace

ProgressSink& no_progress() {
  static ProgressSink sink;
  return sink;
}

void request_interrupt() noexcept { interrupt_requested.store(true, std::memory_order_relaxed); }
bool interrupted() noexcept { return interrupt_requested.load(std::memory_order_relaxed); }
void clear_interrupt() noexcept { interrupt_requested.store(false, std::memory_order_relaxed); }

}  // namespace gemel
