#include "cli/terminal_progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

namespace gemel::cli {
namespace {

constexpr std::chrono::milliseconds kRedraw{100};   // on a terminal
constexpr std::chrono::milliseconds kNextLine{5000};  // elsewhere
constexpr int kBarWidth = 24;

std::string short_count(double count) {
  for (const char* suffix : {"", " k", " M", " G"}) {
    if (count < 1000) return fmt::format("{:.{}f}{}", count, count < 10 && *suffix != 0 ? 1 : 0, suffix);
    count /= 1000;
  }
  return fmt::format("{:.0f} T", count);
}

std::string clock_text(double seconds) {
  const auto s = static_cast<long>(seconds + 0.5);
  return s < 3600 ? fmt::format("{}:{:02}", s / 60, s % 60) : fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

// Progress that cannot be written, for want of disk or reader, stops no work; fmt::print would throw.
void put(std::FILE* out, const std::string& text) {
  std::fputs(text.c_str(), out);
  std::fflush(out);
}

class WarningsOnly final : public ProgressSink {
 public:
  void warn(std::string_view line) override { put(stderr, fmt::format("gemel: warning: {}\n", line)); }
};

}  // namespace

std::string progress_line(std::string_view stage, std::uint64_t done, std::uint64_t total, std::string_view unit, double elapsed_s,
                          bool with_bar) {
  std::string line(stage);
  if (total > 0) {
    const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
    line += fmt::format("  {:3.0f} %", 100 * share);
    const int filled = static_cast<int>(share * kBarWidth);
    if (with_bar) line += fmt::format("  [{:#<{}}{:.<{}}]", "", filled, "", kBarWidth - filled);
  }
  if (elapsed_s <= 0 || done == 0) return line;
  const double rate = static_cast<double>(done) / elapsed_s;
  line += fmt::format("  {} {}/s", short_count(rate), unit);
  if (done < total) line += fmt::format("  {} left", clock_text(static_cast<double>(total - done) / rate));
  return line;
}

std::unique_ptr<ProgressSink> make_progress() { return std::make_unique<StreamProgress>(stderr, ::isatty(STDERR_FILENO) == 1); }

std::unique_ptr<ProgressSink> make_warnings_only() { return std::make_unique<WarningsOnly>(); }

void StreamProgress::begin(std::string_view stage, std::uint64_t total, std::string_view unit) {
  stage_ = stage;
  unit_ = unit;
  total_ = total;
  done_ = 0;
  begun_ = drawn_ = Clock::now();
  if (is_terminal_) draw();
}

void StreamProgress::advance(std::uint64_t done) {
  done_ = done;
  const auto now = Clock::now();
  if (now - drawn_ < (is_terminal_ ? kRedraw : kNextLine)) return;
  drawn_ = now;
  draw();
}

void StreamProgress::end() {
  clear();
  const double elapsed_s = std::chrono::duration<double>(Clock::now() - begun_).count();
  const auto amount = done_ > 0 ? fmt::format(": {} {}", done_, unit_) : std::string();
  put(out_, fmt::format("{}{} in {:.1f} s\n", stage_, amount, elapsed_s));
}

void StreamProgress::note(std::string_view line) {
  clear();
  put(out_, fmt::format("{}\n", line));
}

void StreamProgress::warn(std::string_view line) { note(fmt::format("gemel: warning: {}", line)); }

void StreamProgress::draw() {
  const double elapsed_s = std::chrono::duration<double>(Clock::now() - begun_).count();
  const auto line = progress_line(stage_, done_, total_, unit_, elapsed_s, is_terminal_);
  put(out_, is_terminal_ ? "\r\033[K" + line : line + "\n");
  line_is_open_ = is_terminal_;
}

void StreamProgress::clear() {
  if (line_is_open_) put(out_, "\r\033[K");
  line_is_open_ = false;
}

}  // namespace gemel::cli
