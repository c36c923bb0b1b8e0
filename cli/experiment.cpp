// gemel experiment: trains a set of configurations with several seeds and draws the comparison.
#include "gemel/eval/experiment.h"

#include <fmt/format.h>

#include <iostream>

#include "cli/command.h"
#include "cli/table.h"
#include "gemel/base/file.h"

namespace gemel::cli {
namespace {

struct ExperimentOptions {
  std::vector<std::string> files;
  std::string out = "out/experiments", dataset;
  bool json = false;
};

std::string interval_text(const Interval& interval, bool with_sign) {
  return with_sign ? fmt::format("{:+.4f} [{:+.4f}, {:+.4f}]", interval.value, interval.low, interval.high)
                   : fmt::format("{:.4f} [{:.4f}, {:.4f}]", interval.value, interval.low, interval.high);
}

void print_comparison(const ExperimentConfig& config, const std::vector<Outcome>& outcomes, const std::filesystem::path& folder) {
  Table table({"run", "recall@20 [95 %]", "NDCG@20 [95 %]", "minus the first", "seconds"});
  const auto compared = compare_runs(config, outcomes);
  for (const ComparedRun& run : compared)
    table.add_row({run.run.title, interval_text(run.recall_at_20, false), interval_text(run.ndcg_at_20, false),
                   &run == &compared.front() ? "" : interval_text(run.ndcg_difference, true), fmt::format("{:.1f}", run.seconds)});
  std::cout << config.title << ": " << to_text(config.protocol) << ", repeats " << to_text(config.repeats) << ", intervals over "
            << config.seeds.size() << " seeds\n"
            << table.text() << "results.json and pictures in " << folder.string() << "\n\n";
}

Result<void> run_all(const ExperimentOptions& options, CommandContext& run) {
  std::vector<ExperimentConfig> configs;
  for (const std::string& file : options.files) {
    GEMEL_ASSIGN_OR_RETURN(ExperimentConfig config, ExperimentConfig::open(file));
    if (!options.dataset.empty()) config.dataset = options.dataset;
    configs.push_back(std::move(config));
  }
  for (std::size_t i = 0; i < configs.size(); ++i) {
    const std::filesystem::path folder = std::filesystem::path(options.out) / std::filesystem::path(options.files[i]).stem();
    auto outcomes = run_experiment(configs[i], folder, run.pool(), run.progress());
    if (!outcomes) {
      const Error& error = outcomes.error();
      if (error.code != ErrorCode::kInterrupted) return with_context(error, options.files[i]);
      return fail(error.code, error.message, "; finished runs are kept in ", folder.string(), ": the same command goes on from there");
    }
    GEMEL_RETURN_IF_ERROR(write_experiment(configs[i], *outcomes, folder));
    if (!options.json) {
      print_comparison(configs[i], *outcomes, folder);
      continue;
    }
    GEMEL_ASSIGN_OR_RETURN(const std::string text, read_file(folder / "results.json"));
    std::cout << text;
  }
  return {};
}

}  // namespace

void add_experiment(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<ExperimentOptions>();
  CLI::App& command = add_command(app, context,
                                  {.name = "experiment",
                                   .summary = "Train configurations side by side, with several seeds; a table, JSON and pictures",
                                   .example = "gemel experiment experiments/sephora.toml --out out/experiments"},
                                  [options](CommandContext& run) { return run_all(*options, run); });
  command.add_option("files", options->files, "Experiments (docs/experiments.md); finished runs of an earlier call are kept")->required();
  command.add_option("--out", options->out, "Folder for results.json, pictures and runs, one below it for each file")
      ->capture_default_str();
  command.add_option("--dataset", options->dataset, "Directory that `gemel ingest` wrote, in place of the one that the files name");
  command.add_flag("--json", options->json, "The results as JSON, one object a file");
}

}  // namespace gemel::cli
