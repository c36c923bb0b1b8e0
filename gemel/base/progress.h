// Where long work says how far it is. The library never prints: the command line, a server or a test passes a sink.
// Thread safety: a sink is called from the thread that does the work, one stage at a time.
#pragma once

#include <cstdint>
#include <string_view>

namespace gemel {

class ProgressSink {
 public:
  virtual ~ProgressSink() = default;
  virtual void begin(std::string_view /*stage*/, std::uint64_t /*total*/, std::string_view /*unit*/) {}
  virtual void advance(std::uint64_t /*done*/) {}  // absolute, not a step
  virtual void end() {}
  virtual void note(std::string_view /*line*/) {}  // one line worth keeping, such as an epoch's loss
  virtual void warn(std::string_view line) { note(line); }  // told even where progress is not wanted
};

// Silent sink for callers that do not care.
ProgressSink& no_progress();

// Ctrl-C. Loops of long work ask interrupted() and return ErrorCode::kInterrupted, leaving nothing half-written.
// request_interrupt is safe to call from a signal handler.
void request_interrupt() noexcept;
bool interrupted() noexcept;
void clear_interrupt() noexcept;

}  // namespace gemel
