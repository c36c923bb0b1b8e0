// bench_train DATASET CONFIG THREADS STEPS: trains the two-tower that the file CONFIG describes on so many random batches and prints, as
// JSON, the seconds of each step, the mean loss, the rate of a plain GEMM and the peak of memory: what train.py compares with its peers.
// bench_train DATASET CONFIG THREADS STEPS FILE: writes to FILE the initial parameters, what each step's batch reads and its loss, so that
// another implementation can go through the same steps.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

#include "gemel/models/two_tower/counters.h"
#include "gemel/models/two_tower/trainer.h"
#include "gemel/numerics/gemm.h"

namespace gemel {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// On all threads at once, each its own product.
double gemm_gflops(ThreadPool& pool) {
  constexpr std::size_t kSide = 768;
  constexpr int kRuns = 5;
  const Matrix a(kSide, kSide, 0.5f), b(kSide, kSide, 0.25f);
  std::vector<Matrix> c(pool.num_threads(), Matrix(kSide, kSide));
  double fastest = 1e9;
  for (int run = 0; run < kRuns; ++run) {
    const auto start = Clock::now();
    pool.run(c.size(), [&](std::size_t thread) { gemm(Transpose::kNo, a, Transpose::kNo, b, 1, 0, c[thread]); });
    fastest = std::min(fastest, seconds_since(start));
  }
  return 2e-9 * kSide * kSide * kSide * static_cast<double>(c.size()) / fastest;
}

struct Setup {
  std::optional<Dataset> dataset;  // always there after prepare
  TwoTowerConfig config;
  CandidateEncoder candidates;
  QueryEncoder queries;
  TrendFeatures trend;

  TrainView view() const { return {&*dataset, dataset->num_events(), dataset->times().back() + std::chrono::microseconds(1)}; }
};

Result<void> prepare(const char* dataset, const char* config, Setup& setup) {
  GEMEL_ASSIGN_OR_RETURN(setup.dataset, Dataset::open(dataset));
  GEMEL_ASSIGN_OR_RETURN(const ConfigFile file, ConfigFile::open(config));
  GEMEL_ASSIGN_OR_RETURN(setup.config, TwoTowerConfig::read(file.root()));
  // We divide losses by the batch, the peers' are sums. Adagrad cannot tell them apart if its accumulator starts accordingly.
  const auto batch = static_cast<float>(setup.config.batch_size);
  if (setup.config.optimizer.kind == OptimizerKind::kAdagrad) {
    setup.config.optimizer.initial_accumulator /= batch * batch;
    setup.config.optimizer.adagrad_epsilon /= batch;
  }
  GEMEL_ASSIGN_OR_RETURN(setup.candidates, CandidateEncoder::fit(setup.config, setup.view()));
  GEMEL_ASSIGN_OR_RETURN(setup.queries, QueryEncoder::fit(setup.config, setup.view(), setup.candidates.ids()));
  GEMEL_ASSIGN_OR_RETURN(setup.trend, Counters::make_trend(setup.config, setup.candidates, setup.dataset->num_items()));
  return {};
}

Result<void> time_steps(const Setup& setup, Trainer& trainer, Network& network, ThreadPool& pool, std::size_t num_steps) {
  const double gflops = gemm_gflops(pool);
  EpochPosition position;
  const std::size_t num_blocks = trainer.num_examples() / setup.config.block_size;
  const std::size_t wanted = num_steps * (setup.config.batch_size / setup.config.block_size);
  position.next_block = num_blocks - std::min(num_blocks, wanted);
  std::vector<double> seconds;
  auto last = Clock::now();
  const auto after_step = [&](bool) {
    seconds.push_back(seconds_since(last));
    last = Clock::now();
  };
  ProgressSink silent;
  GEMEL_ASSIGN_OR_RETURN(const EpochCurve curve, trainer.run_epoch(position, network, pool, silent, after_step));
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  fmt::print(R"({{"step_seconds": [{:.6f}], "loss": {:.6f}, "gemm_gflops": {:.1f}, "peak_mib": {:.1f}}})", fmt::join(seconds, ", "),
             curve.loss, gflops, static_cast<double>(usage.ru_maxrss) / 1024);
  fmt::print("\n");
  return {};
}

// Tensors are copied: a writer borrows, and batches are overwritten.
class Recording {
 public:
  void note(std::string name, std::vector<std::uint32_t> values) { integers_.emplace_back(std::move(name), std::move(values)); }
  void note(std::string name, ConstMatrixView values) { matrices_.emplace_back(std::move(name), Matrix(values)); }
  void note(std::string name, const std::vector<float>& values) { note(std::move(name), ConstMatrixView{values.data(), 1, values.size()}); }
  void note(const std::string& name, const TowerInput& input) {
    for (std::size_t bag = 0; bag < input.bags.size(); ++bag) {
      note(fmt::format("{}.{}.offsets", name, bag), input.bags[bag].offsets);
      note(fmt::format("{}.{}.rows", name, bag), input.bags[bag].rows);
      note(fmt::format("{}.{}.weights", name, bag), input.bags[bag].weights);
    }
    note(name + ".numbers", input.numbers);
  }
  Result<void> write(const char* path) const {
    SafetensorsWriter writer;
    for (const auto& [name, values] : integers_) writer.add<std::uint32_t>(name, std::span(values));
    for (const auto& [name, values] : matrices_) writer.add(name, values.view());
    return writer.write(path);
  }

