#include "gemel/eval/svg_chart.h"

#include <gmock/gmock.h>

#include <cmath>

namespace gemel {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(LineChart, DrawsEachLineNamesItAndLeavesAGapWhereThereIsNoNumber) {
  const std::vector<ChartLine> lines{{"a < b", {1, 0.5, 0.25}}, {"second", {1, std::nan(""), 0.5}}};
  const std::string svg = line_chart({"Loss & more", "epoch", "nats"}, lines);
  EXPECT_THAT(svg, HasSubstr("Loss &amp; more"));
  EXPECT_THAT(svg, HasSubstr("a &lt; b"));
  EXPECT_THAT(svg, HasSubstr(">0.2<"));  // round numbers at the axis
  EXPECT_THAT(svg, HasSubstr(">1.0<"));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_TRUE(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
}

TEST(LineChart, OfNothingOrOneValueIsStillAChart) {
  EXPECT_THAT(line_chart({"t", "x", "y"}, {}), Not(HasSubstr("nan")));
  const std::vector<ChartLine> one{{"a", {0.5}}};
  EXPECT_THAT(line_chart({"t", "x", "y"}, one), Not(HasSubstr("nan")));
}

TEST(IntervalChart, BarsBeginAtZeroAndBarsBelowItGoTheOtherWay) {
  const std::vector<ChartRow> rows{{"up", {0.2, 0.1, 0.3}}, {"down", {-0.1, -0.2, 0.0}}};
  const std::string svg = interval_chart({"t", "NDCG@20", ""}, rows);
  EXPECT_THAT(svg, HasSubstr(">0.2000<"));
  EXPECT_THAT(svg, HasSubstr(">-0.1000<"));
  EXPECT_THAT(svg, Not(HasSubstr("width=\"-")));
}

}  // namespace
}  // namespace gemel
