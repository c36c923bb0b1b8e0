// gemel evaluate: a table of how good models are on the test period.
#include <iostream>

#include "cli/judging.h"
#include "cli/run_place.h"
#include "gemel/base/file.h"
#include "gemel/eval/report.h"

namespace gemel::cli {
namespace {

struct EvaluateOptions {
  JudgeOptions judge;
  std::string json, results, data_name;
};

Result<void> write_answer(const EvaluateOptions& options, const Judging& judging, const Comparison& comparison,
                          const Promotion& promotion) {
  const std::string json = json_report(comparison, promotion);
  std::cout << (options.json == "-" ? json : text_report(comparison, promotion)) << std::flush;
  if (!options.json.empty() && options.json != "-") GEMEL_RETURN_IF_ERROR(replace_file(options.json, json));
  if (options.results.empty()) return {};
  return merge_results(options.results, comparison,
                       {.data = options.data_name, .seed = options.judge.seed, .command = command_line("evaluate", judging.options)});
}

Result<void> evaluate_all(const EvaluateOptions& options, CommandContext& run) {
  GEMEL_RETURN_IF_ERROR(check_place("--json", options.json));
  GEMEL_RETURN_IF_ERROR(check_place("--results", options.results));
  if (!options.results.empty() && options.data_name.empty())
    return fail(ErrorCode::kBadConfig, "--results needs --data-name, the name that its rows give the data");
  if (!options.results.empty()) GEMEL_RETURN_IF_ERROR(check_results(options.results));
  GEMEL_ASSIGN_OR_RETURN(const Judging judging, open_judging(options.judge));
  GEMEL_ASSIGN_OR_RETURN(std::vector<JudgedModel> judged, judge_all(judging, {}, run));
  std::vector<Contender> contenders;
  for (JudgedModel& each : judged) contenders.push_back(std::move(each.contender));
  const Comparison comparison = compare(std::move(contenders), options.judge.seed, run.pool());
  return write_answer(options, judging, comparison, decide_promotion(comparison, options.judge.seed, run.pool()));
}

}  // namespace

void add_evaluate(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<EvaluateOptions>();
  CLI::App& command =
      add_command(app, context,
                  {.name = "evaluate",
                   .summary = "Judge models on the test period: metrics with intervals, differences to the best baseline",
                   .example = "gemel evaluate out/shop --bundle out/shop_bundle --protocol rolling_week --json report.json"},
                  [options](CommandContext& run) { return evaluate_all(*options, run); });
  add_judge_options(command, options->judge);
  command.add_option("--json", options->json, "Write the whole report as JSON to this file; - writes it to stdout in place of the table");
  command.add_option("--results", options->results, "Merge the figures into this list of results (docs/results.json)");
  command.add_option("--data-name", options->data_name, "What --results calls the data: sephora, amazon_beauty, ...");
}

}  // namespace gemel::cli
