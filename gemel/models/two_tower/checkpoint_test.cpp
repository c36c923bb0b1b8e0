// A fit that is stopped anywhere and goes on from its checkpoint is the fit that never stopped.
#include "gemel/models/two_tower/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "gemel/base/file.h"
#include "gemel/data/testing.h"
#include "gemel/models/registry.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

namespace fs = std::filesystem;
using testing::at_day;
using ::testing::HasSubstr;

Dataset shop_of(int num_events) {
  std::vector<testing::EventRow> events;
  Rng rng(1);
  for (int i = 0; i < num_events; ++i) {
    const auto user = rng.below(40);
    events.push_back({concat("u", user), concat("p", 2 * rng.below(8) + user % 2), static_cast<double>(i) / 10});
  }
  return testing::make_dataset(std::move(events));
}

// Asks for a state after each step and keeps them all; or begins at one of them, and keeps none.
class EveryStep final : public CheckpointStore {
 public:
  EveryStep() = default;
  explicit EveryStep(fs::path begin_at) : begin_at_(std::move(begin_at)) {}
  const std::optional<Stage>& resumed() const override { return none_; }
  void begin(Stage) override {}
  std::optional<fs::path> state() const override { return begin_at_; }
  bool is_due() const override { return !begin_at_; }
  Result<void> save(const WriteState& write) override {
    if (begin_at_) return {};
    saved_.push_back(folder_.path() / concat("state", saved_.size()));
    fs::create_directory(saved_.back());
    return write(saved_.back());
  }
  const std::vector<fs::path>& saved() const { return saved_; }

 private:
  testing::TemporaryFolder folder_;
  std::optional<Stage> none_;
  std::optional<fs::path> begin_at_;
  std::vector<fs::path> saved_;
};

// A disk that is full.
class NoSpace final : public CheckpointStore {
 public:
  const std::optional<Stage>& resumed() const override { return none_; }
  void begin(Stage) override {}
  std::optional<fs::path> state() const override { return std::nullopt; }
  bool is_due() const override { return true; }
  Result<void> save(const WriteState&) override { return fail(ErrorCode::kIo, "no space left on device"); }

 private:
  std::optional<Stage> none_;
};

class Notes final : public ProgressSink {
 public:
  void note(std::string_view line) override { text.append(line).append("\n"); }
  std::string text;
};

// What a fit of this shop leaves: the files of the model, and the curves but for their times.
class Fits {
 public:
  explicit Fits(std::string_view knobs, int embedding_dim = 4)
      : knobs_(concat("embedding_dim = ", embedding_dim,
                      "\nquery_layers = [\"6 relu\", \"4 linear\"]\ncandidate_layers = [\"4 linear\"]\nbatch_size = 64\n"
                      "epochs = 3\nlearning_rate = 0.02\npopularity_half_life_days = [3]\n",
                      knobs)) {}

  Result<std::string> fit(CheckpointStore* checkpoints, std::size_t num_threads, ProgressSink& progress = no_progress()) {
    ThreadPool pool(num_threads);
    const auto model = make_model("two_tower", knobs_).value();
    const testing::TemporaryFolder folder;
    const auto score = [&](Recommender& asked) -> Result<double> {
      std::vector<std::vector<ScoredItem>> out;
      const Query query{.user = UserIndex{1}, .at = at_day(40), .history = {}, .excluded = {}};
      asked.recommend({&query, 1}, 1, {}, pool, out);
      return std::abs(std::sin(out[0][0].score * 1000));  // as good as random: the best epoch may be any
    };
    const Validation validation{.plan = plan_, .histories = histories_, .score = score};
    const auto fitted = model->fit({&shop_, shop_.num_events(), at_day(41)}, {.pool = pool,
                                                                              .progress = progress,
                                                                              .seed = 3,
                                                                              .validation = &validation,
                                                                              .curves_path = folder.path() / "curves",
                                                                              .checkpoints = checkpoints});
    if (!fitted) return Failure{fitted.error()};
    const std::string curves = read_file(folder.path() / "curves").value();
    std::string all = concat(std::ranges::count(curves, '\n'), " epochs, ", model->knobs());
    EXPECT_TRUE(model->save(folder.path()));
    for (const char* file : {"weights", "candidates", "counters"})
      all += concat(", ", checksum_hex(read_file(folder.path() / concat(file, ".safetensors")).value()));
    return all;
  }

 private:
  std::string knobs_;
  Dataset shop_ = shop_of(400);
  Histories histories_{shop_, shop_.num_events()};
  QueryPlan plan_;
};

TEST(Checkpoint, AFitGoesOnFromEveryStateItLeavesToTheSameBytes) {
  for (const char* knobs :
       {"optimizer = \"adam\"\ncalibrate = false", "optimizer = \"adagrad\"\nloss = \"in_batch\"\ncalibrate = false\nschedule = \"cosine\"",
        "optimizer = \"sgd\"\nloss = \"mixed\"\nnum_uniform = 5\nfrequency = \"streaming\"\ncalibrate = false",
        "average_decay = 0.9\nquery_gate = true\ntrend = { units = 4 }\nhistory = { pool = [\"attention\"] }",
        "loss = \"in_batch\"\nfrequency = \"streaming\"\nfrequency_buckets = 7\ncalibrate = false\nfirst_only = true"}) {
    Fits fits(knobs);
    const std::string whole = fits.fit(nullptr, 1).value();
    EveryStep first;
    EXPECT_EQ(fits.fit(&first, 2).value(), whole) << knobs;  // saving changes nothing
    ASSERT_GE(first.saved().size(), 9u) << knobs;
    for (const fs::path& state : first.saved()) {
      EveryStep second(state);
      EXPECT_EQ(fits.fit(&second, 1).value(), whole) << knobs << " from " << state.filename();
    }
  }
}

TEST(Checkpoint, AFullDiskCostsTheCheckpointsAndNotTheTraining) {
  Fits fits("calibrate = false");
  NoSpace full;
  Notes notes;
  EXPECT_EQ(fits.fit(&full, 1, notes).value(), fits.fit(nullptr, 1).value());
  EXPECT_THAT(notes.text, HasSubstr("no checkpoint was written: no space left on device"));
}

TEST(Checkpoint, AStateThatDoesNotFitTheNetworkIsRefusedByName) {
  EveryStep first;
  ASSERT_TRUE(Fits("calibrate = false").fit(&first, 1));
  EveryStep second(first.saved()[4]);
  const auto other = Fits("calibrate = false", /*embedding_dim=*/8).fit(&second, 1);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(other.error().message, HasSubstr("network.safetensors: tensor 'table."));

  const fs::path progress = first.saved()[4] / "training.json";
  std::string beyond = *read_file(progress);
  beyond.replace(beyond.find("\"next_block\": "), 14, "\"next_block\": 99");
  ASSERT_TRUE(write_file(progress, beyond));
  const auto nowhere = Fits("calibrate = false").fit(&second, 1);
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, ErrorCode::kCorrupt);
  ASSERT_TRUE(write_file(progress, "{\"epoch\": 2}"));
  const auto torn = Fits("calibrate = false").fit(&second, 1);
  ASSERT_FALSE(torn);
  EXPECT_THAT(torn.error().message, HasSubstr("training.json"));
}

}  // namespace
}  // namespace gemel
