// The state of a fit between two steps, in files: what a checkpoint holds of a two-tower model (docs/formats/checkpoint.md). Whatever is
// made anew from data, knobs and seed is not in it: encoders, the order of an epoch, random numbers (streams named by seed and step).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "gemel/models/two_tower/calibration.h"
#include "gemel/models/two_tower/network.h"
#include "gemel/models/two_tower/trainer.h"
#include "gemel/models/two_tower/weight_average.h"

namespace gemel {

// The best epoch so far, by validation.
struct BestEpoch {
  double score = -1;
  std::size_t epoch = 0;  // 0: none yet
  Network network;
  Calibration calibration;
};

// What a fit knows beside the network it changes.
struct TrainingRun {
  EpochPosition position;
  Network last_good;  // after the epoch before: kept when this one diverges
  BestEpoch best;
  WeightAverage average;            // over the steps so far
  Calibration calibration;          // after the epoch before; empty: not yet, or not at all
  std::vector<std::string> curves;  // lines of curves.jsonl so far
};

// frequency: null where the loss takes exact counts. Error: kIo.
Result<void> save_training(const std::filesystem::path& folder, const TrainingRun& run, const Network& network,
                           const StreamingFrequency* frequency);

// `network` as initialised; shapes are checked against it. Optimiser state belongs to `network` alone: the others are only kept or served.
// Errors: kCorrupt, kIo.
Result<void> load_training(const std::filesystem::path& folder, TrainingRun& run, Network& network, StreamingFrequency* frequency);

}  // namespace gemel
