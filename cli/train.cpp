// gemel train: chooses knobs and epochs on the validation period, fits once more on all that lies before the test, writes a bundle.
#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/beside.h"
#include "cli/command.h"
#include "cli/run_place.h"
#include "gemel/base/file.h"
#include "gemel/base/version.h"
#include "gemel/eval/select.h"
#include "gemel/models/checkpoint_folder.h"
#include "gemel/numerics/kernels.h"
#include "gemel/retrieval/bundle.h"

namespace gemel::cli {
namespace {

constexpr std::string_view kCheckpointEnding = ".checkpoint";

struct TrainOptions {
  std::string dataset, out, model = "two_tower", config, protocol = "rolling_week", repeats = "keep", curves;
  std::uint64_t seed = 1;
  double checkpoint_minutes = 5;
  bool on_all = false, json = false, resume = false;
};

nlohmann::json metrics_of(const Selection& selection, const TrainOptions& options) {
  nlohmann::json trials = nlohmann::json::array();
  for (const Trial& trial : selection.trials)
    trials.push_back(
        {{"knobs", trial.knobs}, {"validation_ndcg_at_20", trial.ndcg_at_20}, {"validation_recall_at_20", trial.recall_at_20}});
  return {{"protocol", options.protocol},
          {"repeats", options.repeats},
          {"seed", options.seed},
          {"trials", trials},
          {"warnings", selection.warnings}};
}

void print_answer(const TrainOptions& options, const Selection& selection, const nlohmann::json& metrics) {
  if (options.json) {
    std::cout
        << nlohmann::json{{"bundle", options.out}, {"model", options.model}, {"knobs", selection.knobs}, {"validation", metrics}}.dump(1)
        << "\n";
    return;
  }
  if (const auto index = selection.model->index_report(); index && index->num_partitions > 0)
    std::cout << fmt::format("{}: search {}\n", options.model, index_label(*index));
  double best = 0;
  for (const Trial& trial : selection.trials) best = std::max(best, trial.ndcg_at_20);
  if (selection.trials.empty()) {
    std::cout << fmt::format("{}: no validation part to be judged on; bundle in {}\n", options.model, options.out);
    return;
  }
  std::cout << fmt::format("{}: validation NDCG@20 {:.4f} ({}, repeats {}); bundle in {}\n", options.model, best, options.protocol,
                           options.repeats, options.out);
}

// Whatever can be refused without the work is refused before it.
Result<void> check_places(const TrainOptions& options) {
  GEMEL_RETURN_IF_ERROR(AtomicDirectory::check(options.out, kManifestFile));
  return check_place("--curves", options.curves);
}

// Two builds of one version may differ in the last bits. Empty where the system does not tell.
std::string this_build() {
  const auto program = MappedFile::open("/proc/self/exe");
  return program ? program->checksum() : "";
}

// Whatever decides the bundle's bytes stands in a checkpoint, and one of a run that differs is refused. The number of threads decides
// nothing.
Result<CheckpointFolder> open_checkpoints(const TrainOptions& options, const Dataset& dataset, const std::string& knobs,
                                          ProgressSink& progress) {
  GEMEL_ASSIGN_OR_RETURN(const auto model, make_model(options.model, knobs));
  return CheckpointFolder::open({.folder = beside(options.out, kCheckpointEnding),
                                 .run = {{"program", concat("gemel ", program_version())},
                                         {"build", this_build()},
                                         {"instruction_set", kernels().name},  // results of another may differ in the last bits
                                         {"data", dataset.fingerprint()},
                                         {"shop_toml", checksum_hex(dataset.config().text)},
                                         {"model", options.model},
                                         {"knobs", model->knobs()},
                                         {"protocol", options.protocol},
                                         {"repeats", options.repeats},
                                         {"seed", concat(options.seed)},
                                         {"on_all", options.on_all ? "true" : "false"}},
                                 .interval = std::chrono::duration<double, std::ratio<60>>(options.checkpoint_minutes),
                                 .resume = options.resume},
                                progress);
}

// What a run that was stopped says last.
Failure with_way_on(const Error& error, const CheckpointFolder& checkpoints, const TrainOptions& options) {
  if (error.code != ErrorCode::kInterrupted) return Failure{error};
  const std::string lost = checkpoints.lost() ? concat("; the last checkpoint could not be written: ", checkpoints.lost()->message) : "";
  if (!checkpoints.has_checkpoint()) return fail(error.code, error.message, lost.empty() ? "; there was nothing to keep yet" : lost);
  return fail(error.code, error.message, lost, lost.empty() ? "; a checkpoint is in " : "; an earlier one is in ",
              beside(options.out, kCheckpointEnding), ": the same command with --resume goes on from it");
}

// A resumed run knows only the part of the fit that it did itself, and says nothing.
Result<void> write_cost(const TrainOptions& options, const Selection& selection) {
  nlohmann::json cost{{"fit_seconds", selection.last_fit_seconds}, {"fit_peak_bytes", nullptr}};
  if (selection.last_fit_peak_bytes) cost["fit_peak_bytes"] = *selection.last_fit_peak_bytes;
  if (options.resume) cost["fit_seconds"] = cost["fit_peak_bytes"] = nullptr;
  return replace_file(beside(options.out, kCostEnding), cost.dump() + "\n");
}

Result<void> train(const TrainOptions& options, CommandContext& run) {
  GEMEL_ASSIGN_OR_RETURN(const Protocol protocol, parse_protocol(options.protocol));
  GEMEL_ASSIGN_OR_RETURN(const Repeats repeats, parse_repeats(options.repeats));
  const ModelEntry* entry = find_model(options.model);
  if (entry == nullptr) return Failure{make_model(options.model, "").error()};  // its message lists the names that there are
  GEMEL_ASSIGN_OR_RETURN(const Dataset dataset, Dataset::open(options.dataset));
  GEMEL_ASSIGN_OR_RETURN(const ConfigFile config,
                         options.config.empty() ? open_model_config(dataset.config()) : ConfigFile::open(options.config));
  const std::string config_path = options.config.empty() ? dataset.config().path.string() : options.config;
  GEMEL_RETURN_IF_ERROR(check_models(config));
  const auto split_or_error = make_split(dataset, dataset.config().split);
  if (!split_or_error) return with_context(split_or_error.error(), dataset.config().path.string());
  const Split& split = *split_or_error;
  GEMEL_RETURN_IF_ERROR(check_places(options));
  // Two runs on one --out would remove each other's checkpoints and mix their curves.
  GEMEL_ASSIGN_OR_RETURN(const auto lock, lock_place(beside(options.out, kCheckpointEnding), run.progress()));
  const std::string knobs = fixed_knobs(config, options.model);
  GEMEL_ASSIGN_OR_RETURN(CheckpointFolder checkpoints, open_checkpoints(options, dataset, knobs, run.progress()));
  const SelectOptions select{.protocol = protocol,
                             .repeats = repeats,
                             .seed = options.seed,
                             .curves_path = options.curves.empty() ? beside(options.out, kCurvesEnding) : options.curves,
                             .refit_on_all = options.on_all,
                             .checkpoints = &checkpoints};
  auto selected = select_on_validation(*entry, knobs, dataset, split, select, run.pool(), run.progress());
  if (!selected) return name_config(with_way_on(selected.error(), checkpoints, options).error, config_path);
  const Selection selection = *std::move(selected);
  const nlohmann::json metrics = metrics_of(selection, options);
  const TimePoint cut = options.on_all ? split.until : split.test_from;
  const auto saved = save_bundle(options.out, {.model = *selection.model,
                                               .dataset = dataset,
                                               .num_events = options.on_all ? split.end : split.test_begin,
                                               .trained_until = cut,
                                               .cut = cut,
                                               .metrics_json = metrics.dump()});
  if (!saved) return with_way_on(saved.error(), checkpoints, options);
  GEMEL_RETURN_IF_ERROR(checkpoints.remove());
  GEMEL_RETURN_IF_ERROR(write_cost(options, selection));
  print_answer(options, selection, metrics);
  if (!selection.warnings.empty())
    return fail(ErrorCode::kDiverged, selection.warnings.front(), "; the bundle in ", options.out, " holds it");
  return {};
}

std::string model_names() {
  std::string names;
  for (const ModelEntry& entry : registered_models()) names += concat(names.empty() ? "" : ", ", entry.name);
  return names;
}

}  // namespace

void add_train(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<TrainOptions>();
  CLI::App& command = add_command(app, context,
                                  {.name = "train",
                                   .summary = "Fit a model: choices on validation, then once more up to the test; write a bundle",
                                   .example = "gemel train out/shop --model two_tower --out out/shop_bundle\n"
                                              "  gemel train out/shop --model two_tower --out out/shop_bundle --resume"},
                                  [options](CommandContext& run) { return train(*options, run); });
  command.add_option("dataset", options->dataset, "Directory that `gemel ingest` wrote")->required();
  command.add_option("--out", options->out, "Bundle to write; an older bundle there is replaced")->required();
  command.add_option("--model", options->model, model_names())->capture_default_str();
  command.add_option("--config", options->config, "TOML file whose [models.<name>] table sets knobs; otherwise that of shop.toml");
  command.add_option("--protocol", options->protocol, "What validation asks: rolling_week, per_event, frozen or frozen_trial")
      ->capture_default_str();
  command.add_option("--repeats", options->repeats, "keep, or drop what the customer had before from rankings and targets")
      ->capture_default_str();
  command.add_option("--curves", options->curves, "Where loss and accuracy are written as they come; otherwise <out>.curves.jsonl");
  command.add_option("--seed", options->seed, "Same seed, same bytes")->capture_default_str()->check(seed_range());
  command.add_flag("--resume", options->resume,
                   "Go on from the checkpoint of the same command, stopped or killed; the bundle is the same, bit for bit");
  command
      .add_option("--checkpoint-minutes", options->checkpoint_minutes,
                  "A checkpoint in <out>.checkpoint/ every so many minutes inside an epoch, besides the one at its end; 0: none inside")
      ->capture_default_str()
      ->check(minutes_range());
  command.add_flag("--on-all", options->on_all, "Fit the last time on all events, the test period included: for serving, not for judging");
  command.add_flag("--json", options->json, "The answer as JSON");
}

}  // namespace gemel::cli
