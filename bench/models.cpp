// bench_models DATASET MODEL KNOBS THREADS: fits the model on all events and prints the seconds of each epoch, or of the whole fit where it
// has none: what models.py compares with its peers.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <vector>

#include "gemel/models/registry.h"

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Notes the time between two epochs.
class EpochTimes : public gemel::ProgressSink {
 public:
  void begin(std::string_view stage, std::uint64_t, std::string_view unit) override {
    is_fit_ = stage.starts_with("fit") && unit == "epochs";
    last_ = Clock::now();
  }
  void advance(std::uint64_t) override {
    if (is_fit_) seconds.push_back(seconds_since(last_));
    last_ = Clock::now();
  }
  std::vector<double> seconds;

 private:
  bool is_fit_ = false;
  Clock::time_point last_;
};

}  // namespace

int main(int argc, char** argv) {
  using namespace gemel;
  if (argc != 5) {
    fmt::print(stderr, "usage: bench_models DATASET MODEL KNOBS THREADS\n");
    return 2;
  }
  const auto dataset = Dataset::open(argv[1]);
  const auto model = make_model(argv[2], argv[3]);
  if (!dataset || !model) {
    fmt::print(stderr, "{}\n", dataset ? model.error().message : dataset.error().message);
    return 2;
  }
  ThreadPool pool(static_cast<std::size_t>(std::atoi(argv[4])));
  EpochTimes times;
  const auto start = Clock::now();
  const auto outcome = (*model)->fit({&*dataset, dataset->num_events(), dataset->times().back() + std::chrono::microseconds(1)},
                                     {.pool = pool, .progress = times});
  const double all = seconds_since(start);
  if (!outcome) {
    fmt::print(stderr, "{}\n", outcome.error().message);
    return 3;
  }
  if (times.seconds.empty()) times.seconds.push_back(all);
  fmt::print("{}\n", fmt::join(times.seconds, " "));
}
