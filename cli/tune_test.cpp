#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "gemel/base/file.h"
#include "gemel/base/folder_lock.h"
#include "gemel/data/testing.h"
#include "gemel/models/registry.h"
#include "gemel/numerics/rng.h"

namespace gemel::cli {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

class TuneCommand : public ::testing::Test {
 protected:
  TuneCommand() {
    Rng rng(2);
    std::vector<testing::EventRow> events;
    for (int event = 0; event < 600; ++event) {
      const auto item = static_cast<std::size_t>(20 * rng.uniform() * rng.uniform());
      events.push_back({concat("customer", rng.below(40)), concat("item", item), std::floor(rng.uniform() * 100)});
    }
    std::filesystem::create_directory(file("shop"));
    testing::write_dataset(file("shop"), events, {}, {}, {.split = "validation = 0.2\ntest = 0.2"});
  }

  std::filesystem::path file(std::string_view name) const { return folder_.path() / name; }

  int run(const std::string& models, std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"gemel", "tune", models, file("shop").string(), "--quiet", "--out", file("out").string()});
    std::vector<const char*> argv;
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    AddCommand* const commands[] = {add_tune};
    return run_program(static_cast<int>(argv.size()), argv.data(), commands);
  }

 private:
  testing::TemporaryFolder folder_;
};

TEST_F(TuneCommand, WritesTheBestAsAConfigurationThatReadsAgain) {
  ::testing::internal::CaptureStdout();
  ASSERT_EQ(run("item_knn,popularity", {"--trials", "9"}), 0);
  EXPECT_THAT(::testing::internal::GetCapturedStdout(), HasSubstr("best.toml"));
  const Json tuning = Json::parse(*read_file(file("out/tuning.json")));
  ASSERT_EQ(tuning["models"].size(), 2u);
  const ConfigFile best = *ConfigFile::open(file("out/best.toml"));
  ASSERT_TRUE(check_models(best)) << check_models(best).error().message;
  for (const Json& model : tuning["models"]) {
    EXPECT_EQ(model["attempts"].size(), 1u + 9 + 3 + 1);  // the same budget for each
    const Json& knobs = model["attempts"][model["best"].get<std::size_t>()]["knobs"];
    const auto made = make_model(model["model"].get<std::string>(), fixed_knobs(best, model["model"].get<std::string>()));
    ASSERT_TRUE(made);
    for (const auto& [key, value] : knobs.items()) EXPECT_THAT((*made)->knobs(), HasSubstr(key + " = "));
  }
  EXPECT_THAT(*read_file(file("out/tuning.html")), HasSubstr("vegaEmbed"));
}

TEST_F(TuneCommand, RefusesASecondRunOnTheSamePlaceAndNamesTheFirst) {
  {
    const RunLock first = RunLock::take(file("out")).value();
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(run("popularity", {"--trials", "1"}), 3);
    EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr(concat("out: another run (process ", ::getpid(), ") is at work here")));
  }
  EXPECT_FALSE(std::filesystem::exists(file("out")));
  EXPECT_EQ(run("popularity", {"--trials", "1"}), 0);
}

TEST_F(TuneCommand, SaysWhenThereIsNothingToSearch) {
  ASSERT_TRUE(write_file(file("model.toml"), "[models.popularity]\nhalf_life_days = 7\n"));
  ::testing::internal::CaptureStdout();
  EXPECT_EQ(run("popularity", {"--config", file("model.toml").string()}), 0);
  EXPECT_THAT(::testing::internal::GetCapturedStdout(), HasSubstr("popularity: nothing was searched"));
}

TEST_F(TuneCommand, SaysWhatItCannotTune) {
  const auto message_of = [this](const std::string& models, std::vector<std::string> arguments) {
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(run(models, std::move(arguments)), 2);
    return ::testing::internal::GetCapturedStderr();
  };
  EXPECT_THAT(message_of("popularty", {}), HasSubstr("known: popularity"));
  EXPECT_THAT(message_of("popularity,popularity", {}), HasSubstr("named twice"));
  EXPECT_THAT(message_of("popularity,", {}), HasSubstr("found an empty one in 'popularity,'"));
  EXPECT_THAT(message_of("", {}), HasSubstr("expected names of models"));
  EXPECT_THAT(message_of("popularity", {"--protocol", "weekly"}), HasSubstr("rolling_week"));
  for (const char* minutes : {"nan", "-1", "inf", "ten"})
    EXPECT_THAT(message_of("popularity", {"--minutes", minutes}), HasSubstr(concat("from 0 to 1000000, found ", minutes)));
  ASSERT_TRUE(write_file(file("model.toml"), "[models.popularity]\nhalf_life = 7\n"));
  EXPECT_THAT(message_of("popularity", {"--config", file("model.toml").string()}), HasSubstr("half_life"));
}

}  // namespace
}  // namespace gemel::cli
