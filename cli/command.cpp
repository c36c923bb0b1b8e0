#include "cli/command.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <limits>
#include <new>
#include <system_error>

#include "cli/terminal_progress.h"

namespace gemel::cli {
namespace {

// The first Ctrl-C, or SIGTERM of a service manager, asks the work to stop where nothing is half-written; the second of its kind kills
// (SA_RESETHAND).
void stop_on_interrupt() {
  struct sigaction action{};
  action.sa_handler = [](int) { request_interrupt(); };
  action.sa_flags = SA_RESETHAND;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

// A file that grows past a limit is an error of the write that says so, not the end of the process.
void survive_file_limits() { std::signal(SIGXFSZ, SIG_IGN); }

constexpr int kUsageError = 2;

}  // namespace

int exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::kBadConfig: return kUsageError;
    case ErrorCode::kBadInput:
    case ErrorCode::kNotFound: return 3;
    case ErrorCode::kIo: return 4;
    case ErrorCode::kCorrupt: return 5;
    case ErrorCode::kDiverged: return 6;
    case ErrorCode::kInterrupted: return 130;
  }
  return 1;
}

CLI::Validator seed_range() { return CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()).description(""); }

CLI::Validator minutes_range() {
  const auto why_not = [](std::string& text) -> std::string {
    constexpr int kMost = 1'000'000;
    double minutes = 0;
    const bool is_number = CLI::detail::lexical_cast(text, minutes);
    if (is_number && minutes >= 0 && minutes <= kMost) return "";  // NaN is not; CLI::Range lets it through
    return concat("expected a number of minutes from 0 to ", kMost, ", found ", text);
  };
  return CLI::Validator(why_not, "");
}

Failure name_config(const Error& error, std::string_view config_path) {
  const bool is_knob = error.code == ErrorCode::kBadConfig && error.message.starts_with("models.");
  return is_knob ? with_context(error, config_path) : Failure{error};
}

ThreadPool& CommandContext::pool() {
  if (!pool_) pool_ = std::make_unique<ThreadPool>(num_threads);
  return *pool_;
}

ProgressSink& CommandContext::progress() {
  if (!progress_) progress_ = quiet ? make_warnings_only() : make_progress();
  return *progress_;
}

CLI::App& add_command(CLI::App& app, CommandContext& context, CommandText text, CommandBody body) {
  CLI::App* command = app.add_subcommand(text.name, text.summary);
  command->footer("Example:\n  " + text.example);
  command->add_option("--threads", context.num_threads, "Threads to work with (0: all cores)")
      ->capture_default_str()
      ->check(CLI::Range(0, 1024).description(""))
      ->group("General");
  command->add_flag("--quiet", context.quiet, "No progress on stderr, warnings and errors only")->group("General");
  command->callback([&context, body = std::move(body)] { context.outcome = body(context); });
  return *command;
}

int run_program(int argc, const char* const* argv, std::span<AddCommand* const> commands) {
  CommandContext context;
  CLI::App app("gemel: recommends products to the customers of a shop. `gemel COMMAND --help` tells more.", "gemel");
  app.require_subcommand(1);
  app.footer(
      "Example:\n  gemel recommend out/bundle --user 1228 --action purchase -k 10\n\n"
      "Exit codes: 0 done, 2 configuration or usage, 3 bad input or not found, 4 file system, 5 damaged file, 6 training diverged,\n"
      "130 interrupted.");
  for (AddCommand* add : commands) add(app, context);
  stop_on_interrupt();
  survive_file_limits();
  std::string known;
  bool is_known = argc < 2 || argv[1][0] == '-';
  for (const CLI::App* command : app.get_subcommands({})) {
    known += (known.empty() ? "" : ", ") + command->get_name();
    is_known |= argc > 1 && command->get_name() == argv[1];
  }
  if (!is_known) {
    std::fprintf(stderr, "gemel: no command '%s'; expected one of %s\n", argv[1], known.c_str());
    return kUsageError;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsageError;
  } catch (const std::system_error& error) {  // of fmt::print
    context.outcome = fail(ErrorCode::kIo, "writing the answer to stdout failed: ", error.what());
  } catch (const std::bad_alloc&) {
    context.outcome = fail(ErrorCode::kBadConfig, "no memory left for what was asked; smaller tables, layers or batches need less");
  }
  std::cout.flush();
  if (context.outcome && (std::fflush(stdout) != 0 || std::ferror(stdout) != 0))
    context.outcome = fail(ErrorCode::kIo, "writing the answer to stdout failed: ", std::strerror(errno));
  if (context.outcome) return 0;
  const Error& error = context.outcome.error();
  std::fprintf(stderr, "gemel: %s\n", error.message.c_str());
  return exit_code(error.code);
}

}  // namespace gemel::cli
