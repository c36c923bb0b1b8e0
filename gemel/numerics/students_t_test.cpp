#include "gemel/numerics/students_t.h"

#include <gtest/gtest.h>

namespace gemel {
namespace {

TEST(StudentsT, HasTheQuantilesOfScipy) {
  // scipy 1.17, stats.t.ppf(0.975, freedom).
  struct Case {
    std::size_t freedom;
    double quantile;
  };
  for (const auto& [freedom, quantile] :
       {Case{1, 12.706204736175}, Case{2, 4.302652729749}, Case{3, 3.182446305284}, Case{4, 2.776445105198}, Case{10, 2.228138851986},
        Case{11, 2.200985160092}, Case{30, 2.042272456301}, Case{199, 1.971956544252}, Case{1000, 1.962339080826}})
    EXPECT_NEAR(students_t_of_95_percent(freedom), quantile, 1e-9 * quantile) << freedom;
}

}  // namespace
}  // namespace gemel