 private:
  std::vector<std::pair<std::string, std::vector<std::uint32_t>>> integers_;
  std::vector<std::pair<std::string, Matrix>> matrices_;
};

std::vector<std::uint32_t> as_integers(const std::vector<std::size_t>& values) { return {values.begin(), values.end()}; }

Result<void> record_steps(const Setup& setup, Trainer& trainer, Network& network, ThreadPool& pool, std::size_t num_steps,
                          const char* path) {
  Recording recording;
  const NetworkSpec spec = make_network_spec(setup.candidates, setup.queries, setup.trend);
  recording.note("query_tables", as_integers(spec.query_tables));
  recording.note("candidate_tables", as_integers(spec.candidate_tables));
  std::size_t place = 0;
  for (const Parameter* parameter : std::as_const(network).parameters())
    recording.note(fmt::format("parameter.{:02}.{}", place++, parameter->name), parameter->value);
  Rng rng(1);
  Optimizer optimizer(setup.config.optimizer);
  TrainingBatch batch;
  Network::Gradients gradients;
  std::vector<float> losses;
  for (std::size_t step = 0; step < num_steps; ++step) {
    std::vector<std::uint32_t> examples(setup.config.batch_size);
    for (std::uint32_t& example : examples) example = static_cast<std::uint32_t>(rng.below(trainer.num_examples()));
    std::ranges::sort(examples);
    trainer.make_batch(examples, step, batch, pool);
    const std::string prefix = fmt::format("step.{:02}.", step);
    recording.note(prefix + "query", batch.queries);
    recording.note(prefix + "candidate", batch.candidates);
    recording.note(prefix + "positive", batch.candidate_set.positive);
    // What a peer subtracts from a candidate's logit in every place where the candidate stands in the batch.
    std::vector<float> multiplicity(batch.candidate_set.items.size(), 0), correction(multiplicity);
    for (const std::uint32_t column : batch.candidate_set.positive) ++multiplicity[column];
    for (std::size_t column = 0; column < correction.size(); ++column)
      correction[column] = std::log(multiplicity[column]) - batch.candidate_set.column_bias[column];
    recording.note(prefix + "correction", correction);
    recording.note(prefix + "multiplicity", multiplicity);
    const SoftmaxResult result = network.compute_gradients(batch, step, gradients, pool);
    losses.push_back(static_cast<float>(result.loss / result.weight));
    optimizer.begin_step(step);
    network.apply(gradients, optimizer, pool);
  }
  recording.note("losses", losses);
  recording.note("learning_rate", std::vector<float>{setup.config.optimizer.learning_rate});
  return recording.write(path);
}

Result<void> run(int argc, char** argv) {
  Setup setup;
  GEMEL_RETURN_IF_ERROR(prepare(argv[1], argv[2], setup));
  ThreadPool pool(static_cast<std::size_t>(std::atoi(argv[3])));
  const auto num_steps = static_cast<std::size_t>(std::atoi(argv[4]));
  GEMEL_ASSIGN_OR_RETURN(Trainer trainer,
                         Trainer::make(setup.config, setup.view(), setup.candidates, setup.queries, setup.trend, /*seed=*/1));
  Network network(setup.config, make_network_spec(setup.candidates, setup.queries, setup.trend), /*seed=*/1);
  if (argc == 6) return record_steps(setup, trainer, network, pool, num_steps, argv[5]);
  return time_steps(setup, trainer, network, pool, num_steps);
}

}  // namespace
}  // namespace gemel

int main(int argc, char** argv) {
  if (argc != 5 && argc != 6) {
    fmt::print(stderr, "usage: bench_train DATASET CONFIG THREADS STEPS [FILE]\n");
    return 2;
  }
  if (const auto done = gemel::run(argc, argv); !done) {
    fmt::print(stderr, "{}\n", done.error().message);
    return 3;
  }
  return 0;
}
