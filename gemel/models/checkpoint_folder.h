// The checkpoints of a run, in a folder beside what it makes: the newest and the one before it, each a folder of its own that appears whole
// or not at all (docs/formats/checkpoint.md). The older one is what a run goes on from when the newest is damaged.
// Thread safety: one caller.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "gemel/base/progress.h"
#include "gemel/models/checkpoint_store.h"

namespace gemel {

inline constexpr int kCheckpointVersion = 1;
inline constexpr std::string_view kCheckpointFile = "checkpoint.json";

// One thing that decides a run's result, such as {"seed", "1"}.
struct RunFact {
  std::string name, value;
  bool operator==(const RunFact&) const = default;
};

struct CheckpointOptions {
  std::filesystem::path folder;
  std::vector<RunFact> run;  // a checkpoint whose facts differ is another run's
  std::chrono::duration<double> interval{0};  // at least this between two inside an epoch; 0: none there
  bool resume = false;
};

class CheckpointFolder final : public CheckpointStore {
 public:
  // Finds what to resume from and says what it found; without `resume`, that something was there. Removes what a killed run left
  // half-written. Errors: kBadConfig (the checkpoint is another run's; the message names what differs), kCorrupt (none is whole), kIo,
  // kBadInput (the place is taken by something else).
  static Result<CheckpointFolder> open(CheckpointOptions options, ProgressSink& progress);

  const std::optional<Stage>& resumed() const override { return resumed_; }
  void begin(Stage stage) override { stage_ = std::move(stage); }
  std::optional<std::filesystem::path> state() const override;
  bool is_due() const override;
  Result<void> save(const WriteState& write) override;

  bool has_checkpoint() const { return newest_ > 0; }  // of this run: resumed from, or saved
  const std::optional<Error>& lost() const { return lost_; }  // why the last save left none; empty after one that did
  Result<void> remove();  // the run is finished

 private:
  explicit CheckpointFolder(CheckpointOptions options) : options_(std::move(options)) {}
  Result<void> find(ProgressSink& progress);
  Result<void> write_next(const WriteState& write);
  Result<Stage> read(std::uint64_t number) const;
  std::vector<std::uint64_t> numbers() const;
  std::filesystem::path path_of(std::uint64_t number) const;
  void remove_half_written() const;
  void discard(std::uint64_t number, std::error_code& code) const;

  CheckpointOptions options_;
  std::optional<Stage> resumed_;
  Stage stage_;
  std::optional<Error> lost_;
  std::uint64_t newest_ = 0;  // number of the newest of this run; 0: none
  std::uint64_t highest_ = 0;  // of all that ever stood in the folder, as far as known
  std::chrono::steady_clock::time_point saved_at_ = std::chrono::steady_clock::now();
};

}  // namespace gemel
