// How a command of the program is made. To add one: a file cli/<name>.cpp with a function like this, its declaration at the end of
// this header, and its line in the table of main.cpp.
//
//   void add_ingest(CLI::App& app, CommandContext& context) {
//     auto options = std::make_shared<IngestOptions>();
//     CLI::App& command = add_command(app, context, {.name = "ingest",
//                                                    .summary = "Read a shop's files into a Dataset",
//                                                    .example = "gemel ingest examples/shop.toml --out out/shop"},
//                                     [options](CommandContext& run) -> Result<void> { return ingest(*options, run); });
//     command.add_option("shop", options->shop_toml, "Path of shop.toml")->required();
//   }
//
// Answers go to stdout, everything else to stderr. A body returns its error; nobody but main chooses an exit code or prints it.
#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "gemel/base/progress.h"
#include "gemel/base/result.h"
#include "gemel/numerics/thread_pool.h"

namespace gemel::cli {

struct CommandContext {
  std::size_t num_threads = 0;  // --threads; 0: as many as the machine has
  bool quiet = false;           // --quiet: no progress, warnings and errors only

  ThreadPool& pool();           // made on first use
  ProgressSink& progress();     // a bar on a terminal, plain lines elsewhere, warnings with --quiet

  Result<void> outcome;         // of the command that ran
 private:
  std::unique_ptr<ThreadPool> pool_;
  std::unique_ptr<ProgressSink> progress_;
};

struct CommandText {
  std::string name;
  std::string summary;
  std::string example;  // closes --help; several lines are fine
};

using CommandBody = std::function<Result<void>(CommandContext&)>;
using AddCommand = void(CLI::App&, CommandContext&);

// A sub-command with --threads and --quiet; `body` runs once its options are read.
CLI::App& add_command(CLI::App& app, CommandContext& context, CommandText text, CommandBody body);

// Reads the arguments, runs the command, prints its error, returns the exit code.
int run_program(int argc, const char* const* argv, std::span<AddCommand* const> commands);

// What --seed may be, in words that people can read.
CLI::Validator seed_range();

// What a flag of minutes may be.
CLI::Validator minutes_range();

// What a knob that does not fit the data is refused with, and the file in which it stands.
Failure name_config(const Error& error, std::string_view config_path);

int exit_code(ErrorCode code);

AddCommand add_init, add_ingest, add_train, add_evaluate, add_recommend, add_similar, add_inspect, add_synth, add_report, add_tune,
    add_experiment;

}  // namespace gemel::cli
