#include "cli/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <new>

#include "cli/terminal_progress.h"

namespace gemel::cli {
namespace {

using testing::HasSubstr;

int runs = 0;

void add_trial(CLI::App& app, CommandContext& context) {
  auto k = std::make_shared<int>(0);
  CLI::App& command = add_command(app, context, {.name = "trial", .summary = "For this test", .example = "gemel trial -k 3"},
                                  [k](CommandContext& run) -> Result<void> {
                                    ++runs;
                                    if (*k == 99) throw std::bad_alloc();
                                    if (run.num_threads == 7 && *k == 3) return fail(ErrorCode::kCorrupt, "bundle: torn");
                                    return {};
                                  });
  command.add_option("-k", *k, "How many")->check(CLI::PositiveNumber);
}

int run(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "gemel");
  AddCommand* const commands[] = {add_trial};
  return run_program(static_cast<int>(arguments.size()), arguments.data(), commands);
}

TEST(Program, GivesTheExitCodeOfTheErrorAndPrintsItOnStderr) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(run({"trial", "-k", "3", "--threads", "7"}), 5);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "gemel: bundle: torn\n");
  EXPECT_EQ(run({"trial", "-k", "3"}), 0);
}

TEST(Program, SaysThatMemoryRanOut) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(run({"trial", "-k", "99"}), 2);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("no memory left"));
}

TEST(Program, RefusesAMisspeltFlagAValueOutOfRangeAndNoCommandWithCodeTwo) {
  testing::internal::CaptureStderr();
  const int runs_before = runs;
  EXPECT_EQ(run({"trial", "--thread", "7"}), 2);
  EXPECT_EQ(run({"trial", "-k", "0"}), 2);
  EXPECT_EQ(run({}), 2);
  EXPECT_EQ(runs, runs_before);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("--thread"));
}

TEST(Program, HelpOfEachCommandEndsWithAnExample) {
  testing::internal::CaptureStdout();
  EXPECT_EQ(run({"trial", "--help"}), 0);
  EXPECT_THAT(testing::internal::GetCapturedStdout(), HasSubstr("Example:\n  gemel trial -k 3"));
}

TEST(Program, ErrorsHaveTheExitCodesOfTheManual) {
  const std::pair<ErrorCode, int> expected[] = {{ErrorCode::kBadConfig, 2},    {ErrorCode::kBadInput, 3}, {ErrorCode::kNotFound, 3},
                                                {ErrorCode::kIo, 4},           {ErrorCode::kCorrupt, 5},  {ErrorCode::kDiverged, 6},
                                                {ErrorCode::kInterrupted, 130}};
  for (const auto& [code, number] : expected) EXPECT_EQ(exit_code(code), number);
}

TEST(Progress, LineSaysShareRateAndTimeLeft) {
  EXPECT_EQ(progress_line("ingest", 250, 1000, "rows", 5, false), "ingest   25 %  50 rows/s  0:15 left");
  EXPECT_EQ(progress_line("fit", 2'500'000, 5'000'000, "rows", 1, true), "fit   50 %  [############............]  2.5 M rows/s  0:01 left");
  EXPECT_EQ(progress_line("read", 1000, 0, "rows", 2, true), "read  500 rows/s");  // total unknown
  EXPECT_EQ(progress_line("read", 0, 10, "rows", 0, false), "read    0 %");
}

TEST(Progress, PlainStreamGetsWholeLinesWithoutControlCharacters) {
  std::FILE* file = std::tmpfile();
  StreamProgress progress(file, /*is_terminal=*/false);
  progress.begin("train", 10, "rows");
  for (std::uint64_t done = 1; done <= 10; ++done) progress.advance(done);
  progress.note("epoch 1: loss 2.5");
  progress.end();
  char text[512] = {};
  std::rewind(file);
  const std::size_t size = std::fread(text, 1, sizeof text - 1, file);
  std::fclose(file);
  const std::string_view written(text, size);
  EXPECT_THAT(written, testing::StartsWith("epoch 1: loss 2.5\ntrain: 10 rows in "));  // ten quick steps: no line for each
  EXPECT_THAT(written, testing::Not(HasSubstr("\033")));
}

}  // namespace
}  // namespace gemel::cli
