// IdTable and cell_text: how an id becomes a row.
#include "gemel/data/ingest/id_table.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>

#include "gemel/base/concat.h"
#include "gemel/data/ingest/cell_text.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

TEST(IdTable, NumbersIdsByFirstAppearanceAsAMapDoes) {
  IdTable ids;
  std::map<std::string, std::uint32_t> expected;
  Rng rng(9);
  for (int i = 0; i < 20'000; ++i) {
    const std::string id = concat("id", rng.below(5'000));
    EXPECT_EQ(ids.find(id).has_value(), expected.contains(id));
    const auto row = expected.try_emplace(id, static_cast<std::uint32_t>(expected.size())).first->second;
    ASSERT_EQ(ids.intern(id), row);
  }
  ASSERT_EQ(ids.size(), expected.size());
  for (const auto& [id, row] : expected) EXPECT_EQ(ids[row], id);
  EXPECT_EQ(ids.offsets().size(), ids.size() + 1);
}

TEST(CellText, GivesWholeNumbersTheTextThatAnIdHasInEveryFormat) {
  std::string buffer;
  EXPECT_EQ(cell_text({.kind = Cell::Kind::kInteger, .integer = -1228}, buffer), "-1228");
  EXPECT_EQ(cell_text({.kind = Cell::Kind::kNumber, .number = 1228.0}, buffer), "1228");
  EXPECT_EQ(cell_text({.kind = Cell::Kind::kNumber, .number = 0.5}, buffer), "0.5");
  EXPECT_EQ(cell_text({.kind = Cell::Kind::kNumber, .number = std::numeric_limits<double>::quiet_NaN()}, buffer), "");
  EXPECT_EQ(cell_text({.kind = Cell::Kind::kText, .text = "1228.0"}, buffer), "1228.0");
  EXPECT_EQ(cell_text({}, buffer), "");
}

TEST(CellText, WritesTimesAsIsoTexts) {
  using namespace std::chrono;
  const TimePoint day{sys_days{year{2017} / 12 / 1}};
  EXPECT_EQ(time_text(day), "2017-12-01");
  EXPECT_EQ(time_text(day + hours(8) + minutes(5)), "2017-12-01T08:05:00");
  EXPECT_EQ(time_text(day - microseconds(1)), "2017-11-30T23:59:59.999999");
}

}  // namespace
}  // namespace gemel
