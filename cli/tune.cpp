// gemel tune: searches the knobs of models on the validation period, each with the same budget, and writes the best as a configuration.
#include <fmt/format.h>

#include <iostream>
#include <set>

#include "cli/command.h"
#include "cli/model_list.h"
#include "cli/run_place.h"
#include "cli/table.h"
#include "gemel/base/file.h"
#include "gemel/report/page.h"
#include "gemel/tune/document.h"

namespace gemel::cli {
namespace {

struct TuneCommand {
  std::string dataset, out = "tuning", config, protocol = "rolling_week", repeats = "keep";
  std::string models;  // as they were typed
  std::uint64_t seed = 1;
  std::size_t trials = 27;
  double minutes = 0;
  bool json = false;
};

std::string command_line(const TuneCommand& options, const std::vector<std::string>& models) {
  std::string text = concat("gemel tune ", fmt::format("{}", fmt::join(models, ",")), " ", options.dataset, " --trials ", options.trials);
  if (options.minutes > 0) text += concat(" --minutes ", options.minutes);
  if (!options.config.empty()) text += concat(" --config ", options.config);
  return text + concat(" --protocol ", options.protocol, " --repeats ", options.repeats, " --seed ", options.seed);
}

// Whatever can be refused without the work is refused before it.
Result<std::vector<std::string>> models_to_tune(const std::string& typed) {
  GEMEL_ASSIGN_OR_RETURN(std::vector<std::string> models, parse_model_list("tune", {&typed, 1}));
  if (models.empty()) return fail(ErrorCode::kBadConfig, "tune: expected names of models, found '", typed, "'");
  for (const std::string& name : models)
    if (find_model(name)->tuning_space == nullptr) return fail(ErrorCode::kBadConfig, "tune: ", name, " has no knobs worth a search");
  return models;
}

// How many settings could not be fitted, and why the first could not; empty: all could.
std::string failures_text(const tune::Tuning& tuning) {
  std::set<std::size_t> failed;
  std::string first;
  for (const tune::Attempt& each : tuning.attempts) {
    if (each.error.empty()) continue;
    if (failed.empty()) first = concat("; trial ", each.trial, ": ", each.error);
    failed.insert(each.trial);
  }
  if (failed.empty()) return "";
  return concat(tuning.model, ": ", failed.size(), failed.size() == 1 ? " setting" : " settings", " could not be fitted", first, "\n");
}

std::string table_text(std::span<const tune::Tuning> tunings) {
  Table table({"model", "settings", "fits", "NDCG@20 before", "NDCG@20 tuned", "gain", "recall@20", "seconds"});
  for (const tune::Tuning& tuning : tunings) {
    const tune::Attempt &own = tuning.attempts.front(), &best = tuning.attempts[tuning.best];
    std::set<std::size_t> settings;  // the model's own knobs among them
    for (const tune::Attempt& each : tuning.attempts) settings.insert(each.trial);
    table.add_row({tuning.model, concat(settings.size() - 1), concat(tuning.attempts.size()), fmt::format("{:.4f}", own.ndcg_at_20),
                   fmt::format("{:.4f}", best.ndcg_at_20), fmt::format("{:+.4f}", best.ndcg_at_20 - own.ndcg_at_20),
                   fmt::format("{:.4f}", best.recall_at_20), fmt::format("{:.0f}", tuning.seconds)});
  }
  return table.text();
}

void print_answer(const TuneCommand& options, std::span<const tune::Tuning> tunings, const std::string& json) {
  if (options.json) {
    std::cout << json << "\n";
    return;
  }
  std::cout << "On validation; the test was not looked at.\n\n" << table_text(tunings) << "\n";
  for (const tune::Tuning& tuning : tunings) {
    std::cout << tuning.model << ": " << tune::in_one_line(tuning.knobs[tuning.best]) << "\n";
    if (tuning.space.empty())
      std::cout << tuning.model << ": nothing was searched: the configuration fixes every knob that a search would try\n";
    std::cout << failures_text(tuning);
    if (tuning.out_of_time) std::cout << tuning.model << ": the minutes were used up; the same command with more of them goes on\n";
  }
  bool has_baseline = false;
  for (const tune::Tuning& tuning : tunings) has_baseline |= find_model(tuning.model)->is_baseline;
  if (!has_baseline)
    std::cout << "No baseline was tuned beside: give it the same budget before you compare, as in gemel tune two_tower,popularity ...\n";
  std::cout << "The best knobs are in " << options.out << "/best.toml (gemel train --config), all trials in " << options.out
            << "/tuning.html\n";
}

Result<void> tune_all(const TuneCommand& options, CommandContext& run) {
  GEMEL_ASSIGN_OR_RETURN(const Protocol protocol, parse_protocol(options.protocol));
  GEMEL_ASSIGN_OR_RETURN(const Repeats repeats, parse_repeats(options.repeats));
  GEMEL_ASSIGN_OR_RETURN(const std::vector<std::string> models, models_to_tune(options.models));
  GEMEL_ASSIGN_OR_RETURN(const Dataset dataset, Dataset::open(options.dataset));
  GEMEL_ASSIGN_OR_RETURN(const ConfigFile config,
                         options.config.empty() ? open_model_config(dataset.config()) : ConfigFile::open(options.config));
  GEMEL_RETURN_IF_ERROR(check_models(config));
  const std::string config_path = options.config.empty() ? dataset.config().path.string() : options.config;
  const auto split = make_split(dataset, dataset.config().split);
  if (!split) return with_context(split.error(), dataset.config().path.string());
  const std::filesystem::path folder = options.out;
  std::error_code code;
  std::filesystem::create_directories(folder, code);
  if (code) return fail(ErrorCode::kIo, options.out, ": making the folder failed: ", code.message());
  GEMEL_ASSIGN_OR_RETURN(const auto lock, lock_place(folder, run.progress()));  // two runs would replace each other's trials

  tune::TuneOptions search{.protocol = protocol,
                           .repeats = repeats,
                           .seed = options.seed,
                           .num_trials = options.trials,
                           .minutes = options.minutes,
                           .trials_path = {}};
  const std::string command = command_line(options, models);
  std::vector<tune::Tuning> tunings;
  std::string best;
  for (const std::string& name : models) {
    search.trials_path = folder / concat(name, ".trials.jsonl");
    auto tuned = tune::tune(*find_model(name), tune::fixed_knobs_of(config, name), dataset, *split, search, run.pool(), run.progress());
    if (!tuned && tuned.error().code == ErrorCode::kInterrupted)
      return fail(ErrorCode::kInterrupted, tuned.error().message, "; what was found is in ", search.trials_path.string(),
                  ": the same command goes on from it");
    if (!tuned) return name_config(tuned.error(), config_path);
    best += concat(best.empty() ? "" : "\n", tune::best_toml(*tuned, command));
    tunings.push_back(*std::move(tuned));
  }
  const std::string title = concat("Knobs for ", dataset.directory().filename().string());
  const std::string json =
      tune::tuning_json({.tunings = tunings, .options = search, .dataset = dataset, .title = title, .command = command});
  GEMEL_RETURN_IF_ERROR(replace_file(folder / "best.toml", best));
  GEMEL_RETURN_IF_ERROR(replace_file(folder / "tuning.json", json + "\n"));
  GEMEL_RETURN_IF_ERROR(replace_file(folder / "tuning.html", report::html_page(report::PageKind::kTuning, title, json)));
  print_answer(options, tunings, json);
  return {};
}

}  // namespace

void add_tune(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<TuneCommand>();
  CLI::App& command =
      add_command(app, context,
                  {.name = "tune",
                   .summary = "Search the knobs of models on the validation period, each with the same budget",
                   .example = "gemel tune two_tower,popularity,item_knn out/shop --trials 27 --out out/tuning\n"
                              "  gemel tune item_knn out/shop --minutes 5 --out out/tuning\n"
                              "  gemel train out/shop --model two_tower --config out/tuning/best.toml --out out/shop_bundle"},
                  [options](CommandContext& run) { return tune_all(*options, run); });
  // One text, since a list would swallow the dataset too.
  command.add_option("models", options->models, "Models to tune, separated by commas")->required();
  command.add_option("dataset", options->dataset, "Directory that `gemel ingest` wrote")->required();
  command
      .add_option("--out", options->out,
                  "Folder for best.toml, tuning.html, tuning.json and <model>.trials.jsonl; a search that is found there goes on")
      ->capture_default_str();
  command.add_option("--trials", options->trials, "Settings to try for each model, besides its own knobs")
      ->capture_default_str()
      ->check(CLI::Range(0, 100'000).description(""));
  command
      .add_option("--minutes", options->minutes,
                  "Begin nothing new for a model once its fits took so long, earlier runs included; 0: no limit")
      ->capture_default_str()
      ->check(minutes_range());
  command.add_option("--config", options->config, "TOML file whose [models.<name>] tables fix knobs; otherwise those of shop.toml");
  command.add_option("--protocol", options->protocol, "What validation asks: rolling_week, per_event, frozen or frozen_trial")
      ->capture_default_str();
  command.add_option("--repeats", options->repeats, "keep, or drop what the customer had before from rankings and targets")
      ->capture_default_str();
  command.add_option("--seed", options->seed, "Same seed, same trials")->capture_default_str()->check(seed_range());
  command.add_flag("--json", options->json, "The answer as JSON, all trials included");
}

}  // namespace gemel::cli
