// An experiment: named configurations over a shared base, each fitted with several seeds on one Dataset and judged on its test period.
// docs/experiments.md shows some; a file looks like this:
//
//   title = "..."                      dataset = "../out/sephora"        protocol = "rolling_week"      seeds = [1, 2, 3]
//   [base]                             knobs of the two-tower that all runs share
//   [runs.ids]                         title = "...", knobs = { ... } above those of the base; model = "popularity" for another model,
//                                      which reads its own knobs alone; plot = false keeps its curves out of the pictures
//
// The first run is what the others are compared to. Thread safety: plain values, free functions for one caller.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "gemel/base/config.h"
#include "gemel/eval/bootstrap.h"
#include "gemel/eval/select.h"

namespace gemel {

struct ExperimentRun {
  std::string name, title, model;
  std::string knobs;  // TOML, those of the base included
  bool plot = true;
};

struct ExperimentConfig {
  std::string title;
  std::filesystem::path dataset;  // a folder that `gemel ingest` wrote; relative to the file
  Protocol protocol{};
  Repeats repeats{};
  std::vector<std::uint64_t> seeds;
  std::vector<ExperimentRun> runs;

  // Checks knobs too, as far as they can be without the data. Error: kBadConfig.
  static Result<ExperimentConfig> open(const std::filesystem::path& path);
};

// One epoch of the curves, as the model wrote it.
struct EpochFigures {
  double loss = 0, accuracy = 0, validation_ndcg_at_20 = 0;
};

// A run with one seed: chosen epoch on validation, judged on the test.
struct Outcome {
  std::string run;
  std::uint64_t seed = 0;
  double ndcg_at_20 = 0, recall_at_20 = 0, seconds = 0;
  std::vector<EpochFigures> epochs;
};

struct ComparedRun {
  ExperimentRun run;
  Interval ndcg_at_20, recall_at_20;
  Interval ndcg_difference;  // to the first run, seed by seed
  double seconds = 0;        // a fit with its judgement, mean
  std::vector<EpochFigures> epochs;  // mean over seeds, as far as all of them went
};

// Fits and judges what `folder` does not hold yet; each finished run is kept there as a file of its own and taken over by the next call
// with the same data, knobs, protocol and program. Errors: those of fit and evaluate; kInterrupted, and what was finished stays.
Result<std::vector<Outcome>> run_experiment(const ExperimentConfig& config, const std::filesystem::path& folder, ThreadPool& pool,
                                            ProgressSink& progress);

// Mean and 95 % interval over seeds (Student's t).
Interval mean_over_seeds(const std::vector<double>& values);
std::vector<ComparedRun> compare_runs(const ExperimentConfig& config, const std::vector<Outcome>& outcomes);

// results.json, loss.svg, accuracy.svg, validation.svg and scores.svg in `folder`. Error: kIo.
Result<void> write_experiment(const ExperimentConfig& config, const std::vector<Outcome>& outcomes, const std::filesystem::path& folder);

}  // namespace gemel
