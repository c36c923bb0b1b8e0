// gemel report: everything that a choice between models stands on, in one HTML file.
#include "gemel/eval/report.h"

#include <fmt/format.h>

#include <iostream>

#include "cli/judging.h"
#include "cli/run_place.h"
#include "gemel/base/file.h"
#include "gemel/report/document.h"
#include "gemel/report/example_customers.h"
#include "gemel/report/page.h"

namespace gemel::cli {
namespace {

struct ReportOptions {
  JudgeOptions judge;
  std::string out = "report.html", json, title;
};

Result<void> write_report(const ReportOptions& options, CommandContext& run) {
  GEMEL_RETURN_IF_ERROR(check_place("--out", options.out));
  GEMEL_RETURN_IF_ERROR(check_place("--json", options.json));
  GEMEL_ASSIGN_OR_RETURN(const Judging judging, open_judging(options.judge));

  const std::vector<std::uint32_t> examples = report::draw_examples(judging.plan, judging.histories, options.judge.seed);
  auto map = report::ProductMap::of_best_sellers(judging.dataset, judging.split.test_begin);
  std::size_t num_seen = 0;
  const auto look = [&](const Recommender& model) { map.add(num_seen++, model, run.pool()); };
  GEMEL_ASSIGN_OR_RETURN(std::vector<JudgedModel> judged, judge_all(judging, {.watched = examples, .curves = true, .look = look}, run));

  std::vector<Contender> contenders;
  std::vector<report::FitStory> stories;
  for (JudgedModel& each : judged) {
    contenders.push_back(std::move(each.contender));
    stories.push_back(std::move(each.story));
  }
  const Comparison comparison = compare(std::move(contenders), options.judge.seed, run.pool());
  const Promotion promotion = decide_promotion(comparison, options.judge.seed, run.pool());
  const std::string name = judging.dataset.directory().filename().string();
  const std::string json = report::report_json({.dataset = judging.dataset,
                                                .histories = judging.histories,
                                                .split = judging.split,
                                                .plan = judging.plan,
                                                .comparison = comparison,
                                                .promotion = promotion,
                                                .stories = stories,
                                                .examples = examples,
                                                .map = map,
                                                .title = options.title.empty() ? concat("What to recommend in ", name) : options.title,
                                                .command = command_line("report", judging.options)});
  if (!options.json.empty() && options.json != "-") GEMEL_RETURN_IF_ERROR(replace_file(options.json, json));
  const std::string title = options.title.empty() ? concat("What to recommend in ", name) : options.title;
  GEMEL_RETURN_IF_ERROR(replace_file(options.out, report::html_page(report::PageKind::kReport, title, json)));
  if (options.json == "-") {
    std::cout << json << "\n";
  } else {
    std::cout << verdict(comparison) << "\n" << promotion.reason << "\nThe report is in " << options.out << "\n";
  }
  return {};
}

}  // namespace

void add_report(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<ReportOptions>();
  CLI::App& command =
      add_command(app, context,
                  {.name = "report",
                   .summary = "Judge models as evaluate does, and write all of it as one HTML page and as JSON",
                   .example = "gemel report out/shop --bundle out/shop_bundle --out out/report.html --json out/report.json\n"
                              "  gemel report out/shop --models popularity,item_knn,two_tower --out out/report.html"},
                  [options](CommandContext& run) { return write_report(*options, run); });
  add_judge_options(command, options->judge);
  command.add_option("--out", options->out, "The page: one file that needs nothing but a browser")->capture_default_str();
  command.add_option("--json", options->json, "Write everything that the page says as JSON to this file; - writes it to stdout");
  command.add_option("--title", options->title, "Headline of the page; otherwise the name of the Dataset");
}

}  // namespace gemel::cli
