// What every model that states a tuning space promises: each corner and any point of it are knobs that the model reads, and the docs name.
#include <gtest/gtest.h>

#include <cmath>

#include "gemel/models/registry.h"
#include "gemel/tune/tpe.h"

namespace gemel {
namespace {

void expect_readable(const ModelEntry& entry, const tune::UnitPoint& point) {
  const std::string knobs = tune::in_one_line(tune::knobs_at(entry.tuning_space(), point));
  const auto model = make_model(entry.name, knobs);
  EXPECT_TRUE(model) << entry.name << ": " << knobs << ": " << (model ? "" : model.error().message);
}

TEST(TuningSpaces, HoldOnlyKnobsThatTheirModelReads) {
  std::size_t num_spaces = 0;
  for (const ModelEntry& entry : registered_models()) {
    if (entry.tuning_space == nullptr) continue;
    ++num_spaces;
    const TuningSpace space = entry.tuning_space();
    const std::vector<double> middle(space.size(), 0.5);
    expect_readable(entry, middle);
    for (std::size_t d = 0; d < space.size(); ++d) {
      const TuningDimension& dimension = space[d];
      const std::size_t steps = dimension.choices.empty() ? 2 : dimension.choices.size();
      for (std::size_t step = 0; step < steps; ++step) {  // the ends, or each choice
        tune::UnitPoint point = middle;
        point[d] = dimension.choices.empty() ? (step == 0 ? 0 : std::nextafter(1.0, 0.0))
                                             : (static_cast<double>(step) + 0.5) / static_cast<double>(steps);
        expect_readable(entry, point);
      }
    }
    for (std::uint64_t draw = 0; draw < 50; ++draw) {
      Rng rng(3, draw);
      expect_readable(entry, tune::random_point(space, rng));
    }
  }
  EXPECT_GE(num_spaces, 4u);
}

TEST(TuningSpaces, HaveBoundsThatTheirScaleAllows) {
  using Kind = TuningDimension::Kind;
  for (const ModelEntry& entry : registered_models()) {
    if (entry.tuning_space == nullptr) continue;
    for (const TuningDimension& dimension : entry.tuning_space()) {
      SCOPED_TRACE(std::string(entry.name) + " " + dimension.key);
      if (dimension.kind == Kind::kChoice) {
        EXPECT_FALSE(dimension.choices.empty());
      } else {
        EXPECT_LT(dimension.low, dimension.high);
      }
      const bool is_log = dimension.kind == Kind::kLogUniform || dimension.kind == Kind::kLogInteger;
      EXPECT_TRUE(!is_log || dimension.low > 0);
    }
  }
}

}  // namespace
}  // namespace gemel
