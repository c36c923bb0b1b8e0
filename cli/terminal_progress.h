// Progress on stderr. A terminal gets one line that is redrawn: bar, rate, time left. Anything else (a file, CI) gets plain lines,
// one each few seconds at most. Not thread-safe: called by the thread that does the work (ProgressSink).
#pragma once

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include "gemel/base/progress.h"

namespace gemel::cli {

// The sink that fits stderr.
std::unique_ptr<ProgressSink> make_progress();
// Warnings on stderr, nothing else.
std::unique_ptr<ProgressSink> make_warnings_only();

// "ingest  42 %  [########............]  1.2 M rows/s  0:12 left"
std::string progress_line(std::string_view stage, std::uint64_t done, std::uint64_t total, std::string_view unit, double elapsed_s,
                          bool with_bar);

class StreamProgress : public ProgressSink {
 public:
  StreamProgress(std::FILE* out, bool is_terminal) : out_(out), is_terminal_(is_terminal) {}
  void begin(std::string_view stage, std::uint64_t total, std::string_view unit) override;
  void advance(std::uint64_t done) override;
  void end() override;
  void note(std::string_view line) override;
  void warn(std::string_view line) override;

 private:
  using Clock = std::chrono::steady_clock;
  void draw();
  void clear();

  std::FILE* out_;
  bool is_terminal_;
  std::string stage_, unit_;
  std::uint64_t total_ = 0, done_ = 0;
  Clock::time_point begun_, drawn_;
  bool line_is_open_ = false;  // a redrawn line stands on the terminal
};

}  // namespace gemel::cli
