// Where a long fit leaves its state, so that a run which was interrupted or killed goes on bit for bit. A run has stages, one after the
// other: the fit of each setting on train, then the last fit. A checkpoint belongs to one stage and carries what the stages before it
// found. Models that fit in seconds ignore it. Thread safety: one caller, the thread that trains.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "gemel/base/result.h"

namespace gemel {

class CheckpointStore {
 public:
  struct Stage {
    std::string name;            // "last fit"
    std::string carried = "{}";  // a JSON object, of whoever leads through the stages
  };
  // Puts the files of a state into an empty folder; no folders inside it.
  using WriteState = std::function<Result<void>(const std::filesystem::path& folder)>;

  virtual ~CheckpointStore() = default;

  // For whoever leads through the stages: where an earlier run stopped; empty: nothing to go on from.
  virtual const std::optional<Stage>& resumed() const = 0;
  virtual void begin(Stage stage) = 0;

  // For the fit of a stage: the folder with the state to begin at, whole and checked, until the first save; empty: from the start.
  virtual std::optional<std::filesystem::path> state() const = 0;
  // Whether the last one is old enough for another. Where saving is cheap beside what was done, as at the end of an epoch, do not ask.
  virtual bool is_due() const = 0;
  // Replaces what was saved before, whole or not at all. Error: kIo, and then the earlier one is as it was.
  virtual Result<void> save(const WriteState& write) = 0;
};

}  // namespace gemel
